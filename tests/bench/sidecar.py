"""A sidecar's other costs: tail latency at half load, memory after a million requests, a second worker, the start.

    make bench-sidecar            (BENCH="--only start" for some of it)

As in `proxy.py`, peers take turns, a round with an error in it ends the bench, and medians count."""

import argparse
import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench import peers
from tests.bench.peers import OURS, PEERS, Where
from tests.bench.policy import policy
from tests.bench.rig import HOST, LOAD_CORE, DoesNotCount, Load, Peer, process_cpu, round_of, started
from tests.support.process import free_port

LUA, ENVOY = "nginx + Lua", "Envoy + Lua"
SIX = Load("/six")
MILLION = 1_000_000
IMPORTS = "import aiohttp.web, pydantic, uvloop"


@dataclass(frozen=True)
class Found:
    """The result of one measurement: rounds of cookiewarden and of the yardstick."""

    title: str
    unit: str
    ours: list[float]
    other: list[float]
    than: str

    def line(self) -> str:
        ours, other = statistics.median(self.ours), statistics.median(self.other)
        return f"{self.title:<58}{ours:>10.2f}{other:>10.2f} {self.unit:<11}{ours / other:>6.2f}   / {self.than}"


def p99(origin: int, rounds: int) -> list[Found]:
    """Measure p99 of both at half of the rate at which nginx + Lua is saturated."""
    with started(OURS, PEERS[OURS], origin) as ours, started(LUA, PEERS[LUA], origin) as other:
        round_of(ours, SIX, 20_000)
        saturated = statistics.median(_rate(other, 60_000) for _ in range(3))
        rate = saturated / 2
        found: dict[str, list[float]] = {OURS: [], LUA: []}
        for _ in range(rounds):
            for peer in (ours, other):
                found[peer.name].append(round_of(peer, SIX, round(rate * 3), rate).p99 * 1e3)
    title = f"p99 at {rate:,.0f} requests/s, half of the saturation"
    return [Found(title, "ms", found[OURS], found[LUA], LUA)]


def _rate(peer: Peer, requests: int) -> float:
    result = round_of(peer, SIX, requests)
    return result.requests / result.seconds


def memory(origin: int, rounds: int) -> list[Found]:
    """Measure memory in one round: a million requests take long, and the result repeats."""
    found = {}
    for name in (OURS, ENVOY):
        with started(name, PEERS[name], origin) as peer:
            found[name] = round_of(peer, SIX, MILLION).rss / (1 << 20)
            if name == OURS:
                for path in ("/metrics", "/readyz", "/"):
                    urllib.request.urlopen(f"http://127.0.0.1:{peer.admin}{path}").read()
                found["page"] = peer.rss() / (1 << 20)
    title = "RSS of one worker after a million requests"
    return [
        Found(title, "MiB", [found[OURS]], [found[ENVOY]], ENVOY),
        Found(f"{title}, with the page", "MiB", [found["page"]], [found[ENVOY]], ENVOY),
    ]


def workers(origin: int, rounds: int) -> list[Found]:
    """Measure one and two workers. Both may use every core, so that their caches are equally good."""
    one, two = "one worker", "two workers"
    load = Load("/six", clients=64)
    cost: dict[str, list[float]] = {one: [], two: []}
    busier = []
    with (
        started(OURS, PEERS[OURS], origin, core=None) as alone,
        started(OURS, PEERS[OURS], origin, core=None, flags=("--workers", "2")) as both,
    ):
        for peer in (alone, both):
            round_of(peer, load, 20_000)
        for _ in range(rounds):
            for name, peer in ((one, alone), (two, both)):
                before = _spent(peer)
                result = round_of(peer, load, 60_000)
                cost[name].append(result.cpu / result.requests * 1e6)
                if peer is both:
                    after = _spent(peer)
                    spent = sorted(after[pid] - before[pid] for pid in before)
                    busier.append(spent[-1] / sum(spent) * 100)
    return [
        Found("CPU per request, two workers", "µs", cost[two], cost[one], one),
        Found("the busier of two workers, 64 connections", "% of CPU", busier, [50.0] * len(busier), "half"),
    ]


def _spent(peer: Peer) -> dict[int, float]:
    return {pid: process_cpu(pid) for pid in peer.tree()}


