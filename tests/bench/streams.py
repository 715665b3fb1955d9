"""The memory of open calls: `python -m tests.bench.streams [COUNT]`. Each has a request head with 20 cookies, and waits
for the question about its response. The bar is 10 KiB for each of 1,000."""

import sys
import tempfile
from pathlib import Path

from tests.bench.policy import cookie_header, policy
from tests.support.calls import Peer, asks_request
from tests.support.process import free_port, ready, start_process
from tests.support.wait import eventually

BAR = 10 << 10


def main(count: int = 1000) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path, port, admin = Path(folder) / "policy.yaml", free_port(), free_port()
        path.write_text(policy())
        with (Path(folder) / "log").open("w") as log:
            process = start_process(
                "run", "--policy", str(path), "--extproc", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}", output=log
            )  # fmt: skip
        try:
            assert eventually(lambda: ready(admin) == 200)
            peer = Peer(port)
            _open(peer, 100)  # what is imported and built at the first call
            before = _rss(process.pid)
            _open(peer, count)
            each = (_rss(process.pid) - before) / count
            peer.close()
        finally:
            process.terminate()
            process.wait(40)
    print(f"{count} open calls: {each / 1024:.1f} KiB each; bar {BAR / 1024:.0f}")
    return int(each > BAR)


def _open(peer: Peer, count: int) -> None:
    for number in range(count):
        peer.ask(peer.begin(), asks_request((b"cookie", cookie_header(number).encode()), (b"accept", b"text/html")))


def _rss(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
