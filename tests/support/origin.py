"""A scripted origin with a thread for each connection and raw bytes on the wire."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from cookiewarden.serve.address import Address, Upstream
from tests.support.wait import PATIENCE

LAST_CHUNK = re.compile(rb"(?:^|\r\n)0+\r\n(?:[^\r\n]+\r\n)*\r\n$")
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
        """Every complete request head, in order."""
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
        connection.settimeout(PATIENCE)
        with connection, contextlib.suppress(OSError, EOFError):
            if self.tls is None:
                self.script(OriginConnection(self, connection))
                return
            with self.tls.wrap_socket(connection, server_side=True) as secured:
                self.script(OriginConnection(self, secured))

    def close(self) -> None:
        # shutdown wakes the thread in accept(); close alone leaves the port open
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class OriginConnection:
    """The connection that a script reads and answers."""

    def __init__(self, origin: Origin, connection: socket.socket) -> None:
        self.origin = origin
        self.socket = connection
        self.buffer = bytearray()

    def read_head(self) -> bytes:
        """Return the next request head with its blank line. Raises EOFError when the proxy closes."""
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
        """Read a chunked body and return it with its framing."""
        while not self.buffer.endswith(b"\r\n\r\n") or not LAST_CHUNK.search(self.buffer, len(self.buffer) - 4096):
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
    """Return a script that answers each request with the next response, and finally repeats the last one."""

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
