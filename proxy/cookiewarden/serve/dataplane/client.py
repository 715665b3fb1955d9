"""The client's side: one connection that reads requests, one at a time, and writes what the transaction hands it.

A head is cut off at its blank line and read whole; the body behind it is counted or decoded; what comes after the
end of a request waits, as raw bytes and bounded by not reading more, until that request is answered. So no parser
ever holds what belongs to a later request.
"""

import asyncio
import re
import socket
import struct
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, cast

from cookiewarden.core.cookies.scope import canonical_host
from cookiewarden.serve.dataplane.context import NEVER, Gateway
from cookiewarden.serve.dataplane.exchange import Transaction
from cookiewarden.serve.own_pages.guard import RESERVED, Guard, page_of, reported_name
from cookiewarden.serve.wire.chunked import ChunkedBody, Fault
from cookiewarden.serve.wire.head import BadHead, Framing, error_response, own_response
from cookiewarden.serve.wire.proxy_protocol import SIGNATURE
from cookiewarden.serve.wire.request_head import (
    RequestHead,
    read_again,
    read_request,
    refuse_early,
    values_of,
)

if TYPE_CHECKING:
    from cookiewarden.serve.dataplane.tunnel import Tunnel

HELD = 65536
"""Octets kept behind the request in flight; beyond it the client is not read."""
UNEXPECTED_HEADER = (
    "connections from %s begin with a PROXY protocol header; if a balancer is there, give --proxy-protocol %s"
)
LINGER_OCTETS = 1 << 20
LINGER_SECONDS = 2.0
"""How long an answered client that still sends is listened to, so that it reads the answer (RFC 9112 9.6)."""


_FORWARDED = b"\r\nX-Forwarded-For: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Proto: %b"
_SIGNATURE = SIGNATURE.lstrip(b"\r\n")
"""What is left of it: it begins with empty lines."""
_EMPTY_LINES = re.compile(rb"(?:\r\n)*")


class Awaits(Enum):
    """What the connection waits for, and so what happens when it is late."""

    REQUEST = "the first byte of a request"
    HEAD = "the rest of a head"
    PROGRESS = "more of a body, or that the client reads"
    END = "that the client closes"


