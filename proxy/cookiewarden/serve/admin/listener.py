"""aiohttp's server as the admin listener needs it: bounded in connections and in time, and its error pages repeat
nothing.

It shares descriptors and an event loop with the traffic, so nobody may hold many of the one or much of the other. One
rule bounds all: a connection ends some time after its last request began, whatever it is doing then: idle, half a head,
or an answer that nobody reads."""

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
"""For one more, the one goes whose last request began longest ago: probes and scrapes are the newest, and get in."""
HEAD_SECONDS = 10.0
"""From the connection to the end of the first head."""
REQUEST_SECONDS = 75.0
"""From one request to the next, with the answer between: longer than Prometheus waits from scrape to scrape."""

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Fields of every answer but those for scrapes and probes."""


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
        """The one whose last request began longest ago is the first."""

    def __call__(self) -> web.RequestHandler:
        return Connection(self)

    def admit(self, connection: "Connection") -> None:
        """It is the newest."""
        self.open.pop(connection, None)
        self.open[connection] = None
        while len(self.open) > MAX_CONNECTIONS:
            oldest = next(iter(self.open))
            del self.open[oldest]  # now: it is lost in a later turn of the loop, and more may come in this one
            oldest.end()


class Connection(web.RequestHandler):
    """Of one client."""

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
        """A request has come."""
        self._ends_in(REQUEST_SECONDS)

    def _ends_in(self, seconds: float) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._own is None:
            return  # it has ended
        self._end = asyncio.get_running_loop().call_later(seconds, self.end)
        self.server.admit(self)

    def end(self) -> None:
        """At once: what is not read would else wait to be, also where aiohttp has closed it by its own lights."""
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
        """aiohttp's own pages about bad requests repeat what was sent, and browsers send the application's cookies to
        every port of its host."""
        if status >= 500 and not isinstance(exc, ConnectionError):  # which is a client that left
            log.error("the admin listener failed to answer", exc_info=exc)
        code = ErrorCode.INTERNAL_ERROR if status >= 500 else ErrorCode.BAD_REQUEST
        response = refused(Refusal(status, code, f"{status} {HTTPStatus(status).phrase}"))
        response.force_close()
        return response
