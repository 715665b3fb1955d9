"""Clients that send requests at a fixed rate, and the outcome of each request."""

import collections
import contextlib
import socket
import threading
import time

from tests.support.client import get
from tests.support.wait import PATIENCE


class Load:
    """`rate` requests a second over `clients` connections, from entering to leaving the context.

    `outcomes` counts statuses and, for requests without an answer, the error. If the proxy closes a connection between
    requests, or after `Connection: close`, the client opens another one and counts no error. A request whose connection
    ended before any byte of the answer is an error.
    """

    def __init__(
        self,
        port: int,
        rate: float = 200,
        clients: int = 8,
        request: bytes = b"",
        keep_alive: bool = True,
        marker: bytes = b"",
    ) -> None:
        self.port = port
        self.pause = clients / rate
        self.request = request or get()
        self.keep_alive = keep_alive
        self.marker = marker
        self.marked = 0
        """Number of responses whose head has the marker."""
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.latencies: list[float] = []
        self.bodies: collections.Counter[bytes] = collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    @property
    def failed(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.outcomes.items() if outcome != "200"}

    def _run(self) -> None:
        connection: socket.socket | None = None
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                if connection is not None and not _quiet(connection):
                    connection.close()
                    connection = None
                if connection is None:
                    connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            except OSError as error:
                self.outcomes[f"connect: {type(error).__name__}"] += 1
                time.sleep(0.01)
                continue
            try:
                connection.sendall(self.request)
                head, body = _response(connection)
            except (OSError, EOFError) as error:
                self.outcomes[type(error).__name__] += 1
                connection.close()
                connection = None
                continue
            self.outcomes[head[9:12].decode()] += 1
            self.marked += self.marker != b"" and self.marker in head
            self.latencies.append(time.monotonic() - began)
            self.bodies[body] += 1
            if not self.keep_alive or b"\r\nConnection: close" in head:
                connection.close()
                connection = None
            time.sleep(max(0.0, self.pause - (time.monotonic() - began)))
        if connection is not None:
            connection.close()


def _quiet(connection: socket.socket) -> bool:
    """Return whether an idle connection is still open."""
    connection.setblocking(False)
    try:
        with contextlib.suppress(BlockingIOError):
            return connection.recv(1) != b""
    except OSError:
        return False
    finally:
        connection.settimeout(PATIENCE)
    return True


def _response(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise EOFError
    return data
