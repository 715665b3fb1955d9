"""The HTTP server of the admin listener: llhttp's parser, with limits on connections, octets and time.

The admin listener shares descriptors and an event loop with the traffic, so its use of both is limited. A connection
is closed at a fixed time after its last request began, even if it is still in use. The server of aiohttp needs 12 MB of
memory more."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools

from cookiewarden.core.cookies.date import imf_fixdate
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.messages import Refusal, Request, Response, refused

log = logging.getLogger("cookiewarden")

MAX_CONNECTIONS = 32
"""Maximum number of connections. One more closes the connection whose last request is oldest, so probes get in."""
MAX_HEAD = 16_384
"""Maximum number of octets of a request head."""
MAX_WAITING = 16
"""Number of requests that wait on a connection, above which it is not read."""
HEAD_SECONDS = 10.0
"""Seconds from the connection to the end of the first request head."""
REQUEST_SECONDS = 75.0
"""Seconds from one request to the next, response included: longer than Prometheus' usual scrape interval."""
LINGER_SECONDS = 2.0
"""Time to read a client that still sends after its response, so that it can read the response (RFC 9112 9.6)."""

Answer = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Server:
    """The open connections and the answers to their requests."""

    answer: Answer
    open: dict["Connection", None] = field(default_factory=dict)
    """Open connections, the one with the oldest last request first."""

    def admit(self, connection: "Connection") -> None:
        """Mark a connection as the newest, and close the oldest ones above the limit."""
        self.open.pop(connection, None)
        self.open[connection] = None
        while len(self.open) > MAX_CONNECTIONS:
            oldest = next(iter(self.open))
            del self.open[oldest]  # connection_lost comes later, and more connections may arrive before
            oldest.abort()

    async def close(self, seconds: float) -> None:
        """Close all connections, after the responses that end within some seconds."""
        busy = [connection.serving for connection in self.open if connection.serving is not None]
        if busy:
            await asyncio.wait(busy, timeout=seconds)
        for connection in list(self.open):
            connection.abort()


class Connection(asyncio.Protocol):
    """The connection of one client. It serves one request at a time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.serving: asyncio.Task[None] | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._arriving: Request | None = None
        """The request whose body arrives."""
        self._bad = 0
        """Status for a head that is not valid. It is the last response."""
        self._end: asyncio.TimerHandle | None = None
        self._head = 0
        """Octets of the head so far."""
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._is_ignoring = False
        """True after the last response. Further octets are read and dropped."""
        self._has_ended = False
        """True if the client has closed its side."""
        self._is_paused = False
        self._writable = asyncio.Event()
        self._writable.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._ends_in(HEAD_SECONDS)
        self.server.admit(self)

    def data_received(self, data: bytes) -> None:
        if self._is_ignoring or self._bad:
            return
        if self._arriving is None:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # another protocol was offered, and is not taken
            self._finish_reading()
        except httptools.HttpParserError:
            self._fail(400)
        if self._arriving is None and self._head > MAX_HEAD:
            self._fail(431)
        if len(self._waiting) > MAX_WAITING and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def eof_received(self) -> bool:
        """Keep the connection of a client that has closed its side after its request, to answer it."""
        self._has_ended = True
        self._finish_reading()
        return self.serving is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.pop(self, None)
        self._finish_reading()
        self._writable.set()
        if self._end is not None:
            self._end.cancel()

    # httptools

    def on_message_begin(self) -> None:
        self._url, self._fields = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._bad:
            return
        size = len(self._url) + sum(len(name) + len(value) for name, value in self._fields)
        self._head = 0
        version = self._parser.get_http_version()
        if size > MAX_HEAD or version not in ("1.0", "1.1"):
            self._fail(431 if size > MAX_HEAD else 400)
            return
        path = self._url.partition(b"?")[0].decode("latin-1")
        method = self._parser.get_method().decode("latin-1")
        is_kept = version == "1.1" and self._parser.should_keep_alive()
        self._arriving = request = Request(method, path, self._fields, is_kept)
        if request.header(b"expect").lower() == "100-continue" and self.serving is None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._waiting.append(request)
        self._serve_next()

    def on_body(self, data: bytes) -> None:
        if self._arriving is not None:
            self._arriving.received(data)

    def on_message_complete(self) -> None:
        if self._arriving is not None:
            self._arriving.end(is_complete=True)
            self._arriving = None

    # Requests

    def _fail(self, status: int) -> None:
        """Answer a head that is not valid, after the requests before it."""
        if not self._bad:
            self._bad = status
            self._finish_reading()
            self._serve_next()

    def _finish_reading(self) -> None:
        """End a body whose rest does not arrive."""
        if self._arriving is not None:
            self._arriving.end(is_complete=False)
            self._arriving = None

    def _serve_next(self) -> None:
        if self.serving is None:
            self.serving = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        """Answer all requests that have arrived."""
        is_kept = True
        while self._waiting and is_kept and not self.transport.is_closing():
            request = self._waiting.popleft()
            self._read_again()
            self._ends_in(REQUEST_SECONDS)
            self.server.admit(self)
            response = await self._response(request)
            is_kept = request.keep_alive and request.is_complete and response.status != 500 and not self._has_ended
            self._write(response, is_kept, request.method == "HEAD")
            await self._writable.wait()
        self.serving = None
        if self._bad and is_kept:
            is_kept = False
            self._write(refused(_faulty(self._bad)), is_kept, False)
        if not is_kept:
            self._linger()

    def _read_again(self) -> None:
        if self._is_paused and len(self._waiting) <= MAX_WAITING:
            self._is_paused = False
            self.transport.resume_reading()

    async def _response(self, request: Request) -> Response:
        try:
            return await self.server.answer(request)
        except Exception:
            log.error("request to the admin listener failed", exc_info=True)
            return refused(_faulty(500))

    def _write(self, response: Response, is_kept: bool, head_only: bool) -> None:
        fields = dict(response.headers) | {
            "Date": imf_fixdate(int(time.time())).decode(),
            "Content-Length": str(len(response.body)),
        }
        if not is_kept:
            fields["Connection"] = "close"
        status = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"
        head = "\r\n".join([status, *(f"{name}: {value}" for name, value in fields.items()), "", ""])
        if not self.transport.is_closing():
            self.transport.write(head.encode() + (b"" if head_only else response.body))

    # Ends

    def _ends_in(self, seconds: float) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(seconds, self.abort)

    def _linger(self) -> None:
        """Close. If the client still sends, read it for a while, because a reset would destroy the response."""
        if self.transport.is_closing():
            return
        self._is_ignoring = True
        self._waiting.clear()
        self._read_again()
        self.transport.write_eof()
        self._ends_in(LINGER_SECONDS)

    def abort(self) -> None:
        """Close immediately and drop unsent data."""
        self.transport.abort()


def _faulty(status: int) -> Refusal:
    """Return an error page that does not repeat the request. Browsers send the application's cookies to every port of
    its host, also to this one."""
    code = ErrorCode.INTERNAL_ERROR if status >= 500 else ErrorCode.BAD_REQUEST
    return Refusal(status, code, f"{status} {HTTPStatus(status).phrase}")
