"""The client side: a connection that reads requests one at a time, and writes the bytes of the exchange.

A head is read when its blank line has arrived. The body after it is counted or decoded. Bytes after the end of a
request are kept unparsed until the request is answered, and above a limit reading stops. A parser therefore never holds
bytes of a later request.
"""

import asyncio
import re
import socket
import struct
from time import perf_counter
from typing import cast

from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.dataplane.context import MAX_HOST, Context
from cookiewarden.serve.dataplane.exchange import HttpExchange
from cookiewarden.serve.dataplane.phase import ANSWER, BODY_ARRIVES, HEAD_ARRIVES, IDLE, Arrival, Lateness, Phase
from cookiewarden.serve.dataplane.roles import ClientRole, PoolRole, TunnelRole
from cookiewarden.serve.judging.cookies import judge_script
from cookiewarden.serve.listening.connections import NEVER
from cookiewarden.serve.observe.metrics import FORWARDED_REPLACED
from cookiewarden.serve.own_pages.guard import RESERVED, Guard, page_of, reported_name
from cookiewarden.serve.wire.body import Body, Fault, LengthBody
from cookiewarden.serve.wire.chunked import ChunkedBody
from cookiewarden.serve.wire.forwarded import Browser, Forwarded, browser_of
from cookiewarden.serve.wire.head import BY_LENGTH, CHUNKED, NO_BODY, BadHead, error_response, own_response, without
from cookiewarden.serve.wire.proxy_protocol import SIGNATURE
from cookiewarden.serve.wire.request_head import RequestHead, read_again, read_request, refuse_early

HELD = 65536
"""Maximum octets kept after the request in flight. Above it, the client is not read."""
UNEXPECTED_HEADER = (
    "connections from %s begin with a PROXY protocol header; if a load balancer is there, give --proxy-protocol %s"
)
HTTP2 = (
    "clients in %s speak HTTP/2 with prior knowledge (gRPC, or Service appProtocol: kubernetes.io/h2c); "
    "route the port past the sidecar, or make %s use HTTP/1.1"
)
UNCLEAR = (
    "X-Forwarded or Forwarded headers from %s are not valid, or their members disagree; "
    "let the ingress in %s overwrite them instead of appending to them"
)
UNUSED = (
    "headers from %s state the scheme, such as X-Forwarded-Ssl, and are not used; let the ingress in %s send "
    "X-Forwarded-Proto, or give --scheme"
)
REMOVED = (
    "removing headers of an ingress from %s, such as X-Real-IP; if an ingress is there, give --trust-forwarded %s, "
    "or keep single headers with --keep-client-header"
)
REPLACED = "replacing X-Forwarded headers from %s; if an ingress is there, give --trust-forwarded %s"
REMEMBERED = 8192
"""Maximum octets of a head whose fields are kept to recognize the next one. An idle connection holds twice as many."""
LINGER_OCTETS = 1 << 20
LINGER_SECONDS = 2.0
"""Time to read a client that still sends after its response, so that it can read the response (RFC 9112 9.6)."""

_SIGNATURE = SIGNATURE.lstrip(b"\r\n")
"""The signature without the empty lines at its beginning."""
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n"
"""The first line of the connection preface (RFC 9113 3.4)."""
_EMPTY_LINES = re.compile(rb"(?:\r\n)*")


