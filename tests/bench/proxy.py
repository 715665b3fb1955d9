"""The cost of the proxy beside others that enforce the same policy in the same run.

    make bench            (BENCH="--only af --rounds 3" for some of it)

BENCH_IMAGE_ROOT adds the program of an image whose root is mounted there, and BENCH_BEFORE adds another checkout.

Every peer has one core, the origin and the load have another, and rounds take turns. The figures are the CPU time that
the kernel counts for the proxy's processes. All peers must give the same answers before the first measurement. An error
in a round ends the bench, as does a metric that disagrees with the number of requests. Compare the ratios of one run,
not figures of different machines. The load's core bounds the throughput of a fast peer."""

import argparse
import contextlib
import dataclasses
import http.client
import json
import platform
import resource
import socket
import ssl
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.bench import peers
from tests.bench.peers import (
    BEFORE,
    BEFORE_COMPILED,
    BEHIND,
    BEHIND_COMPILED,
    COMPILED,
    IMAGE,
    OURS,
    PEERS,
    RELAY,
    Where,
)
from tests.bench.policy import DECLARED, cookie_header, policy, through
from tests.bench.rig import HOST, LOAD_CORE, DoesNotCount, Load, Peer, Result, round_of, started

LUA = "nginx + Lua"
PLAIN = "nginx, proxy_pass only"
LARGE = "nginx, 64k buffers"
ENVOY = "Envoy + Lua"
ENVOY_ONLY, IDLE_GRPCIO = "Envoy, proxy only", "Envoy + idle grpcio"
NO_INVENTORY = f"{OURS}, inventory off"
GUARDED, COMPILED_GUARDED = f"{OURS}, guard", f"{COMPILED}, guard"
GIB = 1 << 30


@dataclasses.dataclass(frozen=True)
class Workload:
    letter: str
    title: str
    load: Load
    peers: tuple[str, ...] = (OURS, COMPILED, LUA)
    octets: int = 0
    """Octets of the body, where the result is CPU time per GiB."""
    tls: bool = False
    idle: int = 0
    """The number of idle connections that stay open meanwhile."""


SIZES = (len(DECLARED), 1_000, 100_000)
BIG = 10 << 20


def workloads(folder: Path) -> tuple[Workload, ...]:
    upload = folder / "upload"
    upload.write_bytes(b"x" * BIG)
    builds = (OURS, COMPILED, IMAGE, BEFORE, BEFORE_COMPILED)
    every = (*builds, LUA, "nginx + njs", "HAProxy + Lua", ENVOY, "aiohttp", "mitmproxy")
    six = Load("/six")
    return (
        Workload("a", "1 KiB, six Set-Cookie", six, every),
        Workload("b", "1 KiB, none", Load("/plain"), (*builds, PLAIN, LUA, ENVOY)),
        Workload("c", "64 KiB, two", Load("/two"), (OURS, COMPILED, LUA, ENVOY)),
        Workload("d", "10 MiB download", Load("/big", clients=8), (OURS, COMPILED, PLAIN, LARGE, ENVOY), octets=BIG),
        Workload("e", "10 MiB upload", Load("/upload", upload=upload, clients=8), (OURS, COMPILED, PLAIN, ENVOY), octets=BIG),
        Workload("f", "2 KB Cookie, 8 of 20 stripped", Load(cookies=True), (*builds, LUA, "nginx + njs", "HAProxy + Lua", ENVOY)),
        Workload("g", "a connection per request", Load(reconnect=True), (*builds, LUA, ENVOY, RELAY)),
        Workload("h", "six Set-Cookie, TLS", six, tls=True),
        Workload("i", "six Set-Cookie, entries", six, (*(f"{OURS}, {size:,}" for size in SIZES), LUA)),
        Workload("j", "64 KiB in 1 KiB chunks", Load("/stream"), (OURS, COMPILED, LUA, ENVOY)),
        Workload("k", "six Set-Cookie, 5,000 idle", six, (OURS, COMPILED, LUA, ENVOY), idle=5_000),
        Workload("l", "six Set-Cookie, the inventory's cost", six, (OURS, NO_INVENTORY, LUA)),
        Workload("n", "six Set-Cookie, behind Envoy", six, (OURS, COMPILED, ENVOY_ONLY, ENVOY, BEHIND, BEHIND_COMPILED, IDLE_GRPCIO)),
        Workload("o", "64 KiB page, script guard", Load("/page", navigates=True), (OURS, GUARDED, COMPILED, COMPILED_GUARDED, PLAIN)),
        Workload("m", "2 KB Cookie, the inventory's cost", Load(cookies=True), (OURS, NO_INVENTORY, LUA)),
    )  # fmt: skip