class Downstream(asyncio.Protocol):
    """One client connection."""

    transport: asyncio.Transport
    transaction: Transaction | None = None
    last: RequestHead | None = None
    tunnel: "Tunnel | None" = None
    due = NEVER
    """When the client is late, on the loop's clock."""
    awaits = Awaits.REQUEST
    keep_alive = True
    ended = False
    """The client has closed its side."""
    held = b""
    """What came and was not looked at: the beginning of a head, or what follows the request in flight."""
    looked = 0
    """Octets of `held` that were found to be the beginning of a head: looked at once, a head in single octets costs
    a copy each and not a search (32 KiB of them: 0.1 s instead of 4)."""
    left = 0
    """Octets of a body of known length that have not come."""
    chunks: ChunkedBody | None = None
    """The chunked body that is coming."""
    received = 0
    """Octets of it that have come."""
    lingering = 0
    """Octets that came after the last answer, and one."""
    reading = True
    paused = False
    """The origin does not take more."""
    full = False
    """The client does not read what is written."""
    next_up = False
    """A request that came early is about to be served."""
    peer = b"unknown"
    trusted = False
    """Whether the peer's X-Forwarded fields are believed."""
    _forwarded: tuple[bytes, bytes] | None = None

    def __init__(self, gateway: Gateway, peer: bytes | None = None) -> None:
        """`peer`: the client's address, where a balancer has said it."""
        self.gateway = gateway
        self.said = peer

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if self.said is not None:
            self.peer = self.said
        elif isinstance(peer, tuple) and peer:
            self.peer = str(peer[0]).encode()
        gateway = self.gateway
        self.trusted = gateway.trusts(self.peer)
        if not gateway.has_room():
            gateway.metrics.client_errors.add("overload")
            self.transport.write(error_response(503, keep_alive=False))
            self.transport.close()
            self.lingering = 1
            return
        gateway.clients.add(self)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        if self.tunnel is not None:
            self.tunnel.from_client(data)
        elif self.lingering:
            self.lingering += len(data)
            if self.lingering > LINGER_OCTETS:
                self.close()
        elif self.transaction is None and not self.full and not self.next_up:
            if self.awaits is Awaits.REQUEST:
                self.gateway.idle.pop(self, None)
            self._head(self.held + data if self.held else data)
        elif self.transaction is not None and (self.left or self.chunks is not None):
            self._body(self.transaction, data)
        else:
            self.held += data
            if len(self.held) > HELD:
                self._stop_reading()

    def eof_received(self) -> bool:
        """A client that has sent its request and closed its side is still answered."""
        if self.tunnel is not None:
            return self.tunnel.client_ended()
        self.ended = True
        transaction = self.transaction
        if transaction is None:
            return self.next_up or self.full
        if not transaction.body_ended:
            self.gateway.metrics.client_errors.add("abort")
            self.transaction = None
            transaction.client_gone("abort")
            return False
        return self.transport.can_write_eof()  # TLS has no half-closed state

    def connection_lost(self, exc: Exception | None) -> None:
        gateway = self.gateway
        gateway.clients.discard(self)
        gateway.idle.pop(self, None)
        self.due = NEVER
        if self.tunnel is not None:
            self.tunnel.close()
        if self.transaction is not None:
            gateway.metrics.client_errors.add("abort")
            self.transaction.client_gone("abort")
            self.transaction = None

    def pause_writing(self) -> None:
        self.full = True
        if self.tunnel is not None:
            self.tunnel.pause_origin()
        elif self.transaction is not None:
            self.transaction.client_full()
            self._await_progress()

    def resume_writing(self) -> None:
        self.full = False
        if self.tunnel is not None:
            self.tunnel.resume_origin()
        elif self.transaction is not None:
            self.due = NEVER
            self.transaction.client_drained()
            if not self.transaction.body_ended and self.reading:
                self._await_progress()
        elif self.awaits is Awaits.PROGRESS and not self.transport.is_closing():
            self._await_next()

    # Reading

    def _head(self, data: bytes) -> None:
        """Read the head at the beginning of `data`, or wait for the rest of it."""
        began = perf_counter()
        if self.last is not None:
            request = read_again(data, self.gateway.limits, self.last)
            if request is not None:
                self.last = request
                self.looked = 0
                self._serve(request, b"", began)
                return
        looked, self.looked = self.looked, 0
        if data.startswith(b"\r\n"):  # RFC 9112 2.2: empty lines before a request are ignored
            looked = 0
            data = data[_EMPTY_LINES.match(data).end() :]  # type: ignore[union-attr]
            if not data:
                self._empty_lines()
                return
        end = data.find(b"\r\n\r\n", max(looked - 3, 0)) + 4
        limits = self.gateway.limits
        try:
            if end == 3:
                refuse_early(data, looked, limits)
                self.held, self.looked = data, len(data)
                if data == b"\r" and self.awaits is not Awaits.HEAD:
                    self._await_request_still()  # half of an empty line is no more of a head than all of it
                elif self.awaits is not Awaits.HEAD:
                    self.awaits = Awaits.HEAD
                    self.due = self.gateway.loop.time() + self.gateway.settings.header_timeout
                return
            self.last = request = read_request(data[:end], limits)
        except BadHead as bad:
            if data.startswith((b"PROXY ", _SIGNATURE)):
                self.gateway.hint(self.peer, UNEXPECTED_HEADER)
            self._fail(bad.status, bad.reason)
            return
        self._serve(request, data[end:], began)

    def _empty_lines(self) -> None:
        """What a client may send after a body is not the beginning of a request."""
        self.held = b""
        self._await_request_still()

    def _await_request_still(self) -> None:
        if self.awaits is Awaits.REQUEST:
            self.gateway.idle[self] = None  # as late as it was
        else:
            self._await_request()

    def _serve(self, request: RequestHead, rest: bytes, began: float) -> None:
        gateway = self.gateway
        self.due = NEVER
        self.awaits = Awaits.PROGRESS
        self.held = b""
        if 0 < gateway.settings.max_request_body < request.length:
            self._fail(413, "body_too_large", request.method)
            return
        self.keep_alive = request.keep_alive and not gateway.draining
        if gateway.guard is not None and request.path.startswith(RESERVED):
            self._serve_guard(gateway.guard, request, rest, began)
            return
        if gateway.statement is not None and gateway.statement.answers(request):
            self._serve_own(gateway.statement.answer(request), request, rest, began)
            return
        self.transaction = transaction = Transaction(gateway, self, request, began)
        if request.framing is Framing.NONE:
            self.held = rest
        else:
            self._expect_body(transaction, rest)
        if not transaction.over:
            transaction.start()
            transaction.overhead += perf_counter() - began

    def _serve_guard(self, guard: Guard, request: RequestHead, rest: bytes, began: float) -> None:
        """The guard's script, and what it tells: answered here, and never by the application."""
        if request.has_body:
            self._fail(413, "body_too_large", request.method)
            return
        name = reported_name(request.path) if request.method == b"POST" else b""
        if name:
            self._count_script(request, name)
        self._serve_own(guard.answer(request.method, request.path), request, rest, began)

    def _serve_own(
        self, answer: tuple[int, bytes, bytes], request: RequestHead, rest: bytes, began: float
    ) -> None:
        """A page of the proxy's own: status, header lines and body."""
        self.held = rest
        status, lines, body = answer
        self.transport.write(own_response(status, lines, body, self.keep_alive, request.method == b"HEAD"))
        seconds = perf_counter() - began
        self.gateway.metrics.request(request.method, status, seconds, seconds)
        if self.gateway.access.on:
            self.gateway.access.answered(
                self.peer, request.method, request.host, request.path, status, seconds, ""
            )
        self.finished(request_complete=True)

    def _count_script(self, request: RequestHead, name: bytes) -> None:
        engine = self.gateway.engine
        host, https = self.seen_by_browser(request)
        answer = engine.answer(request.cookies, values_of(b"sec-gpc", request.fields))
        decision = engine.on_script(name, engine.scope_of(host, request.path, https, answer))
        if decision is not None:
            self.gateway.metrics.cookies("script", (decision,))
            if self.gateway.sightings is not None:
                self.gateway.sightings.on_script(
                    name, decision, canonical_host(host), page_of(request.fields)
                )

    def _expect_body(self, transaction: Transaction, rest: bytes) -> None:
        request = transaction.request
        if request.framing is Framing.CHUNKED:
            self.chunks = ChunkedBody(self.gateway.limits.max_head)
            self.received = 0
        elif request.length == 0:
            self.held = rest
            transaction.request_ended([])
            return
        else:
            self.left = request.length
        if rest:
            self._body(transaction, rest)
        else:
            self._await_progress()

    def _body(self, transaction: Transaction, data: bytes) -> None:
        """A piece of the body that is expected, and what follows its end."""
        chunks = self.chunks
        if chunks is not None:
            self._chunks(transaction, chunks, data)
        elif len(data) < self.left:
            self.left -= len(data)
            transaction.request_body(data)
            if not self.paused:
                self._await_progress()
        else:
            body, self.held = data[: self.left], data[self.left :]
            self.left = 0
            self.due = NEVER
            transaction.request_body(body)
            transaction.request_ended([])

    def _chunks(self, transaction: Transaction, chunks: ChunkedBody, data: bytes) -> None:
        body = chunks.feed(data)
        limit = self.gateway.settings.max_request_body
        self.received += len(body)
        if chunks.fault is not None:
            grammar = chunks.fault is Fault.GRAMMAR
            self._fail(*((400, "bad_request") if grammar else (431, "head_too_large")))
            return
        if 0 < limit < self.received:
            self._fail(413, "body_too_large")
            return
        if body:
            transaction.request_body(body)
        if chunks.ended:
            self.chunks, self.held = None, chunks.rest
            self.due = NEVER
            transaction.request_ended(chunks.trailers)
        elif not self.paused:
            self._await_progress()

    def _await_request(self) -> None:
        self.awaits = Awaits.REQUEST
        self.due = self.gateway.loop.time() + self.gateway.settings.keepalive_timeout
        self.gateway.idle[self] = None

    def _await_progress(self) -> None:
        self.due = self.gateway.loop.time() + self.gateway.settings.client_timeout

    # What the transaction asks for

    def seen_by_browser(self, request: RequestHead) -> tuple[bytes, bool]:
        """Host and whether it was HTTPS, as the browser saw it."""
        came = request.forwarded
        if came is None or not self.trusted:
            return request.host, self.gateway.https
        return came.host or request.host, came.scheme == b"https" if came.scheme else self.gateway.https

    def forwarded(self, request: RequestHead) -> bytes:
        """The lines that say whence a request came. The last are kept: a connection rarely changes its host."""
        came, host = request.forwarded, request.host
        if came is not None and self.trusted:
            addresses = came.addresses + b", " + self.peer if came.addresses else self.peer
            return _FORWARDED % (addresses, came.host or host, came.scheme or self.gateway.scheme)
        if came is not None:
            self.gateway.forwarded_replaced(self.peer)
        if self._forwarded is None or self._forwarded[0] != host:
            self._forwarded = host, _FORWARDED % (self.peer, host, self.gateway.scheme)
        return self._forwarded[1]

    def pause(self) -> None:
        """The origin does not take more: stop reading the client."""
        self.paused = True
        self.due = NEVER
        self._stop_reading()

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self._start_reading()
            if self.transaction is not None and not self.transaction.body_ended:
                self._await_progress()

    def _stop_reading(self) -> None:
        if self.reading and not self.transport.is_closing():
            self.reading = False
            self.transport.pause_reading()

    def _start_reading(self) -> None:
        if not (self.reading or self.paused or len(self.held) > HELD or self.transport.is_closing()):
            self.reading = True
            self.transport.resume_reading()

    def finished(self, request_complete: bool) -> None:
        """The response is written: on to the next request, or the end."""
        self.transaction = None
        self.paused = False
        if not self.keep_alive or self.transport.is_closing():
            self._end(linger=not request_complete)
        elif self.full:
            self._await_progress()  # the end of the response is not read yet: nothing more is served
        else:
            self._await_next()

    def _await_next(self) -> None:
        """Ready for the next request, which may have come already."""
        self._start_reading()
        if self.held:
            self.due = NEVER
            self.next_up = True
            self.gateway.loop.call_soon(self._next)
        elif self.ended:
            self.close()
        else:
            self._await_request()

    def _next(self) -> None:
        """Serve what has come meanwhile."""
        self.next_up = False
        if self.transaction is not None or self.lingering or self.transport.is_closing():
            return
        held, self.held = self.held, b""
        self._head(held)
        self._start_reading()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self.transaction is None and not self.lingering and self.ended:
            self.close()

    def answer(self, status: int, head_only: bool, request_complete: bool) -> None:
        """An answer of our own to a request that was forwarded or could not be."""
        self.keep_alive = self.keep_alive and request_complete and not self.gateway.draining
        if not self.transport.is_closing():
            self.transport.write(error_response(status, self.keep_alive, head_only))
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
            self.close()

    def tunnelled(self, tunnel: "Tunnel") -> None:
        self.transaction = None
        self.tunnel = tunnel
        self.paused = False
        held, self.held = self.held, b""
        if held:
            tunnel.from_client(held)
        if self.ended:
            tunnel.client_ended()
        self._start_reading()

    # Ends

    def _fail(self, status: int, reason: str, method: bytes = b"") -> None:
        """Answer a request that is not forwarded, or whose body is at fault, and end the connection."""
        metrics = self.gateway.metrics
        metrics.client_errors.add(reason)
        transaction, self.transaction = self.transaction, None
        self.keep_alive = False
        started = transaction is not None and transaction.responding
        if transaction is not None:
            transaction.client_gone(reason, status)
        else:
            metrics.request(method, status, 0.0, 0.0)
            if self.gateway.access.on:
                self.gateway.access.refused(self.peer, status, reason)
        if started:
            self.cut(reset=False)
            return
        self.transport.write(error_response(status, keep_alive=False))
        self._end(linger=True)

    def _end(self, linger: bool) -> None:
        """Close. A client that still sends is listened to for a while, or a reset would destroy the answer."""
        self.due = NEVER
        if linger and not self.ended and not self.transport.is_closing():
            self.lingering = 1
            self.left, self.chunks, self.held, self.paused = 0, None, b"", False
            self._start_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.awaits = Awaits.END
            self.due = self.gateway.loop.time() + LINGER_SECONDS
        else:
            self.close()

    def close(self) -> None:
        """Close once what was written is read, for which the client has its usual time."""
        self.awaits = Awaits.PROGRESS
        self._await_progress()
        self.transport.close()

    def late(self) -> None:
        """`due` has passed."""
        transaction = self.transaction
        if self.awaits is Awaits.HEAD:
            self._fail(408, "header_timeout")
        elif self.awaits is not Awaits.PROGRESS or (
            self.tunnel is not None and not self.transport.is_closing()
        ):
            self.close()
        elif transaction is not None and not transaction.responding and not transaction.body_ended:
            self._fail(408, "client_timeout")
        else:
            self.gateway.metrics.client_errors.add("client_timeout")
            if transaction is not None:
                transaction.client_gone("client_timeout")
                self.transaction = None
            self.transport.abort()
