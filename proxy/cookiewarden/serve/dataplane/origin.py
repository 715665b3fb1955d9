"""The origin's side: one connection that reads responses, and the pool of connections.

Rules, because a mistake here hands one user's response to another:
- a connection returns to the pool only after a response whose end is certain, with nothing behind it, to a request
  that had been sent whole;
- bytes on an idle connection, or after a response, close it and reach no client;
- no parser lives longer than one head.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, cast

from cookiewarden.core.engine.engine import MALFORMED
from cookiewarden.serve.dataplane.context import NEVER, Gateway
from cookiewarden.serve.listening.tls import told_of
from cookiewarden.serve.wire.chunked import ChunkedBody
from cookiewarden.serve.wire.head import BadHead, Framing
from cookiewarden.serve.wire.response_head import ResponseHead, may_begin_a_response, without_bad_cookies

if TYPE_CHECKING:
    from cookiewarden.serve.dataplane.exchange import Transaction
    from cookiewarden.serve.dataplane.tunnel import Tunnel


RESOLVE_SECONDS = 5.0
"""How long an address of the origin's name is used for new connections."""


class Origin(asyncio.Protocol):
    """One connection to the origin, serving one transaction at a time."""

    transport: asyncio.Transport
    transaction: "Transaction | None" = None
    tunnel: "Tunnel | None" = None
    due = NEVER
    """When the origin is late, on the loop's clock; while it is idle, when it has been so for long enough."""
    reused = False
    heard = False
    """It has said something in answer to this request."""
    closed = False
    write_paused = False
    read_paused = False
    usable_until = NEVER
    held = b""
    """The beginning of a head."""
    left = 0
    """Octets of a body of known length that have not come."""
    chunks: ChunkedBody | None = None
    until_close = False
    keep_alive = False
    """The response allows the connection to be used again."""

    def __init__(self, gateway: Gateway, pool: "Pool") -> None:
        self.gateway = gateway
        self.pool = pool

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
            self.close()
            return
        self.heard = True
        if self.due != NEVER:
            self.due = self.gateway.loop.time() + self.gateway.settings.read_timeout
        transaction.spoke = perf_counter()
        if not transaction.responding:
            self._head(transaction, self.held + data if self.held else data, len(self.held))
        elif self.left:
            self._known_length(transaction, data)
        elif self.chunks is not None:
            self._chunks(transaction, self.chunks, data)
        else:
            transaction.body(data)

    def eof_received(self) -> bool:
        if self.tunnel is not None:
            return self.tunnel.origin_ended()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.due = NEVER
        self.pool.lost(self)
        if self.tunnel is not None:
            self.tunnel.close()
        transaction = self.transaction
        if transaction is None:
            return
        self.transaction = None
        if self.until_close and exc is None:
            transaction.responded([])
        else:
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

    def pause_reading(self) -> None:
        self.read_paused = True
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # Reading

    def _head(self, transaction: "Transaction", data: bytes, looked: int) -> None:
        """Read the heads at the beginning of `data`: interim ones, then the final one with what follows it. The first
        `looked` octets were looked at before."""
        self.held = b""
        while data:
            end = data.find(b"\r\n\r\n", max(looked - 3, 0)) + 4
            try:
                if end == 3:
                    self._hold(data, looked)
                    return
                looked = 0
                response = self._read(data[:end], transaction.request.method == b"HEAD")
            except BadHead as bad:
                transaction.origin_failed(self, bad.reason)
                return
            data = data[end:]
            if response.status >= 200:
                self._begin(transaction, response, data)
                return
            if response.status == 101:
                if not transaction.upgraded(self, response, data):
                    transaction.origin_failed(self, "bad_response")
                return
            transaction.interim(response)

    def _hold(self, data: bytes, looked: int) -> None:
        if len(data) > self.gateway.limits.max_head:
            raise BadHead(502, "head_too_large")
        if not may_begin_a_response(data, looked):
            raise BadHead(502, "bad_response")
        self.held = data

    def _read(self, head: bytes, to_head: bool) -> ResponseHead:
        """One bad Set-Cookie line makes the parser refuse everything: drop such lines and read again, as strictly."""
        responses = self.gateway.responses
        try:
            return responses.read(head, to_head)
        except BadHead:
            cleaned, dropped = without_bad_cookies(head)
            if not dropped:
                raise
            response = responses.read(cleaned, to_head)
        self.gateway.metrics.cookies("response", (MALFORMED,) * dropped)
        return response

    def _begin(self, transaction: "Transaction", response: ResponseHead, rest: bytes) -> None:
        self.keep_alive = response.keep_alive
        if response.idle_seconds is not None:
            # One second before the origin said that it would close an idle connection.
            self.usable_until = self.gateway.loop.time() + response.idle_seconds - 1
        framing = response.framing
        if framing is Framing.LENGTH and response.length:
            self.left = response.length
            body = rest[: self.left] if len(rest) > self.left else rest
            self.left -= len(body)
            transaction.respond(response, body)
            if not self.left:
                self._finish(transaction, [], len(rest) > len(body))
        elif framing is Framing.CHUNKED:
            self._begin_chunks(transaction, response, rest)
        elif framing is Framing.UNTIL_CLOSE:
            self.until_close = True
            transaction.respond(response, rest)
        else:
            transaction.respond(response, b"")
            self._finish(transaction, [], rest != b"")

    def _begin_chunks(self, transaction: "Transaction", response: ResponseHead, rest: bytes) -> None:
        self.chunks = chunks = ChunkedBody(self.gateway.limits.max_head)
        body = chunks.feed(rest)
        if chunks.fault is not None:
            transaction.origin_failed(self, "bad_response")
            return
        transaction.respond(response, body)
        if chunks.ended:
            self._finish(transaction, chunks.trailers, chunks.rest != b"")

    def _known_length(self, transaction: "Transaction", data: bytes) -> None:
        if len(data) < self.left:
            self.left -= len(data)
            transaction.body(data)
            return
        body, rest = data[: self.left], data[self.left :]
        self.left = 0
        transaction.body(body)
        self._finish(transaction, [], rest != b"")

    def _chunks(self, transaction: "Transaction", chunks: ChunkedBody, data: bytes) -> None:
        body = chunks.feed(data)
        if body:
            transaction.body(body)
        if chunks.fault is not None:
            transaction.origin_failed(self, "truncated")
        elif chunks.ended:
            self._finish(transaction, chunks.trailers, chunks.rest != b"")

    def _finish(self, transaction: "Transaction", trailers: list[bytes], followed: bool) -> None:
        """The response is complete: let the connection go, to the pool or for good, then tell the transaction."""
        self.transaction = None
        self.chunks = None
        self.resume_reading()
        if followed:
            self._surplus()
        if (
            self.keep_alive
            and not followed
            and transaction.request_sent
            and self.transport.get_write_buffer_size()
            == 0  # an early answer: the request is still on its way
            and not self.closed
            and not self.transport.is_closing()
        ):
            self.pool.release(self)
        else:
            self.close()
        transaction.responded(trailers)

    def _surplus(self) -> None:
        self.gateway.upstream_failed("surplus")

    def late(self) -> None:
        """`due` has passed."""
        if self.transaction is not None:
            self.transaction.origin_failed(self, "read_timeout")
        else:
            self.close()

    def close(self) -> None:
        """Let the connection go; what it still says reaches nobody."""
        self.transaction = None
        self.due = NEVER
        self.pool.forget(self)
        self.transport.abort()


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
            if origin.closed or origin.transport.is_closing():
                continue
            if origin.usable_until <= now:
                origin.close()
                continue
            origin.reused, origin.heard, origin.due = True, False, NEVER
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
        except OSError as error:
            self._gone()
            reason = "tls" if isinstance(error, ssl.SSLError) else "connect"
            transaction.origin_unreachable(502, reason, told_of(error))
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
                    lambda: Origin(self.gateway, self),
                    address,
                    self.upstream.address.port,
                    ssl=self.gateway.upstream_tls,
                    server_hostname=self.gateway.upstream_server_name if self.upstream.tls else None,
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
            origin.reused, origin.heard, origin.due = True, False, NEVER
            waiter.attached(origin)
            return
        self.idle.append(origin)
        origin.due = self.gateway.loop.time() + self.gateway.settings.upstream_idle_timeout

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
        for origin in [origin for origin in self._all if origin.due <= now]:
            origin.due = NEVER
            origin.late()
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