def with_entries(size: int) -> peers.Command:
    def command(where: Where) -> list[str]:
        arguments = peers.cookiewarden(where)
        (where.folder / "policy.yaml").write_text(policy(size))
        return arguments

    return command


def without_inventory(where: Where) -> list[str]:
    return [*peers.cookiewarden(where), "--inventory", "off"]


def with_guard(python: str) -> peers.Command:
    def command(where: Where) -> list[str]:
        path = where.file("policy.yaml", f"inject_guard: true\n{policy()}")
        return peers.cookiewarden(where, python, path=str(path))

    return command


GUARDS: dict[str, peers.Command] = {
    GUARDED: with_guard(sys.executable),
    COMPILED_GUARDED: with_guard(str(peers.COMPILED_PYTHON)),
}
COMMANDS = (
    PEERS | GUARDS | {f"{OURS}, {size:,}": with_entries(size) for size in SIZES} | {NO_INVENTORY: without_inventory}
)


# Checks before the measurement


def same_answers(running: list[Peer]) -> None:
    """Check that all peers with the policy give the same answers, under the Host of the load. Raises DoesNotCount."""
    seen = {}
    for peer in running:
        if peer.name == RELAY:  # it forwards small responses only
            continue
        connection = _connection(peer)
        with contextlib.closing(connection):
            seen[peer.name] = [
                through(connection, "/six", HOST),
                through(connection, "/two", HOST),
                through(connection, "/plain", HOST),
                through(connection, "/stream", HOST),
                through(connection, "/told", HOST, cookie_header(1)),
                through(connection, "/told", HOST, "sid=1"),
                through(connection, "/upload", HOST, body=b"x" * 100_000),
            ]
    told = {name: answers for name, answers in seen.items() if name not in (PLAIN, LARGE, ENVOY_ONLY, IDLE_GRPCIO)}
    first, *others = told.items()
    for name, answers in others:
        for expected, got in zip(first[1], answers, strict=True):
            if expected != got:
                raise DoesNotCount(f"{first[0]} and {name} do not do the same:\n{expected}\n{got}"[:2000])


def _connection(peer: Peer) -> http.client.HTTPConnection:
    if not peer.tls:
        return http.client.HTTPConnection("127.0.0.1", peer.port)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", peer.port, context=context)


@contextlib.contextmanager
def idle_connections(peer: Peer, count: int) -> Iterator[None]:
    """Hold connections that have had one answer each, and check at the end that all are still open."""
    request = f"GET /plain HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", peer.port), timeout=20))
            connection.sendall(request)
            while not connection.recv(65536).endswith(b"x"):
                pass
            opened.append(connection)
        yield
        for connection in opened:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                raise DoesNotCount(f"{peer.name}: an idle connection got {len(connection.recv(100))} octets")


# Rounds


@dataclasses.dataclass(frozen=True)
class Row:
    workload: Workload
    peer: str
    round: int
    result: Result

    @property
    def cost(self) -> float:
        """Return µs of CPU per request, or ms per GiB if bodies are large."""
        if self.workload.octets:
            return self.result.cpu / self.result.requests / self.workload.octets * GIB * 1e3
        return self.result.cpu / self.result.requests * 1e6

    def told(self) -> dict[str, object]:
        return {
            "workload": self.workload.letter, "peer": self.peer, "round": self.round, "cost": self.cost,
            **dataclasses.asdict(self.result),
        }  # fmt: skip


