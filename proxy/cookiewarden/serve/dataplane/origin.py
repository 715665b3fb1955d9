"""The origin side: a connection that reads responses.

Errors here could send the response of one user to another. The rules:
- A connection returns to the pool only if the request was sent completely, the end of the response is certain, and no
  bytes follow it.
- Bytes on an idle connection, or after a response, close the connection and are not forwarded.
- A parser is used for one head only.
"""

import asyncio
from time import perf_counter
from typing import cast

from cookiewarden.core.engine.judge import MALFORMED
from cookiewarden.serve.dataplane.context import Context
from cookiewarden.serve.dataplane.roles import ExchangeRole, OriginRole, PoolRole, TunnelRole
from cookiewarden.serve.listening.connections import NEVER
from cookiewarden.serve.wire.body import Body, LengthBody, RestBody
from cookiewarden.serve.wire.chunked import ChunkedBody
from cookiewarden.serve.wire.head import BY_LENGTH, CHUNKED, NO_BODY, BadHead
from cookiewarden.serve.wire.response_head import ResponseHead, may_begin_a_response, without_bad_cookies


class OriginPoolRole(PoolRole):
    """The interface of the pool for its connections."""

    def release(self, origin: "OriginConnection") -> None:
        """Take back a connection that is free."""
        raise NotImplementedError

    def forget(self, origin: "OriginConnection") -> None:
        """Remove a connection that is being closed from the idle ones."""
        raise NotImplementedError

    def lost(self, origin: "OriginConnection") -> None:
        """Record that a connection has closed."""
        raise NotImplementedError


