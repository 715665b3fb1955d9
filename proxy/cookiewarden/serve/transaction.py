"""One request's journey: judged, sent to the origin, its response judged and handed to the client.

It joins one `Downstream` and one `Origin` and knows what must happen when either fails. Both only report; the
decisions are here.
"""

import logging
import time
from time import perf_counter
from typing import TYPE_CHECKING

from cookiewarden.core.engine import POLICY_ERROR
from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.head import (
    Field,
    Framing,
    Kind,
    RequestHead,
    ResponseHead,
    build_request_head,
    chunk,
    connection_named,
    last_chunk,
)
from cookiewarden.serve.tunnel import Tunnel

if TYPE_CHECKING:
    from cookiewarden.serve.downstream import Downstream
    from cookiewarden.serve.upstream import Origin

log = logging.getLogger("cookiewarden")

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
"""Methods that may be sent again (RFC 9110 9.2.1)."""

JOIN = 65536
"""Octets up to which a body is joined to its head for one write; a larger one is written by itself."""


class Transaction:
    """One request and its response."""

    __slots__ = (
        "began", "body_ended", "client", "engine", "gateway", "head", "origin", "over", "overhead", "parked",
        "request", "request_sent", "responding", "response_framing", "retried", "scope", "spoke", "status",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, client: "Downstream", request: RequestHead, began: float) -> None:
        self.gateway = gateway
        self.client = client
        self.request = request
        self.engine = gateway.engine
        self.scope = self.engine.scope_of(request.host, request.path, https=False)
        # Durations by perf_counter: uvloop's clock stands still within a turn of the loop, and counts in ms.
        self.began = began
        self.spoke = began
        self.overhead = 0.0
        self.origin: Origin | None = None
        self.head = b""
        """The request head for the origin, kept until the response begins: a retry sends it again."""
        self.parked: list[bytes] = []
        """Body bytes that came before there was a connection."""
        self.body_ended = False
        self.request_sent = False
        self.responding = False
        self.response_framing = Framing.NONE
        self.status = 0
        self.retried = False
        self.over = False
        gateway.metrics.in_flight += 1

    # The request

    def start(self) -> None:
        self.head = self._request_head()
        self.gateway.pool.connect(self)

    def _request_head(self) -> bytes:
        request = self.request
        host = self.gateway.upstream_host or request.host or self.gateway.upstream_authority
        upgrade = (
            request.upgrade != b""
            and request.upgrade.decode("latin-1") in self.gateway.settings.upgrade_protocols
        )
        return build_request_head(
            request, self._judge_request(), self.client.forwarded(request.host), host, upgrade
        )

    def _judge_request(self) -> bytes | None:
        lines = [value for _, value, kind in self.request.fields if kind is Kind.COOKIE]
        if not lines:
            return None
        metrics = self.gateway.metrics
        try:
            after, cookies = self.engine.on_cookie(b"; ".join(lines), self.scope)
        except Exception as error:
            self._policy_error(error)
            return None
        for judged in cookies:
            metrics.cookie("request", judged.decision)
        return after

    def attached(self, origin: "Origin") -> None:
        """A connection is there: send what there is."""
        now = self.gateway.loop.time()
        self.origin = origin
        origin.transaction = self
        if self.parked:
            parked, self.parked = b"".join(self.parked), []
            if len(parked) <= JOIN:
                origin.transport.write(self.head + parked)
            else:
                origin.transport.write(self.head)
                origin.transport.write(parked)
            self.client.resume()
        else:
            origin.transport.write(self.head)
        if self.body_ended:
            self.request_sent = True
            self.gateway.read.start(origin, now)

    def request_body(self, data: bytes) -> None:
        """A piece of the request's body."""
        if self.request.framing is Framing.CHUNKED:
            data = chunk(data)
        self._send(data)

    def request_ended(self, trailers: list[Field]) -> None:
        if self.request.framing is Framing.CHUNKED:
            self._send(last_chunk(trailers))
        self.body_ended = True
        if self.origin is not None:
            self.request_sent = True
            self.gateway.read.start(self.origin, self.gateway.loop.time())

    def _send(self, data: bytes) -> None:
        if self.origin is None:
            self.parked.append(data)
            self.client.pause()
        else:
            self.origin.transport.write(data)
            if self.origin.write_paused:
                self.gateway.read.touch(self.origin, self.gateway.loop.time())

    def origin_full(self) -> None:
        """The origin does not read: neither do we, and it has `read_timeout` to begin again."""
        self.client.pause()
        if self.origin is not None:
            self.gateway.read.start(self.origin, self.gateway.loop.time())

    def origin_drained(self) -> None:
        self.client.resume()
        if self.origin is not None and not self.request_sent:
            self.gateway.read.stop(self.origin)

    # The response

    def origin_spoke(self, now: float) -> None:
        self.spoke = perf_counter()
        if self.origin is not None:
            self.gateway.read.touch(self.origin, now)

    def interim(self, response: ResponseHead) -> None:
        """A 1xx: for clients that know of them (RFC 9110 15.2)."""
        if self.request.version == "1.1":
            self.client.transport.write(self._response_head(response, Framing.NONE, keep_alive=True))

    def respond(self, response: ResponseHead, framing: Framing, body: bytes, complete: bool) -> None:
        """The final response begins; `complete`: `body` is all of it."""
        if framing is Framing.UNTIL_CLOSE or framing is Framing.CHUNKED:
            # RFC 9112 6.3: a length that is not known becomes chunks, and towards HTTP/1.0 the end of the connection
            framing = Framing.CHUNKED if self.request.version == "1.1" else Framing.UNTIL_CLOSE
        self.responding = True
        self.status = response.status
        self.response_framing = framing
        client = self.client
        if framing is Framing.UNTIL_CLOSE or not self.body_ended or self.gateway.draining:
            client.keep_alive = False
        head = self._response_head(response, framing, client.keep_alive)
        self.head = b""
        if body:
            if framing is Framing.CHUNKED:
                body = chunk(body)
                if complete:
                    return self._write(head, body)
            self._write(head, body)
        else:
            client.transport.write(head)
        self.overhead += perf_counter() - self.spoke

    def _write(self, head: bytes, body: bytes) -> None:
        if len(body) <= JOIN:
            self.client.transport.write(head + body)
        else:
            self.client.transport.write(head)
            self.client.transport.write(body)

    def _response_head(self, response: ResponseHead, framing: Framing, keep_alive: bool) -> bytes:
        bodyless = response.status < 200 or response.status == 204
        parts = [b"HTTP/1.1 %d %b\r\n" % (response.status, response.reason)]
        named = connection_named(response)
        now = time.time()
        for name, value, kind in response.fields:
            if kind is Kind.PLAIN or kind is Kind.HOST:
                if not (named and name.lower() in named):
                    parts += (name, b": ", value, b"\r\n")
            elif kind is Kind.SET_COOKIE:
                after = self._judge_set_cookie(value, now)
                if after is not None:
                    parts += (name, b": ", after, b"\r\n")
            elif kind is Kind.CONTENT_LENGTH and not bodyless and framing is not Framing.CHUNKED:
                parts += (name, b": ", value, b"\r\n")
        if framing is Framing.CHUNKED:
            parts.append(b"Transfer-Encoding: chunked\r\n")
        if not keep_alive:
            parts.append(b"Connection: close\r\n")
        elif self.request.version == "1.0":
            parts.append(b"Connection: keep-alive\r\n")
        parts.append(b"\r\n")
        return b"".join(parts)

    def _judge_set_cookie(self, line: bytes, now: float) -> bytes | None:
        try:
            after, decision = self.engine.on_set_cookie(line, self.scope, now)
        except Exception as error:
            self._policy_error(error)
            after, decision = None, POLICY_ERROR
        self.gateway.metrics.cookie("response", decision)
        return after

    def _policy_error(self, error: Exception) -> None:
        """Our own fault: closed, counted, and said without any byte of the cookie."""
        self.gateway.metrics.policy_errors += 1
        log.error("judging a cookie failed (%s); it was dropped", type(error).__name__)

    def body(self, data: bytes) -> None:
        """A piece of the response's body."""
        transport = self.client.transport
        if self.response_framing is not Framing.CHUNKED:
            transport.write(data)
        elif len(data) <= JOIN:
            transport.write(chunk(data))
        else:
            transport.write(b"%x\r\n" % len(data))
            transport.write(data)
            transport.write(b"\r\n")

    def responded(self, trailers: list[Field]) -> None:
        """The response is complete."""
        if self.over:
            return
        self.origin = None
        if self.response_framing is Framing.CHUNKED:
            self.client.transport.write(last_chunk(trailers))
        self._end()
        self.client.finished(self.body_ended)

    def _end(self) -> None:
        self.over = True
        metrics = self.gateway.metrics
        metrics.in_flight -= 1
        if self.status:
            seconds = perf_counter() - self.began
            metrics.request(self.request.method, self.status, seconds, self.overhead)

    # Upgrade

    def upgraded(self, origin: "Origin", response: ResponseHead, rest: bytes) -> bool:
        """A 101: the head goes on, judged, and then bytes. False where the client did not ask for it."""
        allowed = self.gateway.settings.upgrade_protocols
        protocols = [value.lower() for value in response.values(Kind.UPGRADE)]
        asked = self.request.upgrade
        if self.responding or protocols != [asked] or asked.decode("latin-1") not in allowed:
            return False
        head = self._response_head(response, Framing.NONE, keep_alive=True)
        self.client.transport.write(head[:-2] + b"Connection: Upgrade\r\nUpgrade: " + asked + b"\r\n\r\n")
        self.status = 101
        self.gateway.read.stop(origin)
        self._end()
        tunnel = Tunnel(self.gateway, self.client, origin)
        origin.transaction, origin.tunnel = None, tunnel
        if rest:
            tunnel.from_origin(rest)
        self.client.tunnelled(tunnel)
        return True

    # Failures

    def origin_unreachable(self, status: int, reason: str) -> None:
        """No connection could be had."""
        if self.over:
            return
        self.gateway.metrics.upstream_errors[reason] += 1
        self._answer(status)

    def origin_lost(self, origin: "Origin") -> None:
        """The connection ended before the response did."""
        self.gateway.read.stop(origin)
        if self.over:
            return
        self.origin = None
        if self.responding:
            self.gateway.metrics.upstream_errors["truncated"] += 1
            self._cut()
        elif not origin.reused or origin.messages or origin.raw:
            self.gateway.metrics.upstream_errors["closed"] += 1
            self._answer(502)
        elif not self.retried and self.request.method in SAFE and self.request.framing is Framing.NONE:
            # RFC 9112 9.3.1: an idle connection may close just as a request is sent; a safe one is sent once more.
            self.retried = True
            self.request_sent = False
            self.gateway.pool.connect(self, fresh=True)
        else:
            self.gateway.metrics.upstream_errors["stale"] += 1
            self._answer(502)

    def origin_failed(self, origin: "Origin", reason: str) -> None:
        """The origin's answer cannot be used, or did not come."""
        origin.close()
        if self.over:
            return
        self.origin = None
        self.gateway.metrics.upstream_errors[reason] += 1
        if self.responding:
            self._cut()
        else:
            self._answer(504 if reason == "read_timeout" else 502)

    def _answer(self, status: int) -> None:
        self.status = status
        self._end()
        self.client.answer(status, self.request.method == b"HEAD", self.body_ended)

    def _cut(self) -> None:
        """A response that cannot be completed must look incomplete (RFC 9112 8)."""
        self._end()
        self.client.cut(reset=self.response_framing is Framing.UNTIL_CLOSE)

    def client_gone(self, status: int = 0) -> None:
        """The client left, or was answered by `Downstream` itself with `status`."""
        if self.over:
            return
        self.status = self.status or status
        self._end()
        if self.origin is not None:
            self.origin.close()
            self.origin = None

    def client_full(self) -> None:
        """The client does not read: the origin waits, and is not late meanwhile."""
        if self.origin is not None:
            self.origin.transport.pause_reading()
            self.gateway.read.stop(self.origin)

    def client_drained(self) -> None:
        if self.origin is not None:
            self.origin.transport.resume_reading()
            self.gateway.read.start(self.origin, self.gateway.loop.time())
