"""aiohttp's server with limits on connections and time, and with error pages that do not repeat the request.

The admin listener shares descriptors and an event loop with the traffic, so its use of both is limited. A connection
is closed at a fixed time after its last request began, even if it is still in use."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from aiohttp import web

from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.auth import Refusal

log = logging.getLogger("cookiewarden")

MAX_CONNECTIONS = 32
"""Maximum number of connections. One more closes the connection whose last request is oldest, so probes get in."""
HEAD_SECONDS = 10.0
"""Seconds from the connection to the end of the first request head."""
REQUEST_SECONDS = 75.0
"""Seconds from one request to the next, response included: longer than Prometheus' usual scrape interval."""

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Header fields of every response except those to scrapes and probes."""


def refused(refusal: Refusal) -> web.Response:
    document = wire.ErrorDocument(refusal.code, refusal.message)
    return web.Response(
        status=refusal.status,
        body=wire.dump(document) + b"\n",
        headers={"Content-Type": "application/json"} | SAFE | dict(refusal.headers),
    )


class Server(web.Server):
    def __init__(self, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(answer)
        self.open: dict[Connection, None] = {}
        """Open connections, the one with the oldest last request first."""

    def __call__(self) -> web.RequestHandler:
        return Connection(self)

    def admit(self, connection: "Connection") -> None:
        """Mark a connection as the newest, and close the oldest ones above the limit."""
        self.open.pop(connection, None)
        self.open[connection] = None
        while len(self.open) > MAX_CONNECTIONS:
            oldest = next(iter(self.open))
            del self.open[oldest]  # connection_lost comes later, and more connections may arrive before
            oldest.end()


class Connection(web.RequestHandler):
    """The connection of one client."""

    def __init__(self, server: Server) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), auto_decompress=False)
        self.server = server
        self._end: asyncio.TimerHandle | None = None
        self._own: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._own = cast(asyncio.WriteTransport, transport)
        self._ends_in(HEAD_SECONDS)

    def begin(self) -> None:
        """Extend the deadline when a request begins."""
        self._ends_in(REQUEST_SECONDS)

    def _ends_in(self, seconds: float) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._own is None:
            return  # the connection has ended
        self._end = asyncio.get_running_loop().call_later(seconds, self.end)
        self.server.admit(self)

    def end(self) -> None:
        """Close immediately and drop unsent data, even if aiohttp has already closed the connection."""
        own, self._own = self._own, None
        if own is not None:
            own.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.server.open.pop(self, None)
        if self._end is not None:
            self._end.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return an error page that does not repeat the request, because aiohttp's own pages do. Browsers send the
        application's cookies to every port of its host, also to this one."""
        if status >= 500 and not isinstance(exc, ConnectionError):  # the client left
            log.error("request to the admin listener failed", exc_info=exc)
        code = ErrorCode.INTERNAL_ERROR if status >= 500 else ErrorCode.BAD_REQUEST
        response = refused(Refusal(status, code, f"{status} {HTTPStatus(status).phrase}"))
        response.force_close()
        return response
