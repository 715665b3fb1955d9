"""The start time of the commands and the proxy, each as a multiple of the imports that it cannot avoid.

    python -m tests.bench.starts            (--rounds 21)

Every round runs each command once, in turn, as a whole process; medians count. It ends with 1 where a bar is missed.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.process import free_port

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
COOKIEWARDEN = str(Path(sys.executable).with_name("cookiewarden"))
POLICY = "policies/carerix.yaml"
LIBRARIES = [PYTHON, "-c", "import click, yaml; from pydantic import BaseModel"]
SERVERS = [PYTHON, "-c", "import aiohttp.web, uvloop; from pydantic import BaseModel"]
# Python compiles modules once, as in an installation, and not in every process.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
POLL_SECONDS = 0.001
PATIENCE_SECONDS = 30.0


@dataclass
class Measured:
    """One start, and the start that it is compared with."""

    title: str
    run: Callable[[], float]
    """Runs it once and returns the seconds of wall time."""
    base: Callable[[], float]
    bar: float
    """The largest allowed multiple."""
    seconds: list[float] = field(default_factory=list)
    base_seconds: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(self.seconds) / statistics.median(self.base_seconds)

    def line(self) -> str:
        ours, base = statistics.median(self.seconds), statistics.median(self.base_seconds)
        return f"{self.title:<44}{ours * 1e3:>8.0f} ms{base * 1e3:>8.0f} ms{self.ratio:>7.2f}   at most {self.bar}"


def process(words: list[str]) -> Callable[[], float]:
    """Return a function that runs a process to its end and returns the seconds."""

    def run() -> float:
        began = time.perf_counter()
        subprocess.run(words, cwd=ROOT, env=ENVIRONMENT, check=True, capture_output=True)
        return time.perf_counter() - began

    return run


def serving(origin: int, key: str) -> Callable[[], float]:
    """Return a function that starts the proxy and returns the seconds until the application and `/readyz` answer."""

    def run() -> float:
        listen, admin = free_port(), free_port()
        words = [
            *(COOKIEWARDEN, "run", "--policy", POLICY, "--upstream", f"http://127.0.0.1:{origin}"),
            *("--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}", "--seal-key-file", key),
        ]
        began = time.perf_counter()
        with subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as proxy:
            try:
                until_ok(listen, "/", proxy)
                until_ok(admin, "/readyz", proxy)
                return time.perf_counter() - began
            finally:
                proxy.terminate()

    return run


def until_ok(port: int, path: str, proxy: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(port, path):
        if proxy.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the proxy does not serve")
        time.sleep(POLL_SECONDS)


def answers(port: int, path: str) -> bool:
    """Return whether a request is answered by 200 now."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return client.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def serve(origin: socket.socket) -> None:
    """Run an application that gives every request the same answer."""
    while True:
        client, _ = origin.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def answer(client: socket.socket) -> None:
    with client:
        while client.recv(65536):
            client.sendall(ANSWER)


def measure(rounds: int) -> list[Measured]:
    with socket.create_server(("127.0.0.1", 0)) as origin, tempfile.TemporaryDirectory() as folder:
        key = f"{folder}/seal.key"
        process([COOKIEWARDEN, "key", "new", key])()
        threading.Thread(target=serve, args=(origin,), daemon=True).start()
        libraries, servers = process(LIBRARIES), process(SERVERS)
        port = origin.getsockname()[1]
        found = [
            Measured("cookiewarden --help", process([COOKIEWARDEN, "--help"]), libraries, 1.0),
            Measured(f"cookiewarden check {POLICY}", process([COOKIEWARDEN, "check", POLICY]), libraries, 1.8),
            Measured("cookiewarden run, to an answer and readiness", serving(port, key), servers, 1.6),
        ]  # fmt: skip
        for number in range(rounds + 1):
            for each in found:
                pair = each.run(), each.base()
                if number:  # the first round compiles modules, and fills the caches of the disk
                    each.seconds.append(pair[0])
                    each.base_seconds.append(pair[1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    found = measure(parser.parse_args().rounds)
    print("\n".join(each.line() for each in found))
    return int(any(each.ratio > each.bar for each in found))


if __name__ == "__main__":
    sys.exit(main())