def start(origin: int, rounds: int) -> list[Found]:
    """Measure the time from the command to the first answer, with 50 entries."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation has its bytecode
    ours, other = [], []
    for number in range(rounds + 1):
        times = _start(origin), _imports()
        if number:  # the first one makes the bytecode and fills the system's caches
            ours.append(times[0] * 1e3)
            other.append(times[1] * 1e3)
    return [Found("start to the first request served, 50 entries", "ms", ours, other, f"python -c '{IMPORTS}'")]


def _start(origin: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        where = Where(Path(folder), free_port(), origin, free_port())
        command = PEERS[OURS](where)
        (where.folder / "policy.yaml").write_text(policy(50))
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not _served(where.listen):
                if process.poll() is not None or time.perf_counter() - began > 20:
                    raise DoesNotCount("it does not start")
                time.sleep(0.001)
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(20)


def _served(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/six", headers={"Host": HOST})
        except ConnectionRefusedError:
            return False
        return connection.getresponse().status == 200


def _imports() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - began


NAMES, AT_ONCE = 100_000, 250


def page(origin: int, rounds: int) -> list[Found]:
    """Measure the status page after 100,000 undeclared names beside the same page before, and its bar."""
    with started(OURS, PEERS[OURS], origin) as ours:
        before = [_seconds(ours, "/") for _ in range(rounds)]
        _show_names(ours)
        after = [_seconds(ours, "/") for _ in range(rounds)]
        bar = [BAR_MS] * rounds
        return [
            Found("the status page with 100,000 names", "ms", after, bar, "the bar"),
            Found("the same", "ms", after, before, "before any came"),
            Found(
                "a scrape with 100,000 names",
                "ms",
                [_seconds(ours, "/metrics") for _ in range(rounds)],
                bar,
                "the bar",
            ),
        ]


def asked(origin: int, rounds: int) -> list[Found]:
    """Measure p99 of the traffic while eight clients load the status page, beside a quiet admin listener."""
    with started(OURS, PEERS[OURS], origin) as ours:
        _show_names(ours)
        quiet, busy = [], []
        for _ in range(rounds):
            quiet.append(round_of(ours, SIX, 6000, 2000).p99 * 1e3)
            with ThreadPoolExecutor(ASKING) as pool:
                until = time.monotonic() + 3
                asking = [pool.submit(_ask_until, ours, until) for _ in range(ASKING)]
                busy.append(round_of(ours, SIX, 6000, 2000).p99 * 1e3)
                pages = sum(task.result() for task in asking)
            print(f"    {pages} pages")
    return [Found(f"p99 at 2,000 requests/s, {ASKING} ask for the page", "ms", busy, quiet, "nobody asks")]


ASKING = 8


def _ask_until(peer: Peer, until: float) -> int:
    """Load the status page until `until` and return the number of loads."""
    pages = 0
    while time.monotonic() < until:
        _seconds(peer, "/")
        pages += 1
    return pages


def _show_names(peer: Peer) -> None:
    """Send more undeclared names than the inventory keeps."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port)
    for begin in range(0, NAMES, AT_ONCE):
        names = "; ".join(f"n{number}=1" for number in range(begin, begin + AT_ONCE))
        connection.request("GET", "/plain", headers={"Host": HOST, "Cookie": names})
        connection.getresponse().read()
    time.sleep(1.5)


BAR_MS = 200.0


def _seconds(peer: Peer, path: str) -> float:
    """Return the milliseconds for a page of the admin listener."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.admin)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise DoesNotCount(f"{path}: {answer.status}")
    return (time.perf_counter() - began) * 1e3


QUESTIONS: dict[str, Callable[[int, int], list[Found]]] = {
    "p99": p99, "memory": memory, "workers": workers, "start": start, "page": page, "asked": asked,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=QUESTIONS, help="run one measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="write the raw rounds to this file")
    arguments = parser.parse_args()
    missing = peers.missing()
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for name, version in peers.versions().items():
        print(f"{name} {version}")
    print(f"{'':<58}{'ours':>10}{'other':>10}")
    found: list[Found] = []
    with started("the origin", peers.origin, 0, LOAD_CORE) as origin:
        for name, ask in QUESTIONS.items():
            if arguments.only and name != arguments.only:
                continue
            if name == "memory" and ENVOY in missing:
                print(f"NOT MEASURED, because it is not installed: {ENVOY}, and memory beside it")
                continue
            for answer in ask(origin.port, arguments.rounds):
                found.append(answer)
                print(answer.line(), flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([vars(answer) for answer in found], indent=1))


if __name__ == "__main__":
    try:
        main()
    except DoesNotCount as why:
        sys.exit(f"this run is not valid: {why}")
