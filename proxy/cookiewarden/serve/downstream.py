"""The client's side: one connection that reads requests, one at a time, and writes what the transaction hands it.

Rules:
- the parser has no pause: while a head is expected it is fed small slices, and while a request is in flight
  whatever else arrives is kept as raw bytes, bounded by not reading more;
- callbacks of the parser only record; what follows is done after `feed_data` has returned;
- a body of known length needs no parser: its octets are counted and passed on;
- an Upgrade makes the parser skip a declared body. Such a request is read again without its Upgrade, so that the
  body can never be taken for a second request.
"""

import asyncio
import re
import socket
import struct
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import httptools

from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.head import (
    BadHead,
    Framing,
    HeadTooLarge,
    Kind,
    Limits,
    RequestHead,
    error_response,
)
from cookiewarden.serve.reader import RequestReader
from cookiewarden.serve.transaction import Transaction

if TYPE_CHECKING:
    from cookiewarden.serve.tunnel import Tunnel

SLICE = 4096
"""Octets fed at once while a head is expected: bounds how many pipelined requests one feed can report."""
BODY_SLICE = 16384
HELD = 65536
"""Octets kept raw behind the request in flight; beyond it the client is not read."""
LINGER_OCTETS = 1 << 20


class Downstream(asyncio.Protocol):
    """One client connection."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.transport: asyncio.Transport
        self.peer = b"unknown"
        settings = gateway.settings
        self.reader = RequestReader(Limits(settings.max_head, settings.max_field, settings.max_fields))
        self.arrived = self.reader.messages
        """Requests whose heads are complete or begun, the first of them the next to serve."""
        self.opening = b""
        """The beginning of a request whose head came in several slices: to tell why it is refused."""
        self.raw_left = 0
        self.transaction: Transaction | None = None
        self.tunnel: Tunnel | None = None
        self.keep_alive = True
        self.ended = False
        """The client has closed its side."""
        self.held = b""
        self.failure: tuple[int, str] | None = None
        """A request that cannot be answered otherwise waits here until those before it are answered."""
        self.lingering = 0
        self.reading = True
        self._pauses = 0
        self._forwarded: tuple[bytes, bytes] | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple) and peer:
            self.peer = str(peer[0]).encode()
        gateway = self.gateway
        if len(gateway.clients) >= gateway.max_connections and not self._make_room():
            gateway.metrics.client_errors["overload"] += 1
            self.transport.write(error_response(503, keep_alive=False))
            self.transport.close()
            self.lingering = 1
            return
        gateway.clients.add(self)
        gateway.keepalive.start(self, gateway.loop.time())

    def _make_room(self) -> bool:
        idle = self.gateway.keepalive.first()
        if idle is None:
            return False
        idle.close()
        self.gateway.clients.discard(idle)
        return True

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.from_client(data)
        elif self.lingering:
            self.lingering += len(data)
            if self.lingering > LINGER_OCTETS:
                self.close()
        elif self.held or self._busy():
            self._hold(data)
        else:
            self._consume(data)

    def eof_received(self) -> bool:
        """A client that has sent its request and closed its side is still answered."""
        if self.tunnel is not None:
            self.tunnel.client_ended()
            return True
        self.ended = True
        transaction = self.transaction
        if self.lingering or transaction is None:
            return False
        if not transaction.body_ended:
            self.gateway.metrics.client_errors["abort"] += 1
            self.transaction = None
            transaction.client_gone()
            return False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        gateway = self.gateway
        gateway.clients.discard(self)
        for queue in (gateway.header, gateway.keepalive, gateway.client, gateway.linger, gateway.tunnel):
            queue.stop(self)
        if self.tunnel is not None:
            self.tunnel.close()
        if self.transaction is not None:
            gateway.metrics.client_errors["abort"] += 1
            self.transaction.client_gone()
            self.transaction = None

    def pause_writing(self) -> None:
        if self.tunnel is not None:
            self.tunnel.pause_origin()
        elif self.transaction is not None:
            self.transaction.client_full()
        self.gateway.client.start(self, self.gateway.loop.time())

    def resume_writing(self) -> None:
        self.gateway.client.stop(self)
        if self.tunnel is not None:
            self.tunnel.resume_origin()
        elif self.transaction is not None:
            self.transaction.client_drained()

    # Reading

    def _busy(self) -> bool:
        """Whether a request is in flight that has come whole: what arrives now belongs to the next."""
        return self.transaction is not None and self.transaction.body_ended

    def _hold(self, data: bytes) -> None:
        self.held += data
        if len(self.held) > HELD:
            self._stop_reading()

    def _consume(self, data: bytes) -> None:
        """Feed what arrived, up to the end of a request that is now in flight; the rest is held."""
        self.gateway.keepalive.stop(self)
        while data and not self.lingering:
            if self._busy() or self.failure is not None:
                self._hold(data)
                return
            if self.tunnel is not None:
                self.tunnel.from_client(data)
                return
            if self.raw_left:
                data = self._known_length(data)
                continue
            size = BODY_SLICE if self.reader.in_body else SLICE
            piece, data = (data, b"") if len(data) <= size else (data[:size], data[size:])
            data = self._feed(piece, data)
        self._watch()

    def _watch(self) -> None:
        """Start the deadline that fits what is awaited from the client."""
        if self.lingering or self.tunnel is not None:
            return
        now, gateway = self.gateway.loop.time(), self.gateway
        transaction = self.transaction
        if transaction is not None:
            if not transaction.body_ended and self.reading:
                gateway.client.start(self, now)
        elif not self.transport.is_closing() and self not in gateway.header:
            gateway.header.start(self, now)

    def _feed(self, piece: bytes, after: bytes) -> bytes:
        """Feed one slice; returns what is still to be consumed."""
        reader = self.reader
        reader.begun = 0
        try:
            reader.feed(piece)
        except httptools.HttpParserUpgrade as upgrade:
            return self._upgrade(piece[upgrade.args[0] :] + after)
        except HeadTooLarge:
            self._refuse_with(431, "head_too_large")
            return b""
        except httptools.HttpParserError as error:
            self._refuse(error, piece)
            return b""
        if reader.in_head:
            self.opening = (self.opening + piece)[:SLICE]
        elif self.opening:
            self.opening = b""
        self._advance()
        return after

    def _refuse(self, error: httptools.HttpParserError, piece: bytes) -> None:
        """What the parser refused: the status for it, once the requests before it are answered."""
        # With a second request in the slice nobody knows where it began.
        opening = self.opening + piece if self.reader.begun <= 1 and self.transaction is None else b""
        if isinstance(error, httptools.HttpParserInvalidMethodError):
            if _METHOD.fullmatch(opening):
                # Whether this is an unknown method or garbage shows at the end of the line.
                self.opening = opening
                self.reader.parser = _Waiting()
            elif _UNKNOWN_METHOD.match(opening):
                self._refuse_with(501, "not_implemented")
            else:
                self._refuse_with(400, "bad_request")
        elif self.arrived and self.arrived[-1].complete and not self.arrived[-1].keep_alive:
            self._advance()  # bytes after a request that said it was the last: they are dropped
        elif opening.lstrip(b"\r\n").startswith(_HTTP2):
            self._refuse_with(505, "version")
        else:
            self._refuse_with(400, "bad_request")

    def _refuse_with(self, status: int, reason: str) -> None:
        self.failure = (status, reason)
        broken, transaction = self.reader.current, self.transaction
        if (
            broken is not None
            and broken in self.arrived
            and not (transaction and transaction.request is broken)
        ):
            self.arrived.remove(broken)
        self._advance()

    def _upgrade(self, rest: bytes) -> bytes:
        """The parser stopped at a request with Upgrade, or at CONNECT, whose body, if any, it has not read."""
        request = self.arrived[-1]
        framed = bool(request.values(Kind.CONTENT_LENGTH) or request.values(Kind.TRANSFER_ENCODING))
        self.reader.renew()
        if request.method == b"CONNECT":
            self.arrived.pop()
            self.failure = (501, "not_implemented")
        elif any(b"websocket" in value.lower() for value in request.values(Kind.UPGRADE)) and framed:
            self.arrived.pop()
            self.failure = (400, "bad_request")
        elif framed:
            self.arrived.pop()
            rest = _without_upgrade(request) + rest
        self._advance()
        return rest

    def _known_length(self, data: bytes) -> bytes:
        """A piece of a body whose length is known, without the parser; returns what follows the body."""
        piece, rest = data[: self.raw_left], data[self.raw_left :]
        self.raw_left -= len(piece)
        transaction = self.transaction
        if transaction is not None:
            self.gateway.client.touch(self, self.gateway.loop.time())
            transaction.request_body(piece)
            if not self.raw_left:
                self.reader.renew()
                self._request_ended(transaction, [])
        return rest

    def _request_ended(self, transaction: Transaction, trailers: list[Any]) -> None:
        self.gateway.client.stop(self)
        transaction.request_ended(trailers)

    # Acting on what was recorded

    def _advance(self) -> None:
        """Serve the next request whose head is complete, and hand on the body of the one being served."""
        transaction = self.transaction
        if transaction is not None:
            self._pass_body(transaction)
        elif self.arrived and self.arrived[0].head_complete:
            self._serve(self.arrived[0])
        elif self.failure is not None:
            self.arrived.clear()
            self._fail(*self.failure)

    def _serve(self, request: RequestHead) -> None:
        gateway = self.gateway
        began = perf_counter()
        gateway.header.stop(self)
        if request.version not in ("1.0", "1.1"):
            return self._fail(505, "version")
        try:
            request.check()
        except BadHead as bad:
            return self._fail(bad.status, bad.reason)
        if 0 < gateway.settings.max_request_body < request.length:
            return self._fail(413, "body_too_large")
        self.keep_alive = request.keep_alive and not gateway.draining
        self.transaction = transaction = Transaction(gateway, self, request, began)
        if request.complete and not request.chunks and request.framing is not Framing.CHUNKED:
            transaction.body_ended = True  # the common case: nothing but a head
        transaction.start()
        if request.complete and transaction.body_ended:
            self.arrived.popleft()
        else:
            self._pass_body(transaction)
        transaction.overhead += perf_counter() - began

    def _pass_body(self, transaction: Transaction) -> None:
        request = transaction.request
        if transaction.over or transaction.body_ended:
            return
        body = request.take_body()
        if body:
            transaction.request_body(body)
            limit = self.gateway.settings.max_request_body
            if request.framing is Framing.CHUNKED and limit:
                request.length += len(body)
                if request.length > limit:
                    return self._fail(413, "body_too_large")
        if request.complete:
            self.arrived.popleft()
            self._request_ended(transaction, request.trailers)
        elif self.failure is not None:
            self._fail(*self.failure)
        elif request.framing is Framing.LENGTH and not self.raw_left:
            self.arrived.popleft()
            self.raw_left = request.length - len(body)

    # What the transaction asks for

    def forwarded(self, host: bytes) -> bytes:
        """The lines that say whence a request came; the last ones are kept, for a connection rarely changes host."""
        if self._forwarded is None or self._forwarded[0] != host:
            lines = b"X-Forwarded-For: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Proto: http\r\n"
            self._forwarded = host, lines % (self.peer, host)
        return self._forwarded[1]

    def pause(self) -> None:
        """The origin does not take more: stop reading the client."""
        self._pauses += 1
        self.gateway.client.stop(self)
        self._stop_reading()

    def resume(self) -> None:
        if self._pauses:
            self._pauses = 0
            self._start_reading()
            if self.transaction is not None and not self.transaction.body_ended:
                self.gateway.client.start(self, self.gateway.loop.time())

    def _stop_reading(self) -> None:
        if self.reading and not self.transport.is_closing():
            self.reading = False
            self.transport.pause_reading()

    def _start_reading(self) -> None:
        if (
            not self.reading
            and not self._pauses
            and len(self.held) <= HELD
            and not self.transport.is_closing()
        ):
            self.reading = True
            self.transport.resume_reading()

    def finished(self, request_complete: bool) -> None:
        """The response is written: on to the next request, or the end."""
        self.transaction = None
        self.gateway.client.stop(self)
        if not self.keep_alive or self.transport.is_closing():
            self._end(linger=not request_complete)
            return
        if self.arrived or self.held or self.failure is not None:
            self.gateway.loop.call_soon(self._next)
        elif self.ended:
            self.transport.close()
        else:
            self.gateway.keepalive.start(self, self.gateway.loop.time())

    def _next(self) -> None:
        """Serve what has come meanwhile."""
        if self.transaction is not None or self.lingering or self.transport.is_closing():
            return
        self._advance()
        if self.transaction is None or not self._busy():
            held, self.held = self.held, b""
            self._consume(held)
        self._start_reading()
        if self.transaction is None and not self.lingering and self.ended:
            self.transport.close()

    def answer(self, status: int, head_only: bool, request_complete: bool) -> None:
        """An answer of our own to a request that was forwarded or could not be."""
        keep_alive = self.keep_alive and request_complete and not self.gateway.draining
        self.keep_alive = keep_alive
        if not self.transport.is_closing():
            self.transport.write(error_response(status, keep_alive, head_only))
        self.finished(request_complete)

    def cut(self, reset: bool) -> None:
        """End the connection so that the response is seen to be incomplete. Towards HTTP/1.0 only a reset shows
        it: SO_LINGER 0 makes one of the close; uvloop's abort would send an ordinary end."""
        self.transaction = None
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()

    def tunnelled(self, tunnel: "Tunnel") -> None:
        self.transaction = None
        self.tunnel = tunnel
        self._pauses = 0
        held, self.held = self.held, b""
        if held:
            tunnel.from_client(held)
        self._start_reading()

    # Ends

    def _fail(self, status: int, reason: str) -> None:
        """Answer a request that is not forwarded, or whose body is at fault, and end the connection."""
        gateway = self.gateway
        gateway.metrics.client_errors[reason] += 1
        transaction, self.transaction = self.transaction, None
        self.failure = None
        self.keep_alive = False
        started = transaction is not None and transaction.responding
        if transaction is not None:
            transaction.client_gone(status)
        else:
            gateway.metrics.request(self.arrived[0].method if self.arrived else b"", status, 0.0, 0.0)
        if started:
            self.cut(reset=False)
            return
        self.transport.write(error_response(status, keep_alive=False))
        self._end(linger=True)

    def _end(self, linger: bool) -> None:
        """Close. A client that still sends is listened to for a while, or a reset would destroy the answer."""
        for queue in (self.gateway.header, self.gateway.keepalive, self.gateway.client):
            queue.stop(self)
        if linger and not self.ended and not self.transport.is_closing():
            self.lingering = 1
            self._pauses = 0
            self.held = b""
            self._start_reading()
            self.transport.write_eof()
            self.gateway.linger.start(self, self.gateway.loop.time())
        else:
            self.transport.close()

    def close(self) -> None:
        self.transport.close()

    def header_late(self) -> None:
        self._fail(408, "header_timeout")

    def idle_late(self) -> None:
        self.transport.close()

    def client_late(self) -> None:
        """The client neither sends its body nor reads its response."""
        transaction = self.transaction
        if transaction is not None and not transaction.responding and not transaction.body_ended:
            self._fail(408, "client_timeout")
        else:
            self.gateway.metrics.client_errors["client_timeout"] += 1
            if transaction is not None:
                transaction.client_gone()
                self.transaction = None
            self.transport.abort()


