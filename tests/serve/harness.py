"""Real sockets on both sides of a real worker: a proxy in a thread of its own, a scripted origin, a raw client."""

import asyncio
import contextlib
import dataclasses
import json
import os
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvloop

from cookiewarden.files import PolicyFiles
from cookiewarden.serve.address import Address, Upstream
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.dataplane.driver import DataPlane
from cookiewarden.serve.listening.worker import Worker
from cookiewarden.serve.processes.in_process import Single
from cookiewarden.serve.settings import Settings

POLICY = """
version: 1
policy: test
defaults: {secure: true}
cookies:
  - {name: sid, purpose: x, lifetime: 1h}
  - {name: seen, purpose: x, lifetime: 1h, forward: false}
"""

CANARY = "CANARY"
"""In the value of every cookie of the suite; must never be printed by the proxy."""
CLOSE = b"Connection: close"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Origin:
    """A TCP server that runs `script(connection)` in a thread for every connection."""

    def __init__(
        self,
        script: "Callable[[OriginConnection], None]",
        path: Path | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.script = script
        self.tls = tls
        self.requests: list[bytes] = []
        """Every complete request head that came, in order."""
        self.connections = 0
        self.errors: list[BaseException] = []
        if path is None:
            self.socket = socket.create_server(("127.0.0.1", port), backlog=512)
            self.upstream = Upstream(f"http://127.0.0.1:{self.port}", Address("127.0.0.1", self.port))
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(str(path))
            self.socket.listen()
            self.upstream = Upstream(f"unix:{path}", socket=str(path))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self.socket.getsockname()[1]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        with connection, contextlib.suppress(OSError, EOFError):
            if self.tls is None:
                self.script(OriginConnection(self, connection))
                return
            with self.tls.wrap_socket(connection, server_side=True) as secured:
                self.script(OriginConnection(self, secured))

    def close(self) -> None:
        # shutdown wakes the thread in accept(); close alone leaves it, and the port, open
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class OriginConnection:
    """What a script works with."""

    def __init__(self, origin: Origin, connection: socket.socket) -> None:
        self.origin = origin
        self.socket = connection
        self.buffer = bytearray()

    def read_head(self) -> bytes:
        """The next request head, its blank line included; EOFError when the proxy closes."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head = self.read(self.buffer.index(b"\r\n\r\n") + 4)
        self.origin.requests.append(head)
        return head

    def read(self, octets: int) -> bytes:
        while len(self.buffer) < octets:
            self._more()
        data = bytes(self.buffer[:octets])
        del self.buffer[:octets]
        return data

    def read_chunked(self) -> bytes:
        """A chunked body, with its framing."""
        while not re.search(rb"(?:^|\r\n)0+\r\n(?:[^\r\n]+\r\n)*\r\n$", self.buffer):
            self._more()
        return self.read(len(self.buffer))

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def answering(*responses: bytes) -> Callable[[OriginConnection], None]:
    """A script that answers each request without a body with the next response, and then the last one on and on."""

    def script(connection: OriginConnection) -> None:
        number = 0
        while True:
            connection.read_head()
            connection.send(responses[min(number, len(responses) - 1)])
            number += 1

    return script


class Offer:
    """A script that answers one request with as many octets as the proxy takes, and counts them."""

    def __init__(self, octets: int) -> None:
        self.octets = octets
        self.sent = 0

    def __call__(self, connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.octets)
        while self.sent < self.octets:
            connection.send(b"x" * 65536)
            self.sent += 65536


class Proxy:
    """A worker in a thread, with its port and its counters."""

    def __init__(self, policy: Path, upstream: Upstream, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock
        anywhere = Address("127.0.0.1", 0)
        self.settings = dataclasses.replace(
            Settings(policy=str(policy), upstream=upstream, listen=anywhere, admin=anywhere), **settings
        )
        self.policy = policy
        self.files = PolicyFiles(str(policy))
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: uvloop.run(self._live()), daemon=True)
        self.failure: BaseException | None = None
        self.thread.start()
        assert self.started.wait(20) and self.failure is None, self.failure

    async def _live(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda loop, context: self.unexpected.append(context))
        self.unexpected: list[dict] = []
        self.single = Single(self.settings, self.files, self.clock)
        self.done = asyncio.Event()
        await self.single.start(self.files.load())
        self.port: int = self.single.listening.getsockname()[1]
        watching = self.single.watch()
        self.started.set()
        await self.done.wait()
        for task in watching:
            task.cancel()
        await self.single.stop()

    @property
    def worker(self) -> Worker:
        return self.single.worker

    @property
    def driver(self) -> DataPlane:
        assert isinstance(self.worker.driver, DataPlane)
        return self.worker.driver

    @property
    def admin(self) -> str:
        return f"http://{self.single.admin.address}"

    @property
    def metrics(self) -> Any:
        return self.single.metrics

    def scrape(self) -> str:
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=60) as answer:
            return answer.read().decode()

    def sample(self, name: str, **labels: str) -> float:
        """One sample of a scrape; 0 where the series does not exist."""
        for line in self.scrape().splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
                return float(found[3])
        return 0.0

    def reload(self) -> None:
        asyncio.run_coroutine_threadsafe(self.single.reloader.reload(), self.loop).result(10)

    def close(self) -> None:
        assert CANARY not in self.scrape()
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join(10)
        assert not self.thread.is_alive()


class Client:
    """A raw client connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes) -> None:
        """One byte per segment."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            self.socket.sendall(data[i : i + 1])
            os.sched_yield()  # sleep(0) takes 50 µs

    def read_until(self, end: bytes) -> bytes:
        data = b""
        while end not in data:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(data)
            data += more
        return data

    def read_response(self) -> tuple[bytes, bytes]:
        """Head and body of one response with a length, without a byte too much."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = self.socket.recv(1)
            if not more:
                raise EOFError(head)
            head += more
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        body = b""
        while length and len(body) < int(length[1]):
            more = self.socket.recv(int(length[1]) - len(body))
            if not more:
                raise EOFError(head + body)
            body += more
        return head, body

    def read_all(self, seconds: float = 10) -> bytes:
        """Everything until the proxy closes; a reset ends it too."""
        self.socket.settimeout(seconds)
        data = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while more := self.socket.recv(65536):
                data += more
        return bytes(data)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def get(
    path: bytes = b"/", *fields: bytes, method: bytes = b"GET", version: bytes = b"1.1", body: bytes = b""
) -> bytes:
    lines = [method + b" " + path + b" HTTP/" + version, b"Host: shop.example", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def ask(port: int, request: bytes) -> bytes:
    """Send and read until the proxy closes."""
    with Client(port) as client:
        client.send(request)
        return client.read_all()


def status_of(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether it becomes true within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


Start = Callable[..., tuple[Proxy, Origin]]


@contextlib.contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """A function that starts an origin and a proxy before it; all end with the test, without unexpected errors."""
    started: list[tuple[Proxy, Origin]] = []

    def start(
        script: Callable[[OriginConnection], None] | bytes = OK,
        policy: str = POLICY,
        unix: Path | None = None,
        path: Path | None = None,
        **settings: Any,
    ) -> tuple[Proxy, Origin]:
        if path is None:
            path = folder / f"policy{len(started)}.yaml"
            path.write_text(policy)
        origin = Origin(answering(script) if isinstance(script, bytes) else script, unix)
        proxy = Proxy(path, settings.pop("upstream", origin.upstream), **settings)
        started.append((proxy, origin))
        return proxy, origin

    try:
        yield start
    finally:
        for proxy, origin in started:
            proxy.close()
            origin.close()
        for proxy, _ in started:
            assert proxy.unexpected == []


TOKEN = "CANARY-of-the-admin-token"


def tell(admin: str, path: str, body: bytes = b"", token: str = TOKEN, **headers: str) -> tuple[int, bytes]:
    """Status and body of a POST to the admin listener."""
    request = urllib.request.Request(f"{admin}{path}", body, {"Authorization": f"Bearer {token}"} | headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def mode_of(proxy: Proxy) -> str:
    return json.loads(urllib.request.urlopen(f"{proxy.admin}/policy").read())["mode"]
