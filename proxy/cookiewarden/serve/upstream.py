"""The origin's side: one connection that reads responses, and the pool of connections.

Rules, because a mistake here hands one user's response to another:
- a connection returns to the pool only after the bytes that completed a response were fed whole, the message
  was complete, nothing followed it, and the request had been sent whole;
- bytes on an idle connection, or after a response, close it and reach no client;
- callbacks of the parser only record; what follows is done after `feed_data` has returned;
- the parser cannot know that a response answers HEAD: it is replaced after such a head.
"""

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import httptools

from cookiewarden.core.engine import MALFORMED
from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.head import (
    Framing,
    HeadTooLarge,
    Kind,
    Limits,
    ResponseHead,
    without_bad_cookies,
)
from cookiewarden.serve.reader import ResponseReader

if TYPE_CHECKING:
    from cookiewarden.serve.transaction import Transaction
    from cookiewarden.serve.tunnel import Tunnel

RESOLVE_SECONDS = 5.0
"""How long an address of the origin's name is used for new connections."""
BODYLESS = frozenset({204, 304})


class Origin(asyncio.Protocol):
    """One connection to the origin, serving one transaction at a time."""

    def __init__(self, gateway: Gateway, pool: "Pool") -> None:
        self.gateway = gateway
        self.pool = pool
        self.transport: asyncio.Transport
        self.transaction: Transaction | None = None
        self.tunnel: Tunnel | None = None
        self.reused = False
        self.closed = False
        self.write_paused = False
        self.usable_until = float("inf")
        settings = gateway.settings
        self.reader = ResponseReader(Limits(settings.max_head, settings.max_field, settings.max_fields))
        self.messages = self.reader.messages
        self.raw = b""
        """What was fed since the last complete message, while a head is awaited: for cleaning it."""
        self.raw_left = 0
        """Octets of a body of known length that need no parser."""
        self.until_close = False

    def _renew(self) -> None:
        """Ready for the next response, with a parser that stands between two messages."""
        self.reader.renew()
        self.messages.clear()
        self.raw = b""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        transaction = self.transaction
        if self.tunnel is not None:
            self.tunnel.from_origin(data)
            return
        if transaction is None:
            self._surplus()
            return
        transaction.origin_spoke(self.gateway.loop.time())
        if self.raw_left:
            self._known_length(transaction, data)
        elif self.until_close:
            transaction.body(data)
        else:
            self._feed(transaction, data)

    def eof_received(self) -> bool:
        if self.tunnel is not None:
            self.tunnel.origin_ended()
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.pool.lost(self)
        if self.tunnel is not None:
            self.tunnel.close()
        transaction = self.transaction
        if transaction is None:
            return
        if self.until_close and exc is None:
            self._finish(transaction, reusable=False)
        else:
            self.transaction = None
            transaction.origin_lost(self)

    def pause_writing(self) -> None:
        self.write_paused = True
        if self.tunnel is not None:
            self.tunnel.pause_client()
        elif self.transaction is not None:
            self.transaction.origin_full()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.tunnel is not None:
            self.tunnel.resume_client()
        elif self.transaction is not None:
            self.transaction.origin_drained()

    # After the feed

    def _feed(self, transaction: "Transaction", data: bytes) -> None:
        awaiting_head = not self.reader.in_body
        if awaiting_head:
            self.raw = self.raw + data if self.raw else data
        try:
            self.reader.feed(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if (
                self.messages
                and self.messages[0].status == 101
                and transaction.upgraded(self, self.messages[0], rest)
            ):
                return
            transaction.origin_failed(self, "bad_response")
        except HeadTooLarge:
            transaction.origin_failed(self, "head_too_large")
        except httptools.HttpParserError:
            if awaiting_head:
                self._clean(transaction)
            else:
                self._broken_body(transaction)
        else:
            self._deliver(transaction)

    def _broken_body(self, transaction: "Transaction") -> None:
        """The parser refused what followed a head: either chunks that are none, or bytes after the end."""
        self._deliver(transaction)
        if self.transaction is transaction:
            transaction.origin_failed(self, "truncated")

    def _clean(self, transaction: "Transaction") -> None:
        """One bad Set-Cookie line makes the parser refuse everything: drop such lines and parse afresh, strictly."""
        if any(m.complete and m.status >= 200 for m in self.messages):
            # a good response, then bytes that are none
            self._deliver(transaction, surplus=True)
            return
        if self.reader.in_body:  # a good head, then a body that is none
            transaction.origin_failed(self, "bad_response")
            return
        cleaned = without_bad_cookies(self.raw)
        if cleaned is None:
            if len(self.raw) > self.reader.bound:
                transaction.origin_failed(self, "head_too_large")
                return
            # The rest of the head is awaited, with nothing recorded of its beginning.
            raw = self.raw
            self._renew()
            self.raw = raw
            self.reader.parser = _Waiting()
            return
        data, dropped = cleaned
        if not dropped:
            transaction.origin_failed(self, "bad_response_header")
            return
        for _ in range(dropped):
            self.gateway.metrics.cookie("response", MALFORMED)
        self._renew()
        self._feed(transaction, data)

    def _deliver(self, transaction: "Transaction", surplus: bool = False) -> None:
        """Hand on what the parser recorded."""
        while self.messages and self.messages[0].head_complete:
            message = self.messages[0]
            if message.status < 200:
                if not self._interim(transaction, message):
                    return
                self.messages.popleft()
                continue
            if not transaction.responding:
                framing = self._framing(transaction, message)
                if framing is None:
                    return
                self._begin(transaction, message, framing, surplus or len(self.messages) > 1)
            else:
                body = message.take_body()
                if body:
                    transaction.body(body)
                if message.complete:
                    self._finish(
                        transaction, message.keep_alive and not surplus, message, len(self.messages) > 1
                    )
            return

    def _interim(self, transaction: "Transaction", message: ResponseHead) -> bool:
        if (
            transaction.responding
            or not message.complete
            or message.status in (0, 101)
            or message.status < 100
        ):
            transaction.origin_failed(self, "bad_response")
            return False
        self.raw = self.raw.partition(b"\r\n\r\n")[2]
        transaction.interim(message)
        return True

    def _framing(self, transaction: "Transaction", message: ResponseHead) -> tuple[Framing, int] | None:
        """How the body ends; None where the response was refused (RFC 9112 6.3)."""
        encodings: list[bytes] = []
        length = -1
        for kind, value in message.notes:
            if kind is Kind.CONTENT_LENGTH:
                length = int(value)
            elif kind is Kind.TRANSFER_ENCODING:
                encodings.append(value)
        if encodings and ([e.lower() for e in encodings] != [b"chunked"] or message.version != "1.1"):
            transaction.origin_failed(self, "bad_response")
            return None
        if transaction.request.method == b"HEAD" or message.status in BODYLESS:
            return Framing.NONE, 0
        if encodings:
            return Framing.CHUNKED, 0
        return (Framing.LENGTH, length) if length >= 0 else (Framing.UNTIL_CLOSE, 0)

    def _begin(
        self, transaction: "Transaction", message: ResponseHead, framed: tuple[Framing, int], followed: bool
    ) -> None:
        framing, length = framed
        self.raw = b""
        if message.notes:
            self.usable_until = _usable_until(message, self.gateway.loop.time())
        body = message.take_body()
        if framing is Framing.NONE:
            if body or followed:
                self.gateway.metrics.upstream_errors["surplus"] += 1
            transaction.respond(message, framing, b"", complete=True)
            keep = message.keep_alive and not body and not followed
            # A parser that still waits for a body (HEAD) cannot read the next response.
            declared = bool(message.values(Kind.CONTENT_LENGTH) or message.values(Kind.TRANSFER_ENCODING))
            if not message.complete:
                keep = declared and message.keep_alive and not body
            self._finish(transaction, keep, None)
            self._renew_if_kept()
            return
        if framing is Framing.LENGTH and not message.complete:
            self.raw_left = length - len(body)
        self.until_close = framing is Framing.UNTIL_CLOSE
        transaction.respond(message, framing, body, complete=message.complete)
        if message.complete:
            self._finish(transaction, message.keep_alive, message, followed)

    def _renew_if_kept(self) -> None:
        if not self.closed:
            self._renew()

    def _known_length(self, transaction: "Transaction", data: bytes) -> None:
        if len(data) < self.raw_left:
            self.raw_left -= len(data)
            transaction.body(data)
            return
        body, rest = data[: self.raw_left], data[self.raw_left :]
        message = self.messages[0]
        self.raw_left = 0
        transaction.body(body)
        if self.transaction is transaction:
            self._finish(transaction, message.keep_alive, message, bool(rest))
            self._renew_if_kept()

    def _finish(
        self,
        transaction: "Transaction",
        reusable: bool,
        message: ResponseHead | None = None,
        followed: bool = False,
    ) -> None:
        """The response is complete: let the connection go, to the pool or for good, then tell the transaction."""
        if followed:
            self.gateway.metrics.upstream_errors["surplus"] += 1
        self.transaction = None
        self.messages.clear()
        self.gateway.read.stop(self)
        if (
            reusable
            and not followed
            and transaction.request_sent
            and not self.closed
            and not self.transport.is_closing()
        ):
            self.pool.release(self)
        else:
            self.close()
        transaction.responded(message.trailers if message else [])

    def _surplus(self) -> None:
        self.gateway.metrics.upstream_errors["surplus"] += 1
        self.close()

    def read_late(self) -> None:
        if self.transaction is not None:
            self.transaction.origin_failed(self, "read_timeout")

    def close(self) -> None:
        """Let the connection go; what it still says reaches nobody."""
        self.transaction = None
        self.gateway.read.stop(self)
        self.pool.forget(self)
        self.transport.abort()


class _Waiting:
    """In place of a parser that has failed on a head whose end has not come: fails again, so that it is cleaned."""

    def feed_data(self, data: bytes) -> None:
        raise httptools.HttpParserError


_TIMEOUT = re.compile(rb"(?:^|[,; \t])timeout[ \t]*=[ \t]*\"?([0-9]{1,6})", re.IGNORECASE)


def _usable_until(message: ResponseHead, now: float) -> float:
    """One second before the origin said that it would close an idle connection."""
    for value in message.values(Kind.KEEP_ALIVE):
        found = _TIMEOUT.search(value)
        if found:
            return now + int(found[1]) - 1
    return float("inf")


class Pool:
    """Connections to one origin: idle ones are used newest first; what cannot be served waits in a line."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.upstream = gateway.upstream
        self.idle: list[Origin] = []
        self.open = 0
        self.waiting: deque[tuple[float, Transaction]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._all: set[Origin] = set()
        self._addresses: tuple[float, list[str]] = (0.0, [])

    def connect(self, transaction: "Transaction", fresh: bool = False) -> None:
        """Give the transaction a connection, now or later: `attached` or `origin_unreachable` is called."""
        now = self.gateway.loop.time()
        while self.idle and not fresh:
            origin = self.idle.pop()
            self.gateway.idle.stop(origin)
            if origin.closed or origin.transport.is_closing():
                continue
            if origin.usable_until <= now:
                origin.close()
                continue
            origin.reused = True
            transaction.attached(origin)
            return
        if self.open < self.gateway.settings.max_upstream_connections:
            self._open(transaction)
        else:
            self.waiting.append((now + self.gateway.settings.pool_timeout, transaction))

    def _open(self, transaction: "Transaction") -> None:
        self.open += 1
        task = self.gateway.loop.create_task(self._establish(transaction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _establish(self, transaction: "Transaction") -> None:
        try:
            async with asyncio.timeout(self.gateway.settings.connect_timeout):
                origin = await self._dial()
        except TimeoutError:
            self._gone()
            transaction.origin_unreachable(504, "connect_timeout")
        except OSError:
            self._gone()
            transaction.origin_unreachable(502, "connect")
        else:
            self._all.add(origin)
            if transaction.over:
                self.release(origin)
            else:
                transaction.attached(origin)

    async def _dial(self) -> Origin:
        loop = self.gateway.loop
        if self.upstream.address is None:
            _, origin = await loop.create_unix_connection(
                lambda: Origin(self.gateway, self), self.upstream.socket
            )
            return origin
        failure: OSError = OSError("no address")
        for address in await self._resolve(self.upstream.address.host, self.upstream.address.port):
            try:
                _, origin = await loop.create_connection(
                    lambda: Origin(self.gateway, self), address, self.upstream.address.port
                )
            except OSError as error:
                failure = error
            else:
                return origin
        raise failure

    async def _resolve(self, host: str, port: int) -> list[str]:
        until, addresses = self._addresses
        now = self.gateway.loop.time()
        if now >= until:
            found = await self.gateway.loop.getaddrinfo(host, port, type=1)  # SOCK_STREAM
            addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
            self._addresses = (now + RESOLVE_SECONDS, addresses)
        return addresses

    def release(self, origin: Origin) -> None:
        """A connection that is free: for the first in line, else idle."""
        waiter = self._next_waiter()
        if waiter is not None:
            origin.reused = True
            waiter.attached(origin)
            return
        self.idle.append(origin)
        self.gateway.idle.start(origin, self.gateway.loop.time())

    def _next_waiter(self) -> "Transaction | None":
        while self.waiting:
            _, transaction = self.waiting.popleft()
            if not transaction.over:
                return transaction
        return None

    def forget(self, origin: Origin) -> None:
        """The connection is being closed: it is idle no more."""
        if origin in self.idle:
            self.idle.remove(origin)
        self.gateway.idle.stop(origin)

    def lost(self, origin: Origin) -> None:
        self.forget(origin)
        self._all.discard(origin)
        self._gone()

    def _gone(self) -> None:
        self.open -= 1
        waiter = self._next_waiter()
        if waiter is not None:
            self._open(waiter)

    def tick(self, now: float) -> None:
        while self.waiting and (self.waiting[0][0] <= now or self.waiting[0][1].over):
            _, transaction = self.waiting.popleft()
            if not transaction.over:
                transaction.origin_unreachable(503, "pool")

    def close(self) -> None:
        for origin in list(self._all):
            origin.close()
        for task in list(self._tasks):
            task.cancel()

    def __iter__(self) -> Iterator[Origin]:
        return iter(self._all)
