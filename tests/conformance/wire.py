"""One proxy under test, with a scripted origin behind it, and raw bytes on both sides."""

import contextlib
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.client import Client
from tests.support.origin import Origin, OriginConnection, answering

Script = Callable[[OriginConnection], None]
BUSY = 15.0
"""Seconds that an answer may be late on a busy machine."""


class Differs(AssertionError):
    """A proxy differed from the expectation; `seen` describes its answer in a word, for the table."""

    def __init__(self, seen: object) -> None:
        super().__init__(f"seen: {seen}")
        self.seen = str(seen)


class ScriptedOrigin(Origin):
    """An origin that takes a new script for each test and then closes its connections."""

    answered = 0
    """Number of requests that it has read to their end."""

    def __init__(self, port: int = 0) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(answering(b""), port=port)

    def _serve(self, connection: socket.socket) -> None:
        self.open.add(connection)
        try:
            super()._serve(connection)
        finally:
            self.open.discard(connection)

    def begin(self, script: Script | bytes) -> None:
        self.script = answering(script) if isinstance(script, bytes) else script
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0.02)  # the proxy sees its idle connections end
        self.requests.clear()
        self.answered = 0
        self.connections = 0


@dataclass
class Wire:
    name: str
    port: int
    origin: ScriptedOrigin

    def behind(self, script: Script | bytes) -> ScriptedOrigin:
        """Set the script or the fixed answer of the origin."""
        self.origin.begin(script)
        return self.origin

    def client(self) -> Client:
        return Client(self.port)

    def ask(self, request: bytes, drip: bool = False, seconds: float = BUSY) -> bytes:
        """Send, and read until the proxy closes or sends no more."""
        answer = bytearray()
        with self.client() as client:
            with contextlib.suppress(OSError):  # refused before the request was complete
                (client.drip if drip else client.send)(request)
            client.socket.settimeout(seconds)
            with contextlib.suppress(OSError):
                while more := client.socket.recv(65536):
                    answer += more
        return bytes(answer)

    def status(self, request: bytes, drip: bool = False) -> int:
        """Return the status of the last answer; 0 where the connection was closed without one."""
        return last_status(self.ask(request, drip))


def last_status(answer: bytes) -> int:
    found = re.findall(rb"HTTP/1\.[01] ([0-9]{3})", answer)
    return int(found[-1]) if found else 0


def expect(condition: bool, seen: object) -> None:
    """Check a condition. Raises Differs."""
    if not condition:
        raise Differs(seen)


def answers_after_the_body(connection: "OriginConnection") -> None:
    """Read each request to the end that its head declares, and answer with `ok`."""
    while True:
        head = connection.read_head()
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if re.search(rb"(?i)\r\ntransfer-encoding:", head):
            connection.read_chunked()
        elif length:
            connection.read(int(length[1]))
        connection.origin.answered += 1
        if head.startswith(b"HEAD"):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
