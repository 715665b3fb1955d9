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
from urllib.parse import unquote, urlsplit

import httptools

from cookiewarden.core.cookies.date import imf_fixdate
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.messages import Refusal, Request, Response, refused

log = logging.getLogger("cookiewarden")

MAX_CONNECTIONS = 32
"""Maximum number of connections. One more closes the connection whose last request is oldest, so probes get in."""
MAX_HEAD = 16_384
"""Maximum number of octets of a request head."""
MAX_FIELDS = 100
"""Maximum number of fields of a request head."""
MAX_WAITING = 16
"""Number of requests that wait on a connection, above which it is not read."""
PIECE = 4096
"""Number of octets that are parsed at a time, because they may be hundreds of requests."""
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
        """Close all connections: idle ones now, and others after the responses that end within some seconds."""
        busy = []
        for connection in list(self.open):
            if connection.serving is None:
                connection.transport.close()
            else:
                busy.append(connection.serving)
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
        self._held = b""
        """Octets that are not parsed yet."""
        self._head = 0
        """Octets of the request so far, without its body."""
        self._upgraded: int | None = None
        """Octets of the body that are missing after a request that offers another protocol. llhttp does not read it."""
        self._length = 0
        """Content-Length of the request that arrives."""
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
        self._held += data
        self._parse()

    def _parse(self) -> None:
        """Parse the octets that have arrived, unless many requests wait for their responses."""
        while self._held and len(self._waiting) <= MAX_WAITING:
            piece, self._held = self._held[:PIECE], self._held[PIECE:]
            if self._is_ignoring or self._bad:
                continue
            if self._upgraded is not None:
                self._after_upgrade(piece)
                continue
            self._head += len(piece)
            try:
                self._parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:  # another protocol was offered, and is not taken
                self._upgraded = self._length
                self._after_upgrade(piece[upgrade.args[0] :])
            except httptools.HttpParserError:
                self._fail(400)
            if self._head > MAX_HEAD:
                self._fail(431)
        self._pause_or_resume()

    def _after_upgrade(self, data: bytes) -> None:
        """Read the body of the last request of the connection, which offers another protocol."""
        body, missing = data[: self._upgraded], self._upgraded or 0
        self._upgraded = missing - len(body)
        if self._arriving is not None:
            self._arriving.received(body)
        if not self._upgraded:
            self._end_body(is_complete=True)

    def _pause_or_resume(self) -> None:
        is_paused = self._held != b""
        if is_paused != self._is_paused and not self.transport.is_closing():
            self._is_paused = is_paused
            (self.transport.pause_reading if is_paused else self.transport.resume_reading)()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def eof_received(self) -> bool:
        """Keep the connection of a client that has closed its side after its request, to answer it."""
        self._has_ended = True
        self._end_body(is_complete=False)
        return self.serving is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.pop(self, None)
        self._end_body(is_complete=False)
        self._writable.set()
        if self._end is not None:
            self._end.cancel()

    # httptools

    def on_message_begin(self) -> None:
        self._url, self._fields = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._arriving is None and len(self._fields) <= MAX_FIELDS:  # trailers are not fields of the head
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._bad:
            return
        version = self._parser.get_http_version()
        is_modern = version == "1.1"
        size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._fields)
        if size > MAX_HEAD or len(self._fields) > MAX_FIELDS:
            self._fail(431)
            return
        if version not in ("1.0", "1.1") or (is_modern and all(name != b"host" for name, _ in self._fields)):
            self._fail(400)
            return
        is_kept = is_modern and self._parser.should_keep_alive() and not self._parser.should_upgrade()
        method = self._parser.get_method().decode("latin-1")
        expected = self._expect if is_modern else _nothing
        self._arriving = request = Request(method, _path_of(self._url), self._fields, is_kept, expected)
        self._length = int(request.header(b"content-length") or "0")
        self._head = 0
        self._waiting.append(request)
        self._serve_next()

    def on_body(self, data: bytes) -> None:
        self._head -= len(data)
        if self._arriving is not None:
            self._arriving.received(data)

    def on_message_complete(self) -> None:
        self._head = 0
        if not self._parser.should_upgrade():
            self._end_body(is_complete=True)

    # Requests

    def _fail(self, status: int) -> None:
        """Answer a head that is not valid, after the requests before it."""
        if not self._bad:
            self._bad = status
            self._end_body(is_complete=False)
            self._serve_next()

    def _end_body(self, is_complete: bool) -> None:
        """End the body that arrives, if there is one. `is_complete`: no rest is missing."""
        if self._arriving is not None:
            self._arriving.end(is_complete)
            self._arriving = None

    def _serve_next(self) -> None:
        if self.serving is None:
            self.serving = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        """Answer all requests that have arrived."""
        is_kept = True
        while self._waiting and is_kept and not self.transport.is_closing():
            request = self._waiting.popleft()
            self._ends_in(REQUEST_SECONDS)
            self.server.admit(self)
            response = await self._response(request)
            is_kept = request.keep_alive and request.is_complete and response.status != 500
            self._write(response, is_kept, request.method == "HEAD")
            await self._writable.wait()
            await asyncio.sleep(0)  # traffic comes between two responses
            self._parse()
        self.serving = None
        if self._bad and is_kept:
            is_kept = False
            self._write(refused(_faulty(self._bad)), is_kept, False)
        if not is_kept or self._has_ended:
            self._linger()

    def _expect(self) -> None:
        """Send a 100 to a client that waits for it before its body."""
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

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
        self._parse()
        if self._has_ended:
            self.transport.close()
            return
        self.transport.write_eof()
        self._ends_in(LINGER_SECONDS)

    def abort(self) -> None:
        """Close immediately and drop unsent data."""
        self.transport.abort()


def _nothing() -> None:
    """Do nothing: a client of HTTP/1.0 does not wait (RFC 9110 10.1.1)."""


def _path_of(target: bytes) -> str:
    """Return the path of a target in origin-form or absolute-form, with its octets decoded; empty without one."""
    try:
        return unquote(urlsplit(target.decode("latin-1")).path)
    except ValueError:
        return ""


def _faulty(status: int) -> Refusal:
    """Return an error page that does not repeat the request. Browsers send the application's cookies to every port of
    its host, also to this one."""
    code = ErrorCode.INTERNAL_ERROR if status >= 500 else ErrorCode.BAD_REQUEST
    return Refusal(status, code, f"{status} {HTTPStatus(status).phrase}")
