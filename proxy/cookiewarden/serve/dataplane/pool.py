"""The pool of connections to the application."""

import asyncio
import errno
import logging
import ssl
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from cookiewarden.core.policy.problem import counted
from cookiewarden.serve.dataplane.context import Context
from cookiewarden.serve.dataplane.origin import OriginConnection, OriginPoolRole
from cookiewarden.serve.dataplane.roles import ExchangeRole
from cookiewarden.serve.listening.connections import NEVER
from cookiewarden.serve.listening.tls import told_of

RESOLVE_SECONDS = 5.0
"""Time in seconds for which a resolved address is used for new connections."""

log = logging.getLogger("cookiewarden")


class Waiter(NamedTuple):
    """An exchange that waits for a connection."""

    until: float
    """End of the wait, on the event loop's clock."""
    exchange: ExchangeRole
    fresh: bool
    """True if a used connection is not acceptable."""


class Pool(OriginPoolRole):
    """Connections to one origin. The newest idle one is used first. Above the limit, exchanges wait in a queue."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.upstream = context.upstream
        self.idle: list[OriginConnection] = []
        self.open = 0
        self.waiting: deque[Waiter] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._all: set[OriginConnection] = set()
        self._addresses: tuple[float, list[str]] = (0.0, [])

    def connect(self, exchange: ExchangeRole, fresh: bool = False) -> None:
        """Get a connection for an exchange, now or later. Calls `attached` or `origin_unreachable`."""
        now = self.context.loop.time()
        while self.idle and not fresh:
            origin = self.idle.pop()
            if origin.closed or origin.transport.is_closing():
                continue
            if origin.usable_until <= now:
                origin.close()
                continue
            origin.serve_again()
            exchange.attached(origin)
            return
        if self.open < self.context.settings.max_upstream_connections:
            self._open(exchange)
        else:
            self.waiting.append(Waiter(now + self.context.settings.pool_timeout, exchange, fresh))

    def _open(self, exchange: ExchangeRole) -> None:
        self.open += 1
        task = self.context.loop.create_task(self._establish(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _establish(self, exchange: ExchangeRole) -> None:
        try:
            async with asyncio.timeout(self.context.settings.connect_timeout):
                origin = await self._dial()
        except TimeoutError:
            self._gone()
            exchange.origin_unreachable(504, "connect_timeout")
        except OSError as error:
            self._gone()
            reason = "tls" if isinstance(error, ssl.SSLError) else "connect"
            exchange.origin_unreachable(502, reason, told_of(error))
        else:
            self._all.add(origin)
            if exchange.over:
                self.release(origin)
            else:
                exchange.attached(origin)

    async def _dial(self) -> OriginConnection:
        loop = self.context.loop
        if self.upstream.address is None:
            _, origin = await loop.create_unix_connection(
                lambda: OriginConnection(self.context, self), self.upstream.socket
            )
            return origin
        failure: OSError = OSError("no address")
        for address in await self._resolve(self.upstream.address.host, self.upstream.address.port):
            try:
                _, origin = await loop.create_connection(
                    lambda: OriginConnection(self.context, self),
                    address,
                    self.upstream.address.port,
                    ssl=self.context.upstream_tls,
                    server_hostname=self.context.upstream_server_name if self.upstream.tls else None,
                )
            except OSError as error:
                failure = error
            else:
                return origin
        raise failure

    async def _resolve(self, host: str, port: int) -> list[str]:
        until, addresses = self._addresses
        now = self.context.loop.time()
        if now >= until:
            try:
                found = await self.context.loop.getaddrinfo(host, port, type=1)  # SOCK_STREAM
            except UnicodeError:  # an empty label, or one that is too long (RFC 1035 2.3.4)
                raise OSError(errno.EINVAL, "the host name is not valid") from None
            addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
            self._addresses = (now + RESOLVE_SECONDS, addresses)
        return addresses

    def release(self, origin: OriginConnection) -> None:
        """Give a free connection to the first exchange in the queue, or keep it as idle."""
        waiter = self._next_waiter()
        if waiter is None:
            self.idle.append(origin)
            origin.wait_in_pool()
        elif waiter.fresh and origin.heard:
            self.waiting.appendleft(waiter)
            origin.close()  # a new one is then opened for the waiting exchange
        else:
            origin.serve_again()
            waiter.exchange.attached(origin)

    def _next_waiter(self) -> "Waiter | None":
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.exchange.over:
                return waiter
        return None

    def forget(self, origin: OriginConnection) -> None:
        """Remove a connection that is being closed from the idle ones."""
        if origin in self.idle:
            self.idle.remove(origin)

    def lost(self, origin: OriginConnection) -> None:
        self.forget(origin)
        self._all.discard(origin)
        self._gone()

    def _gone(self) -> None:
        self.open -= 1
        waiter = self._next_waiter()
        if waiter is not None:
            self._open(waiter.exchange)

    def failed(self, reason: str, detail: str = "") -> None:
        errors = self.context.metrics.upstream_errors
        errors.add(reason)
        if self.context.hints.is_due(reason):
            if reason == "pool":
                detail = "no connection became free within --pool-timeout"
            log.warning(
                "the application at %s failed: %s (%s since the start)",
                self.upstream,
                f"{reason}, {detail}" if detail else reason,
                counted(errors[reason], "time"),
            )

    def tick(self, now: float) -> None:
        for origin in [origin for origin in self._all if origin.due <= now]:
            origin.due = NEVER
            origin.late()
        while self.waiting and (self.waiting[0].until <= now or self.waiting[0].exchange.over):
            exchange = self.waiting.popleft().exchange
            if not exchange.over:
                exchange.origin_unreachable(503, "pool")

    def close(self) -> None:
        for origin in list(self._all):
            origin.close()
        for task in list(self._tasks):
            task.cancel()

    def __iter__(self) -> Iterator[OriginConnection]:
        return iter(self._all)
