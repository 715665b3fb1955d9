"""One request's journey: judged, sent to the origin, its response judged and handed to the client.

It joins one `Downstream` and one `Origin` and knows what must happen when either fails. Both only report; the
decisions are here.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.date import expires_clock, imf_fixdate
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.eviction import is_navigation, is_page
from cookiewarden.core.engine.memo import Scope, SetCookieLines
from cookiewarden.core.policy.policy import OnError
from cookiewarden.serve.dataplane.context import NEVER, Gateway
from cookiewarden.serve.dataplane.tunnel import Tunnel
from cookiewarden.serve.observe.metrics import ALT_SVC_DROPPED, IN_FLIGHT, POLICY_ERRORS, done
from cookiewarden.serve.own_pages.visit import Page, Visit, visit_of
from cookiewarden.serve.wire.chunked import chunk, last_chunk
from cookiewarden.serve.wire.head import Framing, fields_of
from cookiewarden.serve.wire.request_head import RequestHead, build_request_head, is_cross_site, values_of
from cookiewarden.serve.wire.response_head import ResponseHead
from cookiewarden.serve.wire.traceparent import traceparent

if TYPE_CHECKING:
    from cookiewarden.serve.dataplane.client import Downstream
    from cookiewarden.serve.dataplane.origin import Origin
    from cookiewarden.serve.observe.tracing import Tracing

log = logging.getLogger("cookiewarden")

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
"""Methods that may be sent again (RFC 9110 9.2.1)."""

JOIN = 65536
"""Octets up to which a body is joined to its head for one write; a larger one is written by itself."""


class Transaction:
    """One request and its response."""

    # What most transactions never change stays on the class: an instance sets half of its attributes.
    origin: "Origin | None" = None
    head = b""
    """The request head for the origin, kept until the response begins: a retry sends it again."""
    parked: tuple[bytes, ...] = ()
    """Body bytes that came before there was a connection."""
    started = False
    request_sent = False
    """The origin has been sent the whole request."""
    responding = False
    chunked = False
    """The client gets the body in chunks."""
    until_close = False
    """The client knows the body's end by the end of the connection."""
    status = 0
    why = ""
    """The reason of a failure, as the metrics name it."""
    retried = False
    over = False
    visit: Visit | None = None
    """Where the answer may be a page that gets a guard."""
    page: Page | None = None
    """Gets the guard's tag while it passes."""
    judged: ResponseHead | None = None
    """The head whose Set-Cookie fields are being judged."""
    shadow: Engine | None = None
    """A policy that is tried: what it decides is counted, and nothing else."""
    shadow_scope: Scope | None = None
    traced: tuple[int, int] | None = None
    """Trace and parent, where the request asks for a span."""
    decisions: tuple[Decision, ...] = ()
    """What was decided, where somebody will tell of it."""

    def __init__(self, gateway: Gateway, client: "Downstream", request: RequestHead, began: float) -> None:
        self.gateway = gateway
        self.client = client
        self.request = request
        self.engine = gateway.engine
        host, https = client.seen_by_browser(request)
        self.scope = self._scope(self.engine, host, https)
        if gateway.guard is not None:
            self.visit = visit_of(gateway.guard, request, gateway.metrics.guard_pages)
        if gateway.shadow is not None:
            self.shadow = gateway.shadow
            self.shadow_scope = self._scope(gateway.shadow, host, https)
        if gateway.tracing is not None:
            self.traced = traceparent(request.fields)
        # Durations by perf_counter: uvloop's clock stands still within a turn of the loop, and counts in ms.
        self.began = self.spoke = began
        self.overhead = 0.0
        self.body_ended = request.framing is Framing.NONE
        """The client has sent the whole request."""
        gateway.metrics.counts[IN_FLIGHT] += 1

    def _scope(self, engine: Engine, host: bytes, https: bool) -> Scope:
        request = self.request
        if not engine.asks_consent:
            return engine.scope_of(host, request.path, https)
        answer = engine.answer(request.cookies, values_of(b"sec-gpc", request.fields))
        return engine.scope_of(host, request.path, https, answer)

    # The request

    def start(self) -> None:
        self.started = True
        request, gateway = self.request, self.gateway
        fields = request.fields
        if self.visit is not None:
            visited = self.visit.request_fields(fields)
            if visited is None:
                self._answer(412)
                return
            fields = visited
        self.head = build_request_head(
            request,
            fields,
            self._judge_request() if request.cookies else None,
            self.client.forwarded(request) + gateway.via,
            gateway.upstream_host or request.host or gateway.upstream_authority,
            request.upgrade != b"" and request.upgrade in gateway.upgrade_protocols,
        )
        gateway.pool.connect(self)

    def _judge_request(self) -> bytes | None:
        metrics = self.gateway.metrics
        header = b"; ".join(self.request.cookies)
        if self.shadow is not None:
            self._shadow_request(self.shadow, header)
        try:
            after, decisions = self.engine.on_cookies(header, self.scope)
        except Exception as error:
            decision = self._policy_error(error, Action.STRIP)
            metrics.cookies("request", (decision,))
            return None if decision.enforced else header
        if self.traced is not None:
            self.decisions += decisions
        slot, sightings = metrics.cookies("request", decisions), self.gateway.sightings
        if sightings is not None:
            if slot.count == 1:
                sightings.on_request(slot, self.scope.site.host, self.request.path, header, decisions)
            if b"cross-site" in self.request.fields and is_cross_site(self.request):
                slot.crossed += 1
        return after

    def attached(self, origin: "Origin") -> None:
        """A connection is there: send what there is."""
        self.origin = origin
        origin.transaction = self
        if self.parked:
            parked, self.parked = b"".join(self.parked), ()
            if len(parked) <= JOIN:
                origin.transport.write(self.head + parked)
            else:
                origin.transport.write(self.head)
                origin.transport.write(parked)
            self.client.resume()
        else:
            origin.transport.write(self.head)
        if self.body_ended:
            self._sent(origin)

    def _sent(self, origin: "Origin") -> None:
        self.request_sent = True
        origin.due = self.gateway.loop.time() + self.gateway.settings.read_timeout

    def request_body(self, data: bytes) -> None:
        """A piece of the request's body."""
        self._send(chunk(data) if self.request.framing is Framing.CHUNKED else data)

    def request_ended(self, trailers: list[bytes]) -> None:
        if self.request.framing is Framing.CHUNKED:
            self._send(last_chunk(trailers))
        self.body_ended = True
        if self.origin is not None:
            self._sent(self.origin)

    def _send(self, data: bytes) -> None:
        origin = self.origin
        if origin is None:
            self.parked = (*self.parked, data)
            if self.started:
                self.client.pause()
        else:
            origin.transport.write(data)
            if origin.write_paused:
                origin.due = self.gateway.loop.time() + self.gateway.settings.read_timeout

    def origin_full(self) -> None:
        """The origin does not read: neither do we, and it has `read_timeout` to begin again."""
        self.client.pause()
        if self.origin is not None:
            self.origin.due = self.gateway.loop.time() + self.gateway.settings.read_timeout

    def origin_drained(self) -> None:
        self.client.resume()
        if self.origin is not None and not self.request_sent:
            self.origin.due = NEVER

    # The response

    def interim(self, response: ResponseHead) -> None:
        """A 1xx: for clients that know of them (RFC 9110 15.2)."""
        if self.request.http_1_1:
            self.client.transport.write(self._response_head(response, keep_alive=True))

    def respond(self, response: ResponseHead, body: bytes) -> None:
        """The final response begins; `body` is what has come of its body."""
        if self.visit is not None:
            host, https = self.client.seen_by_browser(self.request)
            self.page = self.visit.page(response, body, host, https)
        if response.framing > Framing.LENGTH or self.page is not None:
            # RFC 9112 6.3: a length that is not known becomes chunks, and towards HTTP/1.0 the end of the connection
            self.chunked = self.request.http_1_1
            self.until_close = not self.chunked
        self.responding = True
        self.status = response.status
        client = self.client
        if self.until_close or not self.body_ended or self.gateway.draining:
            client.keep_alive = False
        head = self._response_head(response, client.keep_alive)
        self.head = b""
        if self.page is not None:
            body = self.page.feed(body)
        if body and self.chunked:
            body = chunk(body)
        if len(body) <= JOIN:
            client.transport.write(head + body)
        else:
            client.transport.write(head)
            client.transport.write(body)
        self.overhead += perf_counter() - self.spoke

    def _response_head(self, response: ResponseHead, keep_alive: bool) -> bytes:
        parts = response.parts
        if response.alt_svc:
            self._alternatives(response)
        if response.cookies:
            self._judge_response(response)
        if self.engine.evicts and response.status >= 200:
            self._evict(response)
        if self.visit is not None and response.status >= 200:
            parts[:] = [self.visit.head(b"".join(parts))]
        if self.gateway.via:
            parts.append(self.gateway.via)
        if self.chunked and response.status >= 200:
            parts.append(b"\r\nTransfer-Encoding: chunked")
        if not keep_alive:
            parts.append(b"\r\nConnection: close")
        elif not self.request.http_1_1:
            parts.append(b"\r\nConnection: keep-alive")
        parts.append(b"\r\n\r\n")
        return b"".join(parts)

    def _alternatives(self, response: ResponseHead) -> None:
        """Drop and count what would lead browsers to a port behind the proxy (RFC 7838), unless the setting keeps it."""
        if self.gateway.settings.keep_alt_svc:
            response.parts.append(response.alt_svc)
        else:
            self.gateway.metrics.counts[ALT_SVC_DROPPED] += 1

    def _judge_response(self, response: ResponseHead) -> None:
        """Put what the engine leaves of each Set-Cookie field into its place."""
        if response.status == 304 and not values_of(b"date", b"".join(response.parts)):
            # RFC 9110 6.6.1. Without one, browsers count an Expires from the Date of the page that they have kept.
            response.parts.append(b"\r\nDate: " + imf_fixdate(int(time.time())))
        self.judged = response
        clock = self._expires_clock
        if self.engine.asks_consent:
            all_lines = (line for _, lines in response.cookies for _, line in lines)
            self.scope = self.engine.after_response(self.scope, all_lines, clock)
        scope = self.scope
        if self.shadow is not None:
            self._shadow_response(self.shadow, [lines for _, lines in response.cookies], clock)
        for at, lines in response.cookies:
            left, decisions = self.engine.on_set_cookies(lines, scope, clock, self._set_cookie_error)
            response.parts[at] = b"".join(left)
            if self.traced is not None:
                self.decisions += decisions
            slot = self.gateway.metrics.cookies("response", decisions)
            if slot.count == 1 and self.gateway.sightings is not None:
                self.gateway.sightings.on_response(
                    slot, scope.site.host, self.request.path, lines, decisions, clock()
                )

    def _expires_clock(self) -> float:
        """The moment from which browsers count an Expires in the head that is being judged, in seconds since the epoch."""
        head = b"" if self.judged is None else b"".join(self.judged.parts)
        return expires_clock(values_of(b"date", head), time.time())

    def _shadow_request(self, shadow: Engine, header: bytes) -> None:
        if self.shadow_scope is None:
            return
        try:
            _, decisions = shadow.on_cookies(header, self.shadow_scope)
        except Exception as error:
            self._shadow_fault(error)
        else:
            self.gateway.metrics.shadow_cookies("request", decisions)

    def _shadow_response(
        self, shadow: Engine, runs: list[SetCookieLines], clock: Callable[[], float]
    ) -> None:
        if self.shadow_scope is None:
            return
        try:
            if shadow.asks_consent:
                all_lines = (line for lines in runs for _, line in lines)
                self.shadow_scope = shadow.after_response(self.shadow_scope, all_lines, clock)
            for lines in runs:
                _, decisions = shadow.on_set_cookies(lines, self.shadow_scope, clock, self._shadow_fault)
                self.gateway.metrics.shadow_cookies("response", decisions)
        except Exception as error:
            self._shadow_fault(error)

    def _shadow_fault(self, error: Exception) -> Decision:
        self._own_fault("trying the shadow policy", error, "nothing depends on it")
        return Decision(Action.BLOCK, None, (Reason.POLICY_ERROR,))

    def _evict(self, response: ResponseHead) -> None:
        """Put lines before all others that expire what the browser holds and may not: a live cookie after them counts."""
        request = self.request
        if not request.cookies or not is_navigation(request.method, fields_of(request.fields)):
            return
        if not is_page(fields_of(b"".join(response.parts))):
            return
        try:
            lines, decisions = self.engine.evictions(request.cookies, self.scope, request.path, time.time())
        except Exception as error:
            self._own_fault("expiring cookies", error, "none was expired")
            return
        response.parts[0] += b"".join(b"\r\nSet-Cookie: " + line for line in lines)
        self.gateway.metrics.cookies("response", tuple(decisions.values()))
        if self.gateway.sightings is not None:
            self.gateway.sightings.on_eviction(decisions, self.scope.site.host, request.path)

    def _set_cookie_error(self, error: Exception) -> Decision:
        return self._policy_error(error, Action.BLOCK)

    def _policy_error(self, error: Exception, action: Action) -> Decision:
        """Our own fault, counted, and said without any byte of the cookie. Not enforced where it passes."""
        passes = self.engine.policy.on_error is OnError.OPEN
        self._own_fault(
            "judging a cookie", error, "it passed, as on_error asks" if passes else "it was dropped"
        )
        return Decision(action, None, (Reason.POLICY_ERROR,), enforced=not passes)

    def _own_fault(self, doing: str, error: Exception, done: str) -> None:
        self.gateway.metrics.counts[POLICY_ERRORS] += 1
        log.error("%s failed (%s); %s", doing, type(error).__name__, done)

    def body(self, data: bytes) -> None:
        """A piece of the response's body."""
        if self.page is not None:
            data = self.page.feed(data)
            if not data:
                return
        transport = self.client.transport
        if not self.chunked:
            transport.write(data)
        elif len(data) <= JOIN:
            transport.write(chunk(data))
        else:
            transport.write(b"%x\r\n" % len(data))
            transport.write(data)
            transport.write(b"\r\n")

    def responded(self, trailers: list[bytes]) -> None:
        """The response is complete."""
        if self.over:
            return
        self.origin = None
        if self.page is not None:
            held, self.page = self.page.end(), None
            if held:
                self.body(held)
        if self.chunked:
            self.client.transport.write(last_chunk(trailers))
        self._end()
        self.client.finished(self.body_ended)

    def _end(self) -> None:
        self.over = True
        metrics = self.gateway.metrics
        metrics.counts[IN_FLIGHT] -= 1
        seconds = perf_counter() - self.began
        if self.status:
            metrics.request(self.request.method, self.status, seconds, self.overhead)
        if self.gateway.access.on:
            client, request = self.client, self.request
            self.gateway.access.answered(
                client.peer, request.method, request.host, request.path, self.status, seconds, self.why
            )

        if self.traced is not None and self.gateway.tracing is not None:
            self._tell_span(self.traced, self.gateway.tracing, seconds)

    def _tell_span(self, traced: tuple[int, int], tracing: "Tracing", seconds: float) -> None:
        request = self.request
        host, path = self.scope.site.host.decode("latin-1"), request.path.partition(b"?")[0].decode("latin-1")
        actions = Counter(done(decision) for decision in self.decisions)
        try:
            tracing.ended(
                traced, request.method.decode(), host, path, self.status, seconds, self.why, actions
            )
        except Exception as error:
            self._own_fault("telling a span", error, "nothing depends on it")

    # Upgrade

    def upgraded(self, origin: "Origin", response: ResponseHead, rest: bytes) -> bool:
        """A 101: the head goes on, judged, and then bytes. False where the client did not ask for it."""
        asked = self.request.upgrade
        protocols = [protocol.lower() for protocol in response.upgrades]
        if protocols != [asked] or asked not in self.gateway.upgrade_protocols:
            return False
        response.parts.append(b"\r\nConnection: Upgrade\r\nUpgrade: " + asked)
        self.client.transport.write(self._response_head(response, keep_alive=True))
        self.status = 101
        self._end()
        tunnel = Tunnel(self.gateway, self.client, origin)
        origin.transaction, origin.tunnel = None, tunnel
        if rest:
            tunnel.from_origin(rest)
        self.client.tunnelled(tunnel)
        return True

    # Failures

    def _failed(self, reason: str, detail: str = "") -> None:
        self.why = reason
        self.gateway.upstream_failed(reason, detail)

    def origin_unreachable(self, status: int, reason: str, detail: str = "") -> None:
        """No connection could be had. `detail`: what the system said of it."""
        if self.over:
            return
        self._failed(reason, detail)
        self._answer(status)

    def origin_lost(self, origin: "Origin") -> None:
        """The connection ended before the response did."""
        if self.over:
            return
        self.origin = None
        if self.responding:
            self._failed("truncated")
            self._cut()
        elif not origin.reused or origin.heard:
            self._failed("closed")
            self._answer(502)
        elif not self.retried and self.request.method in SAFE and not self.request.has_body:
            # RFC 9112 9.3.1: an idle connection may close just as a request is sent; a safe one is sent once more.
            self.retried = True
            self.request_sent = False
            self.gateway.pool.connect(self, fresh=True)
        else:
            self._failed("stale")
            self._answer(502)

    def origin_failed(self, origin: "Origin", reason: str) -> None:
        """The origin's answer cannot be used, or did not come."""
        origin.close()
        if self.over:
            return
        self.origin = None
        self._failed(reason)
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
        self.client.cut(reset=self.until_close)

    def client_gone(self, why: str, status: int = 0) -> None:
        """The client left, or was answered by `Downstream` itself with `status`."""
        if self.over:
            return
        self.status = self.status or status
        self.why = why
        self._end()
        if self.origin is not None:
            self.origin.close()
            self.origin = None

    def client_full(self) -> None:
        """The client does not read: the origin waits, and is not late meanwhile."""
        if self.origin is not None:
            self.origin.pause_reading()
            self.origin.due = NEVER

    def client_drained(self) -> None:
        if self.origin is not None:
            self.origin.resume_reading()
            self.origin.due = self.gateway.loop.time() + self.gateway.settings.read_timeout
