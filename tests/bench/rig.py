"""The tools of the bench: processes on separate cores, their CPU time and memory, and loads that count."""

import contextlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers import OURS, Command, Where
from tests.bench.policy import cookie_header
from tests.support.process import children, free_port, scrape

PROXY_CORE, LOAD_CORE = "0", "1"
HOST = "bench.example"
CLIENTS = 32
NAVIGATION = ("sec-fetch-dest: document", "sec-fetch-mode: navigate", "accept: text/html")


class DoesNotCount(Exception):
    """A round with an error, or with another number of requests than was sent."""


@dataclass
class Peer:
    """A running proxy."""

    name: str
    process: subprocess.Popen
    port: int
    admin: int
    tls: bool = False

    def tree(self) -> list[int]:
        return _tree(self.process.pid)

    def cpu(self) -> float:
        """Return the CPU seconds of all its processes."""
        return sum(map(process_cpu, self.tree()))

    def cpu_beside_envoy(self) -> float:
        """Return the CPU seconds of its processes other than Envoy."""
        return sum(process_cpu(pid) for pid in self.tree() if Path(f"/proc/{pid}/comm").read_text() != "envoy\n")

    def rss(self) -> int:
        """Return the resident octets of all its processes. Shared pages count for each process."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.tree())
        return pages * resource.getpagesize()

    def requests(self) -> float | None:
        """Return the peer's own count of requests; None where it has no counter."""
        if not self.admin:
            return None
        return sum(n for name, n in scrape(self.admin).items() if name.startswith("cookiewarden_requests_total"))

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


def process_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, as counted by the kernel."""
    return time.clock_gettime(~pid << 3 | 2)  # CPUCLOCK_SCHED of a process


def _tree(pid: int) -> list[int]:
    return [pid, *(grandchild for child in children(pid) for grandchild in _tree(child))]


@contextlib.contextmanager
def started(
    name: str,
    command: Command,
    origin: int,
    core: str | None = PROXY_CORE,
    tls: tuple[str, str] | None = None,
    flags: tuple[str, ...] = (),
) -> Iterator[Peer]:
    """Start a process on one core and wait until it answers."""
    with tempfile.TemporaryDirectory() as folder:
        admin = free_port() if OURS in name else 0
        where = Where(Path(folder), free_port(), origin, admin, tls, flags)
        log = where.folder / "log"
        pinned = ["taskset", "-c", core] if core else []
        with log.open("w") as output:
            process = subprocess.Popen([*pinned, *command(where)], stdout=output, stderr=output)
        try:
            until = time.monotonic() + 60
            while not _answers(where.listen):
                if time.monotonic() > until or process.poll() is not None:
                    sys.exit(f"{name} does not answer:\n{log.read_text()[-2000:]}")
                time.sleep(0.05)
            yield Peer(name, process, where.listen, admin, tls is not None)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


# Loads


@dataclass(frozen=True)
class Load:
    """The requests of a round, sent by h2load. wrk sends them where each needs another Cookie header or connection."""

    path: str = "/plain"
    upload: Path | None = None
    cookies: bool = False
    reconnect: bool = False
    navigates: bool = False
    """True for requests of a browser's address bar."""
    clients: int = CLIENTS

    @property
    def by_time(self) -> bool:
        """Return whether the load runs for a time (wrk) and not for a number of requests (h2load)."""
        return self.cookies or self.reconnect


@dataclass(frozen=True)
class Result:
    """One round of one peer. Latencies are in seconds."""

    requests: int
    cpu: float
    seconds: float
    p50: float
    p99: float
    rss: int
    beside: float = 0.0
    """CPU seconds of processes other than Envoy, where the peer is Envoy with a processor."""


def round_of(peer: Peer, load: Load, requests: int, rate: float = 0.0) -> Result:
    """Send `requests` requests, or with wrk for as many seconds, and measure their cost. Raises DoesNotCount."""
    counted, cpu, beside, began = peer.requests(), peer.cpu(), peer.cpu_beside_envoy(), time.monotonic()
    if load.by_time:
        done, latencies = _wrk(peer, load, requests)
    else:
        done, latencies = _h2load(peer, load, requests, rate)
    seconds, used, now_counted = time.monotonic() - began, peer.cpu() - cpu, peer.requests()
    # wrk stops at the end of its time, with one request of each client in flight.
    spare = load.clients if load.by_time else 0
    if counted is not None and now_counted is not None and not 0 <= now_counted - counted - done <= spare:
        raise DoesNotCount(f"{peer.name}: {done} requests, of which it counted {now_counted - counted:.0f}")
    beside = peer.cpu_beside_envoy() - beside
    return Result(done, used, seconds, latencies[0], latencies[1], peer.rss(), beside)


def _h2load(peer: Peer, load: Load, requests: int, rate: float) -> tuple[int, tuple[float, float]]:
    with tempfile.NamedTemporaryFile("r") as log:
        told = _run(
            "h2load", "--h1", "-n", str(requests), "-c", str(load.clients), f"--log-file={log.name}",
            *(("-d", str(load.upload)) if load.upload else ()),
            *((f"--rps={rate / load.clients:.0f}",) if rate else ()),
            *(flag for line in NAVIGATION if load.navigates for flag in ("-H", line)),
            "-H", f":authority: {HOST}", peer.base + load.path,
        )  # fmt: skip
        done = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", told)
        if done is None or tuple(map(int, done.groups())) != (requests, 0, 0):
            raise DoesNotCount(f"{peer.name}: a request failed\n{told}")
        latencies = sorted(int(line.split("\t")[2]) / 1e6 for line in log)
    return requests, (latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100])


WRK = """
local headers, at = { %s }, 0
request = function()
  at = at %% #headers + 1
  return wrk.format("GET", nil, { Host = "%s", Cookie = headers[at], Connection = %s })
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("%%d %%d %%f %%f\\n", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


def _wrk(peer: Peer, load: Load, seconds: int) -> tuple[int, tuple[float, float]]:
    cookies = ", ".join(f'"{cookie_header(number)}"' for number in range(256)) if load.cookies else '""'
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        text = WRK % (cookies, HOST, '"close"' if load.reconnect else "nil")
        script.write(text if load.cookies else text.replace("Cookie = headers[at], ", ""))
        script.flush()
        told = _run("wrk", "-t1", f"-c{load.clients}", f"-d{seconds}", "-s", script.name, peer.base + load.path)
    done, errors, p50, p99 = map(float, told.splitlines()[-1].split())
    if errors or not done:
        raise DoesNotCount(f"{peer.name}: {errors:.0f} errors\n{told}")
    return int(done), (p50 / 1e6, p99 / 1e6)


def _run(*command: str) -> str:
    ran = subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, text=True)
    if ran.returncode:
        raise DoesNotCount(f"{command[0]} failed: {ran.stderr or ran.stdout}")
    return ran.stdout
