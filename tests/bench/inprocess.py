"""Requests through the data plane without a socket: the cost of Python alone, without the kernel and the load.

    python -m tests.bench.inprocess WORKLOAD REQUESTS            (a letter of WORKLOADS)

runs that number of requests and prints nothing, for callgrind and other profilers.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import uvloop

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.serve.address import parse_upstream
from cookiewarden.serve.dataplane.driver import DataPlane
from cookiewarden.serve.dataplane.origin import OriginConnection
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observations
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.in_force import InForce, Prepared
from cookiewarden.serve.settings import Settings
from tests.bench.policy import PAGE, SET_COOKIES, cookie_header, policy
from tests.support.policies import policy as loaded

DIFFERENT = 256
"""Number of values that a cookie takes in turn."""


class Nowhere:
    """A transport that takes everything."""

    written = b""

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.written = data

    def writelines(self, data: Iterable[bytes]) -> None:
        self.written = b"".join(data)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def request(number: int, lines: str) -> bytes:
    return f"GET /plain HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\n{lines}\r\n".encode()


def response(number: int, with_cookies: bool) -> bytes:
    lines = (f"Set-Cookie: {line % f'{number:032x}'}\r\n" for line in SET_COOKIES if with_cookies)
    return (
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Wed, 25 Nov 2026 03:21:14 GMT\r\nContent-Type: text/html\r\n"
        f"Content-Length: 1024\r\nConnection: keep-alive\r\n{''.join(lines)}\r\n"
    ).encode() + b"x" * 1024


NAVIGATION = "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html\r\n"


def page(piece: int) -> list[bytes]:
    """Return a page of 64 KiB as the head and pieces of these octets."""
    head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE)
    return [head, *(PAGE[at : at + piece] for at in range(0, len(PAGE), piece))]


def stream() -> list[bytes]:
    """Return 64 KiB in chunks of 1 KiB."""
    head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head, *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 64, b"0\r\n\r\n"]


@dataclass(frozen=True)
class Workload:
    """Requests with the pieces of their responses."""

    ask: Callable[[int], bytes]
    answer: Callable[[int], list[bytes]]
    reconnects: bool = False
    has_guard: bool = False


WORKLOADS = {
    "a": Workload(lambda n: request(n, ""), lambda n: [response(n, True)]),
    "b": Workload(lambda n: request(n, ""), lambda n: [response(n, False)]),
    "f": Workload(lambda n: request(n, f"Cookie: {cookie_header(n)}\r\n"), lambda n: [response(n, False)]),
    "g": Workload(lambda n: request(n, ""), lambda n: [response(n, False)], reconnects=True),
    "j": Workload(lambda n: request(n, ""), lambda n: stream()),
    "o": Workload(lambda n: request(n, NAVIGATION), lambda n: page(16384), has_guard=True),
    "p": Workload(lambda n: request(n, NAVIGATION), lambda n: page(16384)),
}
"""The letters of the bench; `p` is `o` without the guard."""


def driver_of(made: Prepared, metrics: Metrics) -> DataPlane:
    """Return a data plane without traffic. Needs a running loop."""
    settings = Settings(upstream=parse_upstream("http://127.0.0.1:1"))
    observations = Observations() if settings.inventory else None
    in_force = InForce(Policies(made.engine, metrics, observations), made, Order())
    return DataPlane(settings, in_force, metrics, Connections(asyncio.get_running_loop(), 1000))


class Exchanges:
    """One client connection, or one per request, and one to the origin. Needs a running loop."""

    def __init__(self, letter: str) -> None:
        self.workload = workload = WORKLOADS[letter]
        entries = loaded(("inject_guard: true\n" if workload.has_guard else "") + policy())
        metrics = Metrics(Labels(200))
        metrics.declare(entry.name for entry in entries.entries)
        engine = Engine(entries)
        guard = Guard(engine) if workload.has_guard else None
        self.driver = driver = driver_of(Prepared(engine, Order(), guard), metrics)
        pool = driver.pool
        self.client, self.origin = driver.client(None), OriginConnection(driver.context, pool)
        self.client.connection_made(Nowhere())
        self.origin.connection_made(Nowhere())
        pool.open = 1
        pool.idle.append(self.origin)
        self.messages = [(workload.ask(n), workload.answer(n)) for n in range(DIFFERENT)]

    def run(self, times: int) -> float:
        """Send all messages `times` times and return the seconds."""
        from_client: Callable[[bytes], None] = self.client.data_received
        from_origin = self.origin.data_received
        began = time.perf_counter()
        for _ in range(times):
            for ask, answer in self.messages:
                if self.workload.reconnects:
                    self._ask_on_a_new_connection(ask, answer)
                    continue
                from_client(ask)
                for piece in answer:
                    from_origin(piece)
        return time.perf_counter() - began

    def _ask_on_a_new_connection(self, ask: bytes, answer: list[bytes]) -> None:
        client = self.driver.client(None)
        client.connection_made(Nowhere())
        client.data_received(ask)
        for piece in answer:
            self.origin.data_received(piece)
        client.connection_lost(None)


async def measured(workload: str, rounds: int = 7, times: int = 40) -> float:
    """Return the seconds for a request in the best round, because other load only adds time."""
    exchanges = Exchanges(workload)
    exchanges.run(4)
    best = min(exchanges.run(times) for _ in range(rounds)) / times / DIFFERENT
    exchanges.driver.stop()
    return best


async def only_run(workload: str, requests: int) -> None:
    exchanges = Exchanges(workload)
    exchanges.run(1)
    exchanges.run(requests // DIFFERENT)
    exchanges.driver.stop()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        uvloop.run(only_run(sys.argv[1], int(sys.argv[2])))
    else:
        for name in WORKLOADS:
            print(f"({name}) {uvloop.run(measured(name)) * 1e6:.2f} us")