def _without_upgrade(request: RequestHead) -> bytes:
    """The head again for a new parser, without its Upgrade, with the same framing."""
    lines = [b"%b %b HTTP/%b" % (request.method, request.target, request.version.encode())]
    lines += (
        b"%b: %b" % (n, v) for n, v, kind in request.fields if kind not in (Kind.UPGRADE, Kind.CONNECTION)
    )
    named = [t for _, v, kind in request.fields if kind is Kind.CONNECTION for t in v.split(b",")]
    lines += (b"Connection: %b" % t for t in named if t.strip().lower() not in (b"upgrade", b""))
    return b"\r\n".join(lines) + b"\r\n\r\n"


class _Waiting:
    """In place of a parser that has refused a method whose line has not ended: refuses again, with more to see."""

    def feed_data(self, data: bytes) -> None:
        raise httptools.HttpParserInvalidMethodError


_METHOD = re.compile(rb"[\r\n]*[A-Z][A-Z-]{0,31}( [^\r\n]{0,1024})?\r?")
"""What may become a request line with a method that the parser does not know."""
_UNKNOWN_METHOD = re.compile(rb"[\r\n]*[A-Z][A-Z-]{0,31} [^\r\n ]+ HTTP/1\.[01]\r\n")
_HTTP2 = b"PRI * HTTP/2"
"""How HTTP/2 begins (RFC 9113 3.4)."""
