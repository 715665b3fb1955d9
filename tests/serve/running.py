"""The proxy as a process of its own in front of a scripted origin, for what only a process shows: signals, kills,
limits from outside, what it prints."""

import contextlib
import resource
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.processes import children, command, free_port, ready, scrape
from tests.serve.harness import CANARY, OK, POLICY, Origin, OriginConnection, answering, eventually


@dataclass
class Running:
    process: subprocess.Popen
    port: int
    admin: int
    policy: Path
    origin: Origin
    log: Path

    @property
    def told(self) -> str:
        """What it printed so far."""
        return self.log.read_text()

    def scrape(self) -> dict[str, float]:
        return scrape(self.admin)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def children(self) -> list[int]:
        """The processes of its workers."""
        return children(self.process.pid)

    def descriptors(self, pid: int = 0) -> int:
        return len(list(Path(f"/proc/{pid or self.process.pid}/fd").iterdir()))

    def rss(self, pid: int = 0) -> int:
        """Resident memory in octets."""
        pages = int(Path(f"/proc/{pid or self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def limit_descriptors(self, soft: int) -> None:
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def running(
    *flags: str,
    script: Callable[[OriginConnection], None] | bytes = OK,
    policy: str = POLICY,
    origin: Origin | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
) -> Iterator[Running]:
    """A process that is ready; at the end it must have ended, or end on SIGTERM, with exit code 0."""
    with tempfile.TemporaryDirectory(dir=folder) as folder:
        path, log = Path(folder) / "policy.yaml", Path(folder) / "log"
        path.write_text(policy)
        origin = origin or Origin(answering(script) if isinstance(script, bytes) else script)
        listen, admin = free_port(), free_port()
        arguments = (
            "run", "--policy", str(path), "--upstream", origin.upstream.url, "--listen", str(listen),
            "--admin", str(admin), *flags,
        )  # fmt: skip
        with log.open("w") as output:
            process = command(*arguments, output=output, environment=environment)
        try:
            assert eventually(lambda: ready(admin) == 200, 30), log.read_text()
            yield Running(process, listen, admin, path, origin, log)
            process.terminate()
            assert process.wait(30) == 0, log.read_text()
        finally:
            process.kill()
            process.wait(10)
            origin.close()
            assert CANARY not in log.read_text()


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