class ClientConnection(ClientRole):
    """A client connection."""

    phase = IDLE
    exchange: HttpExchange | None = None
    last: RequestHead | None = None
    """The last head without its first line and cookies. Connections with equal fields share one, so that an idle
    connection takes little memory."""
    tunnel: TunnelRole | None = None
    ended = False
    """True if the client has closed its side."""
    held = b""
    """Bytes not parsed yet: the beginning of a head, or bytes after the request in flight."""
    looked = 0
    """Octets of `held` that have been checked. A head that arrives in single octets is then searched only once:
    0.1 s instead of 4 for 32 KiB."""
    body: Body | None = None
    """The body that is being received."""
    received = 0
    """Octets of the body received."""
    ignored = 0
    """Octets received after the last response."""
    reading = True
    paused = False
    """True while the application does not accept more data."""
    is_trusted = False
    """True if the X-Forwarded fields of the peer are trusted."""
    _browser: Browser | None = None
    """Cache for requests without trusted X-Forwarded fields, because a connection rarely changes its host."""

    def __init__(self, context: Context, pool: PoolRole, peer: bytes | None = None) -> None:
        """Create a connection. `peer`: the client's address, if a load balancer sent it."""
        self.context = context
        self.pool = pool
        self._balanced_for = peer

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if self._balanced_for is not None:
            self.peer = self._balanced_for
        elif isinstance(peer, tuple) and peer:
            self.peer = str(peer[0]).encode()
        context = self.context
        self.is_trusted = context.trusts(self.peer)
        if not context.connections.has_room():
            context.metrics.client_errors.add("overload")
            self.transport.write(error_response(503, keep_alive=False))
            self.transport.close()
            self.phase = Phase.LINGER
            return
        context.connections.open.add(self)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        arrival = self.phase.arrival
        if arrival is HEAD_ARRIVES:
            if self.phase is IDLE:
                self.context.connections.idle.pop(self, None)
            self._head(self.held + data if self.held else data)
        elif arrival is BODY_ARRIVES:
            if self.exchange is not None and self.body is not None:
                self._body(self.exchange, self.body, data)
        elif arrival is Arrival.TUNNEL:
            if self.tunnel is not None:
                self.tunnel.from_client(data)
        elif arrival is Arrival.IGNORED:
            self.ignored += len(data)
            if self.ignored > LINGER_OCTETS:
                self.close()
        else:
            self.held += data
            if len(self.held) > HELD:
                self._stop_reading()

    def eof_received(self) -> bool:
        """Keep the connection of a client that has closed its side after its request, to answer it."""
        if self.tunnel is not None:
            return self.tunnel.client_ended()
        self.ended = True
        exchange = self.exchange
        if exchange is None:
            return self.phase is Phase.NEXT or self.full
        if not exchange.body_ended:
            self.context.metrics.client_errors.add("abort")
            self.exchange = None
            exchange.client_gone("abort")
            return False
        return self.transport.can_write_eof()  # TLS has no half-closed state

    def connection_lost(self, exc: Exception | None) -> None:
        connections = self.context.connections
        connections.open.discard(self)
        connections.idle.pop(self, None)
        self.due = NEVER
        if self.tunnel is not None:
            self.tunnel.close()
        if self.exchange is not None:
            self.context.metrics.client_errors.add("abort")
            self.exchange.client_gone("abort")
            self.exchange = None

    def pause_writing(self) -> None:
        self.full = True
        if self.tunnel is not None:
            self.tunnel.client_full()
        elif self.exchange is not None:
            self.exchange.client_full()
            self._await_progress()

    def resume_writing(self) -> None:
        self.full = False
        if self.tunnel is not None:
            self.tunnel.client_drained()
        elif self.exchange is not None:
            self.due = NEVER
            self.exchange.client_drained()
            if not self.exchange.body_ended and self.reading:
                self._await_progress()
        elif self.phase is Phase.UNREAD and not self.transport.is_closing():
            self._await_next()

    # Reading

    def _head(self, data: bytes) -> None:
        """Parse the head at the beginning of `data`, or wait for its end."""
        began = perf_counter()
        last = self.last or self.context.last
        if last is not None and (not self.looked or data.endswith(b"\r\n\r\n")):
            request = read_again(data, self.context.limits, last)
            if request is not None:
                self.last = last
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
        limits = self.context.limits
        try:
            if end == 3:
                refuse_early(data, looked, limits)
                self.held, self.looked = data, len(data)
                if data == b"\r" and self.phase is not Phase.HEAD:
                    self._await_request_still()  # half of an empty line does not begin a request either
                elif self.phase is not Phase.HEAD:
                    self.phase = Phase.HEAD
                    self.due = self.context.loop.time() + self.context.settings.header_timeout
                return
            request = read_request(data[:end], limits)
            self.last = None
            if end <= REMEMBERED:
                self.last = self.context.last = request.again(b"", b"", [])
        except BadHead as bad:
            if data.startswith((b"PROXY ", _SIGNATURE)):
                self.context.hints.give(self.peer, UNEXPECTED_HEADER)
            elif data.startswith(_HTTP2_PREFACE):
                self.context.hints.give(self.peer, HTTP2)
            self._fail(bad.status, bad.reason)
            return
        self._serve(request, data[end:], began)

    def _empty_lines(self) -> None:
        """Ignore empty lines, which a client may send after a body; they do not begin a request."""
        self.held = b""
        self._await_request_still()

    def _await_request_still(self) -> None:
        if self.phase is IDLE:
            self.context.connections.idle[self] = None  # the deadline is unchanged
        else:
            self._await_request()

    def _serve(self, request: RequestHead, rest: bytes, began: float) -> None:
        context = self.context
        self.due = NEVER
        self.phase = ANSWER
        self.held = b""
        if 0 < context.settings.max_request_body < request.length:
            self._fail(413, "body_too_large", request.method)
            return
        self.keep_alive = request.keep_alive and not context.connections.draining
        guard, statement = context.in_force.guard, context.in_force.statement
        if guard is not None and request.path.startswith(RESERVED):
            self._serve_guard(guard, request, rest, began)
            return
        if statement is not None and statement.answers(request):
            self._serve_own(statement.answer(request), request, rest, began)
            return
        browser = self._browser
        if browser is None or request.forwarded is not None or browser.host != request.host:
            browser = self._browser_behind(request)
        self.exchange = exchange = HttpExchange(context, self.pool, self, request, browser, began)
        if guard is not None and self.last is not None:
            self.last.asked = request.asked
        if request.framing is NO_BODY:
            self.held = rest
        else:
            self._expect_body(exchange, rest)
        if not exchange.over:
            exchange.start()
            exchange.overhead += perf_counter() - began

    def _serve_guard(self, guard: Guard, request: RequestHead, rest: bytes, began: float) -> None:
        """Answer a request for the guard's script, or a report of the guard. The application does not get it."""
        if request.has_body:
            self._fail(413, "body_too_large", request.method)
            return
        name = reported_name(request.path) if request.method == b"POST" else b""
        if name:
            seen = self._browser_of(request)
            judge_script(self.context.policies, request, name, seen.host, seen.https, page_of(request.fields))
        self._serve_own(guard.answer(request.method, request.path), request, rest, began)

    def _serve_own(self, answer: tuple[int, bytes, bytes], request: RequestHead, rest: bytes, began: float) -> None:
        """Send a page of the proxy: status, header lines and body."""
        self.held = rest
        status, lines, body = answer
        self.transport.write(own_response(status, lines, body, self.keep_alive, request.method == b"HEAD"))
        seconds = perf_counter() - began
        self.context.metrics.request(request.method, status, seconds, seconds)
        if self.context.access.on:
            self.context.access.answered(self.peer, request.method, request.host, request.path, status, seconds, "")
        self.finished(request_complete=True)

    def _expect_body(self, exchange: HttpExchange, rest: bytes) -> None:
        request = exchange.request
        if request.framing is BY_LENGTH and request.length == 0:
            self.held = rest
            exchange.request_ended([])
            return
        is_chunked = request.framing is CHUNKED
        self.body = ChunkedBody(self.context.limits.max_head) if is_chunked else LengthBody(request.length)
        self.received = 0
        self.phase = Phase.BODY
        if rest:
            self._body(exchange, self.body, rest)
        else:
            self._await_progress()

    def _body(self, exchange: HttpExchange, body: Body, data: bytes) -> None:
        """Process a piece of the request body, and keep the bytes after its end."""
        piece = body.feed(data)
        self.received += len(piece)
        if body.fault is not None:
            is_grammar = body.fault is Fault.GRAMMAR
            self._fail(*((400, "bad_request") if is_grammar else (431, "head_too_large")))
            return
        if 0 < self.context.settings.max_request_body < self.received:
            self._fail(413, "body_too_large")
            return
        if body.ended:
            self.body, self.held = None, body.rest
            if not self.full:
                self.due = NEVER
            self.phase = ANSWER
        if piece:
            exchange.request_body(piece)
        if body.ended:
            exchange.request_ended(body.trailers)
        elif not self.paused:
            self._await_progress()

    def _await_request(self) -> None:
        self.phase = IDLE
        self.due = self.context.loop.time() + self.context.settings.keepalive_timeout
        self.context.connections.idle[self] = None

    def _await_progress(self) -> None:
        self.due = self.context.loop.time() + self.context.settings.client_timeout

    def _browser_behind(self, request: RequestHead) -> Browser:
        """Determine the browser of a request that is forwarded to the application."""
        came = request.forwarded
        if came is not None:
            self._count_forwarded(request, came)
        return self._browser_of(request)

    def _count_forwarded(self, request: RequestHead, came: Forwarded) -> None:
        """Count and log unused fields of an ingress, and remove fields that untrusted peers must not send."""
        metrics, hints = self.context.metrics, self.context.hints
        if self.is_trusted:
            for name in came.unclear:
                metrics.forwarded_unclear.add(name)
                hints.give(self.peer, UNCLEAR)
            for name in came.unused if not self.context.https else ():
                metrics.forwarded_unclear.add(name)
                hints.give(self.peer, UNUSED)
            return
        if came.is_present:
            metrics.add(FORWARDED_REPLACED)
            hints.give(self.peer, REPLACED)
        unwanted = [name for name in came.ingress if name not in self.context.settings.keep_client_header]
        if not unwanted:
            return
        enforced = self.context.policies.engine.mode is Mode.ENFORCE
        for name in unwanted:
            metrics.ingress_fields.add((name, enforced))
        if enforced:
            hints.give(self.peer, REMOVED)
            request.fields = without(request.fields, frozenset(name.encode() for name in unwanted))

    def _browser_of(self, request: RequestHead) -> Browser:
        came = request.forwarded if self.is_trusted else None
        if came is not None:
            return browser_of(self.peer, request.host, came, True, self.context.https)
        if self._browser is not None and self._browser.host == request.host:
            return self._browser
        browser = self.context.browser(self.peer, request.host)
        self._browser = browser if len(request.host) <= MAX_HOST else None
        return browser

    # Called by the exchange

    def pause(self) -> None:
        """Stop reading the client, because the application does not accept more data."""
        self.paused = True
        self.due = NEVER
        self._stop_reading()

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self._start_reading()
            if self.exchange is not None and not self.exchange.body_ended:
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
        """Continue with the next request, or close, after the response has been written."""
        self.exchange = None
        self.paused = False
        if not self.keep_alive or self.transport.is_closing():
            self._end(linger=not request_complete or self.held != b"")
        elif self.full:
            self.phase = Phase.UNREAD  # the next request waits until the client has read the response
            self._await_progress()
        else:
            self._await_next()

    def _await_next(self) -> None:
        """Wait for the next request, or serve it if it has already arrived."""
        self._start_reading()
        if self.held:
            self.due = NEVER
            self.phase = Phase.NEXT
            self.context.loop.call_soon(self._next)
        elif self.ended:
            self.close()
        else:
            self._await_request()

    def _next(self) -> None:
        """Serve a request that has arrived early."""
        if self.phase is not Phase.NEXT or self.transport.is_closing():
            return
        held, self.held = self.held, b""
        self._head(held)
        self._start_reading()
        if self.ended:
            self._close_if_incomplete()

    def _close_if_incomplete(self) -> None:
        """End an incomplete head or body: the client has closed its side, so the rest cannot arrive."""
        arrival, exchange = self.phase.arrival, self.exchange
        if arrival is BODY_ARRIVES and exchange is not None:
            self.context.metrics.client_errors.add("abort")
            self.exchange = None
            exchange.client_gone("abort")
        if arrival is HEAD_ARRIVES or arrival is BODY_ARRIVES:
            self.close()

    def answer(self, status: int, head_only: bool, request_complete: bool) -> None:
        """Answer with an error response, whether or not the request was forwarded."""
        self.keep_alive = self.keep_alive and request_complete and not self.context.connections.draining
        if not self.transport.is_closing():
            self.transport.write(error_response(status, self.keep_alive, head_only))
        self.finished(request_complete)

    def cut(self, reset: bool) -> None:
        """Close the connection so that the client detects an incomplete response. With HTTP/1.0 only a reset shows it.
        SO_LINGER 0 turns the close into a reset, because uvloop's abort would send a normal FIN."""
        self.exchange = None
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.close()

    def tunnelled(self, tunnel: TunnelRole) -> None:
        self.exchange = None
        self.tunnel = tunnel
        self.phase = Phase.TUNNEL
        self.paused = False
        held, self.held = self.held, b""
        if held:
            tunnel.from_client(held)
        if self.ended:
            tunnel.client_ended()
        self._start_reading()

    def await_tunnel(self) -> None:
        self.due = self.context.loop.time() + self.context.settings.tunnel_timeout

    # Ends

    def _fail(self, status: int, reason: str, method: bytes = b"") -> None:
        """Answer a request that is not forwarded, or has an invalid body, and close the connection."""
        metrics = self.context.metrics
        metrics.client_errors.add(reason)
        exchange, self.exchange = self.exchange, None
        self.keep_alive = False
        started = exchange is not None and exchange.responding
        if exchange is not None:
            exchange.client_gone(reason, status)
        else:
            metrics.request(method, status, 0.0, 0.0)
            if self.context.access.on:
                self.context.access.refused(self.peer, status, reason)
        if started:
            self.cut(reset=False)
            return
        self.transport.write(error_response(status, keep_alive=False))
        self._end(linger=True)

    def _end(self, linger: bool) -> None:
        """Close. If the client still sends, read it for a while, because a reset would destroy the response."""
        self.due = NEVER
        if linger and not self.ended and not self.transport.is_closing():
            self.phase = Phase.LINGER
            self.body, self.held, self.paused = None, b"", False
            self._start_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.due = self.context.loop.time() + LINGER_SECONDS
        else:
            self.close()

    def close(self) -> None:
        """Close after the written data has been sent, within `client_timeout`."""
        self.phase = Phase.CLOSING
        self._await_progress()
        self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def late(self) -> None:
        lateness, exchange = self.phase.lateness, self.exchange
        if lateness is Lateness.CLOSES:
            self.close()
        elif lateness is Lateness.HEAD_408:
            self._fail(408, "header_timeout")
        elif lateness is Lateness.BODY_408 and exchange is not None and not exchange.responding:
            self._fail(408, "client_timeout")
        else:
            self.context.metrics.client_errors.add("client_timeout")
            if exchange is not None:
                exchange.client_gone("client_timeout")
                self.exchange = None
            self.transport.abort()