def measure(workload: Workload, origin: int, rounds: int, seconds: float, tls: tuple[str, str]) -> list[Row]:
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        running = []
        for name in workload.peers:
            peer = started(name, COMMANDS[name], origin, tls=tls if workload.tls else None)
            running.append(stack.enter_context(peer))
        same_answers(running)
        counts = {peer.name: _requests(peer, workload.load, seconds) for peer in running}
        for number in range(rounds):
            for peer in running:
                with idle_connections(peer, workload.idle):
                    result = round_of(peer, workload.load, counts[peer.name])
                rows.append(Row(workload, peer.name, number, result))
    return rows


def _requests(peer: Peer, load: Load, seconds: float) -> int:
    """Return the number of requests that take about `seconds`. Caches, memos and pools are warm afterwards."""
    if load.by_time:
        round_of(peer, load, 1)
        return max(1, round(seconds))
    warm = round_of(peer, load, 4 * load.clients)
    warm = round_of(peer, load, max(4 * load.clients, int(warm.requests / warm.seconds / 2)))
    return max(2 * load.clients, int(warm.requests / warm.seconds * seconds))


def table(workload: Workload, rows: list[Row]) -> str:
    unit = "ms/GiB" if workload.octets else "µs/request"
    base = next(name for name in (LUA, PLAIN, ENVOY_ONLY) if name in workload.peers)
    lines = [
        f"({workload.letter}) {workload.title}",
        f"    {'':<26}{'CPU ' + unit:>16}{'/ ' + base:>26}{'requests/s':>13}{'p50 ms':>9}{'p99 ms':>9}{'RSS MiB':>9}",
    ]
    costs = {name: _median(row.cost for row in rows if row.peer == name) for name in workload.peers}
    for name in workload.peers:
        results = [row.result for row in rows if row.peer == name]
        lines.append(
            f"    {name:<26}{costs[name]:>16.1f}{costs[name] / costs[base]:>26.2f}"
            f"{_median(r.requests / r.seconds for r in results):>13.0f}{_median(r.p50 for r in results) * 1e3:>9.2f}"
            f"{_median(r.p99 for r in results) * 1e3:>9.2f}{_median(r.rss for r in results) / (1 << 20):>9.0f}"
        )
    return "\n".join([*lines, *_beside(workload, rows)])


def _beside(workload: Workload, rows: list[Row]) -> list[str]:
    """Return a line for each processor beside Envoy: its own CPU time, and Envoy's."""
    lines = []
    for name in workload.peers:
        found = [row.result for row in rows if row.peer == name]
        if name in (BEHIND, BEHIND_COMPILED, IDLE_GRPCIO):
            service = _median(r.beside / r.requests * 1e6 for r in found)
            envoy = _median((r.cpu - r.beside) / r.requests * 1e6 for r in found)
            lines.append(f"    {name}: Envoy {envoy:.1f} µs, the processor {service:.1f} µs")
    return lines


def _median(numbers: Iterator[float]) -> float:
    return statistics.median(numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="LETTERS", help="run these workloads, such as af")
    parser.add_argument("--without", metavar="PEER", action="append", default=[], help="skip a peer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="approximate length of one round")
    parser.add_argument("--json", metavar="FILE", help="write the raw rounds to this file")
    arguments = parser.parse_args()
    missing = peers.missing()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows: list[Row] = []
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for name, version in peers.versions().items():
        print(f"{name} {version}")
    for name in missing:
        print(f"NOT MEASURED, because it is not installed: {name}")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tls = _certificate(folder)
        origin = stack.enter_context(started("the origin", peers.origin, 0, LOAD_CORE))
        for workload in workloads(folder):
            if arguments.only and workload.letter not in arguments.only:
                continue
            here = tuple(name for name in workload.peers if name not in (*missing, *arguments.without))
            workload = dataclasses.replace(workload, peers=here)
            found = measure(workload, origin.port, arguments.rounds, arguments.seconds, tls)
            print(table(workload, found), flush=True)
            rows += found
            if arguments.json:
                Path(arguments.json).write_text(json.dumps([row.told() for row in rows], indent=1))


def _certificate(folder: Path) -> tuple[str, str]:
    issued = trustme.CA().issue_cert(HOST)
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return str(cert), str(key)


if __name__ == "__main__":
    try:
        main()
    except DoesNotCount as why:
        sys.exit(f"this run is not valid: {why}")