class OriginConnection(OriginRole):
    """A connection to the origin, which serves one exchange at a time."""

    tunnel: TunnelRole | None = None
    closed = False
    read_paused = False
    usable_until = NEVER
    held = b""
    """The beginning of an incomplete head."""
    body: Body | None = None
    """The body that is being received."""
    keep_alive = False
    """True if the response allows the connection to be reused."""

    def __init__(self, context: Context, pool: OriginPoolRole) -> None:
        self.context = context
        self.pool = pool

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if self.tunnel is not None:
            self.tunnel.from_origin(data)
            return
        if exchange is None:
            self._surplus()
            self.close()
            return
        self.heard = True
        if self.due != NEVER:
            self.await_answer()
        if not exchange.responding:
            exchange.spoke = perf_counter()
            self._head(exchange, self.held + data if self.held else data, len(self.held))
        elif self.body is not None:
            self._body(exchange, self.body, data)

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
        exchange = self.exchange
        if exchange is None:
            return
        self.exchange = None
        if exc is None and isinstance(self.body, RestBody):
            exchange.responded([])
        else:
            exchange.origin_lost(self)

    def pause_writing(self) -> None:
        self.write_paused = True
        if self.tunnel is not None:
            self.tunnel.origin_full()
        elif self.exchange is not None:
            self.exchange.origin_full()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.tunnel is not None:
            self.tunnel.origin_drained()
        elif self.exchange is not None:
            self.exchange.origin_drained()

    def pause_reading(self) -> None:
        self.read_paused = True
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # The deadline

    def await_answer(self) -> None:
        self.due = self.context.loop.time() + self.context.settings.read_timeout

    def await_nothing(self) -> None:
        self.due = NEVER

    def wait_in_pool(self) -> None:
        """Set the deadline of an idle connection."""
        self.due = self.context.loop.time() + self.context.settings.upstream_idle_timeout

    def serve_again(self) -> None:
        """Prepare a used connection for another exchange."""
        self.reused, self.heard, self.due = True, False, NEVER

    # Reading

    def _head(self, exchange: ExchangeRole, data: bytes, looked: int) -> None:
        """Parse the heads at the beginning of `data`: interim responses, then the final one and the bytes after it. The
        first `looked` octets have been checked before."""
        self.held = b""
        while data:
            end = data.find(b"\r\n\r\n", max(looked - 3, 0)) + 4
            try:
                if end == 3:
                    self._hold(data, looked)
                    return
                looked = 0
                response = self._read(data[:end], exchange.request.method == b"HEAD")
            except BadHead as bad:
                exchange.origin_failed(self, bad.reason)
                return
            data = data[end:]
            if response.status >= 200:
                self._begin(exchange, response, data)
                return
            if response.status == 101:
                if not exchange.upgraded(self, response, data):
                    exchange.origin_failed(self, "bad_response")
                return
            exchange.interim(response)

    def _hold(self, data: bytes, looked: int) -> None:
        if len(data) > self.context.limits.max_head:
            raise BadHead(502, "head_too_large")
        if not may_begin_a_response(data, looked):
            raise BadHead(502, "bad_response")
        self.held = data

    def _read(self, head: bytes, to_head: bool) -> ResponseHead:
        """Parse a head. If it is refused, remove invalid Set-Cookie lines and parse it again, equally strictly."""
        responses = self.context.responses
        try:
            return responses.read(head, to_head)
        except BadHead:
            cleaned, dropped = without_bad_cookies(head)
            if not dropped:
                raise
            response = responses.read(cleaned, to_head)
        self.context.metrics.cookies("response", (MALFORMED,) * dropped)
        return response

    def _begin(self, exchange: ExchangeRole, response: ResponseHead, rest: bytes) -> None:
        self.keep_alive = response.keep_alive
        if response.idle_seconds is not None:
            # One second before the origin closes an idle connection, by its Keep-Alive field.
            self.usable_until = self.context.loop.time() + response.idle_seconds - 1
        if response.framing is NO_BODY or (response.framing is BY_LENGTH and len(rest) >= response.length):
            # The complete body has arrived, as in most responses.
            length = response.length if response.framing is BY_LENGTH else 0
            exchange.respond(response, rest[:length] if len(rest) > length else rest)
            self._finish(exchange, [], len(rest) > length)
            return
        self.body = body = self._body_of(response)
        piece = body.feed(rest)
        if body.fault is not None:
            exchange.origin_failed(self, "bad_response")
            return
        exchange.respond(response, piece)
        if body.ended:
            self._finish(exchange, body.trailers, body.rest != b"")

    def _body_of(self, response: ResponseHead) -> Body:
        if response.framing is CHUNKED:
            return ChunkedBody(self.context.limits.max_head)
        return LengthBody(response.length) if response.framing is BY_LENGTH else RestBody()

    def _body(self, exchange: ExchangeRole, body: Body, data: bytes) -> None:
        if isinstance(body, ChunkedBody):
            line = body.whole_chunk(data)
            if line:
                exchange.response_chunk(data, line)
                return
        piece = body.feed(data)
        if piece:
            exchange.response_body(piece)
        if body.fault is not None:
            exchange.origin_failed(self, "truncated")
        elif body.ended:
            self._finish(exchange, body.trailers, body.rest != b"")

    def _finish(self, exchange: ExchangeRole, trailers: list[bytes], followed: bool) -> None:
        """Complete the response: release or close the connection, then notify the exchange."""
        self.exchange = None
        self.body = None
        self.resume_reading()
        if followed:
            self._surplus()
        if (
            self.keep_alive
            and not followed
            and exchange.request_sent
            and self.transport.get_write_buffer_size() == 0  # otherwise the request is not sent completely
            and not self.closed
            and not self.transport.is_closing()
        ):
            self.pool.release(self)
        else:
            self.close()
        exchange.responded(trailers)

    def _surplus(self) -> None:
        self.pool.failed("surplus")

    def late(self) -> None:
        """Handle a missed deadline."""
        if self.exchange is not None:
            self.exchange.origin_failed(self, "read_timeout")
        else:
            self.close()

    def tunnelled(self, tunnel: TunnelRole) -> None:
        self.exchange, self.tunnel = None, tunnel

    def close(self) -> None:
        self.exchange = None
        self.due = NEVER
        self.pool.forget(self)
        self.transport.abort()
