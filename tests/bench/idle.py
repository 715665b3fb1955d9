"""Resident memory of 10,000 idle keep-alive connections, beside a bare protocol, nginx and HAProxy in the same run.

    make bench-idle            (needs nginx and haproxy: Debian packages)

Each connection has had one request and response, so that the figure includes the state of a used connection.
Proxies take turns; the round with the median counts. The bar is 1.3 times the bare protocol on uvloop (`bare.py`).
"""

import argparse
import contextlib
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance.peers import OURS, PEERS, version
from tests.support.process import children, free_port

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: idle\r\n\r\n"
LONG = "600"
BARE = "bare protocol"


def tree(pid: int) -> list[int]:
    """Return the ids of a process and its descendants."""
    return [pid, *(grandchild for child in children(pid) for grandchild in tree(child))]


def rss(pid: int) -> int:
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in tree(pid))
    return pages * resource.getpagesize()


def started(name: str, folder: Path, origin: int) -> tuple[subprocess.Popen, int]:
    home, listen = folder / name, free_port()
    home.mkdir()
    arguments = (
        [sys.executable, "-m", "tests.bench.bare", str(listen)] if name == BARE else PEERS[name](home, listen, origin)
    )
    for configuration in home.iterdir():  # the limits of the wire suite do not apply here
        text = configuration.read_text()
        text = text.replace("worker_connections 1024", "worker_connections 30000")
        text = text.replace("keepalive_timeout 6s", f"keepalive_timeout {LONG}s; keepalive_requests 100000")
        text = text.replace("maxconn 1000", "no strict-limits\n  maxconn 12000").replace(
            "timeout http-keep-alive 6s", f"timeout http-keep-alive {LONG}s"
        )
        text = text.replace("  tune.bufsize 33792\n  tune.maxrewrite 1024\n", "")  # HAProxy's own default counts
        text = text.replace("timeout client 2s", f"timeout client {LONG}s")
        configuration.write_text(text)
    if name == OURS:
        arguments += ["--keepalive-timeout", LONG, "--max-connections", "30000", "--access-log", "off"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError):
            asked(listen).close()
            return process, listen
        if time.monotonic() > until:
            sys.exit(f"{name} does not answer")
        time.sleep(0.05)


def asked(port: int) -> socket.socket:
    """Open a connection and wait for one response on it. Raises OSError."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(REQUEST)
    data = b""
    while not data.endswith(b"ok"):
        more = connection.recv(4096)
        if not more:
            connection.close()
            raise ConnectionResetError
        data += more
    return connection


def measure(name: str, folder: Path, origin: int, count: int) -> dict[str, object]:
    process, port = started(name, folder, origin)
    try:
        for _ in range(200):
            asked(port).close()
        time.sleep(0.5)
        before = rss(process.pid)
        open_connections = [asked(port) for _ in range(count)]
        time.sleep(1)
        after = rss(process.pid)
        for connection in open_connections:  # all of them were kept
            connection.sendall(REQUEST)
        answered = sum(connection.recv(4096).endswith(b"ok") for connection in open_connections)
        if answered != count:
            sys.exit(f"{name}: {answered} of {count} connections were kept; this run is not valid")
        for connection in open_connections:
            connection.close()
    finally:
        process.terminate()
        process.wait(30)
    return {"peer": name, "before": before, "octets_per_connection": (after - before) / count}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="write the raw rounds to this file")
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = [OURS, BARE, *(name for name in ("nginx", "haproxy") if version(name))]
    origin_port = free_port()
    origin = subprocess.Popen([sys.executable, "-m", "tests.soak.origin", str(origin_port)])
    rounds = []
    try:
        time.sleep(1)
        for _ in range(arguments.rounds):
            with tempfile.TemporaryDirectory() as folder:
                rounds += [measure(name, Path(folder), origin_port, arguments.connections) for name in names]
    finally:
        origin.kill()
        origin.wait()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rounds, indent=1))
    print(
        f"{'':<14}{'before':>12}{'per connection':>18}   ({arguments.connections:,} idle connections, medians of {arguments.rounds})"
    )
    for name in names:
        mine = [r for r in rounds if r["peer"] == name]
        each = statistics.median(float(str(r["octets_per_connection"])) for r in mine)
        before = statistics.median(int(str(r["before"])) for r in mine)
        print(f"{name:<14}{before / 1e6:>9.1f} MB{each / 1024:>14.2f} KiB")


if __name__ == "__main__":
    main()
