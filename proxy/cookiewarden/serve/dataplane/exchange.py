"""One exchange: the request is judged and forwarded, and its response is judged and forwarded to the client.

An exchange joins a client connection and an origin connection. Both report failures, and the exchange decides how to
handle them."""

from time import perf_counter

from cookiewarden.serve.dataplane.context import Context
from cookiewarden.serve.dataplane.roles import ClientRole, ExchangeRole, OriginRole, PoolRole
from cookiewarden.serve.dataplane.tunnel import Tunnel
from cookiewarden.serve.judging.cookies import ExchangeCookies
from cookiewarden.serve.observe.metrics import ALT_SVC_DROPPED, IN_FLIGHT
from cookiewarden.serve.own_pages.visit import EditedBody, Visit, visit_of
from cookiewarden.serve.wire.chunked import chunk, last_chunk
from cookiewarden.serve.wire.forwarded import Browser
from cookiewarden.serve.wire.head import BY_LENGTH, CHUNKED, NO_BODY, own_response
from cookiewarden.serve.wire.request_head import RequestHead, build_request_head
from cookiewarden.serve.wire.response_head import ResponseHead

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
"""Methods whose requests may be repeated (RFC 9110 9.2.1)."""

JOIN = 65536
"""Maximum octets of a body that is copied to its head. A larger one is sent in the same system call (`writev`)."""


class HttpExchange(ExchangeRole):
    """One request and its response."""

    # Defaults that most exchanges never change are on the class, so that creating an instance is cheap.
    origin: OriginRole | None = None
    head = b""
    """The request head for the origin, kept for a retry until the response begins."""
    parked: tuple[bytes, ...] = ()
    """Parts of the body that arrived before the connection to the origin was open."""
    started = False
    request_sent = False
    """True if the whole request has been sent to the origin."""
    responding = False
    chunked = False
    """True if the client receives the body in chunks."""
    until_close = False
    """True if the end of the client connection marks the end of the body."""
    status = 0
    why = ""
    """Reason of a failure, as in the metrics."""
    retried = False
    over = False
    visit: Visit | None = None
    """Set if the response may be a page that gets the guard's tag."""
    page: EditedBody | None = None  # a union of more types would have no default in the compiled build
    """The page that gets the guard's tag while it is forwarded, or the body that is not forwarded."""

    delayed: ResponseHead | None = None
    """Head of a page that waits for the first octets of its body, which usually show where the tag is placed. The page
    then keeps a length, and its other octets pass unchanged."""
    page_length = -1
    """Octets of the page, if its tag is in the part of the body that came with the head."""

    def __init__(
        self,
        context: Context,
        pool: PoolRole,
        client: ClientRole,
        request: RequestHead,
        browser: Browser,
        began: float,
    ) -> None:
        """Begin an exchange. `browser`: its view of the request. `began`: the start by `perf_counter`."""
        self.context = context
        self.pool = pool
        self.client = client
        self.request = request
        self.browser = browser
        self.cookies = ExchangeCookies(context.policies, request, browser.host, browser.https)
        guard = context.in_force.guard
        if guard is not None:
            self.visit = visit_of(guard, request, context.metrics.guard_pages)
        # Durations use perf_counter, because uvloop's clock has a resolution of 1 ms and is updated once per iteration.
        self.began = self.spoke = began
        self.overhead = 0.0
        self.body_ended = request.framing is NO_BODY
        context.metrics.add(IN_FLIGHT)

    # The request

    def start(self) -> None:
        self.started = True
        request, context = self.request, self.context
        fields = request.fields
        if self.visit is not None:
            visited = self.visit.request_fields()
            if visited is None:
                self._answer(412)
                return
            fields = visited
        self.head = build_request_head(
            request,
            fields,
            self.cookies.cookie_field() if request.cookies else None,
            self.browser.lines + context.via,
            context.upstream_host or request.host or context.upstream_authority,
            request.upgrade != b"" and request.upgrade in context.upgrade_protocols,
        )
        self.pool.connect(self)

    def attached(self, origin: OriginRole) -> None:
        """Send the request over a connection that has been opened."""
        self.origin = origin
        origin.exchange = self
        if self.parked:
            parked, self.parked = b"".join(self.parked), ()
            if len(parked) <= JOIN:
                origin.transport.write(self.head + parked)
            else:
                origin.transport.writelines((self.head, parked))
            self.client.resume()
        else:
            origin.transport.write(self.head)
        if self.body_ended:
            self._sent(origin)

    def _sent(self, origin: OriginRole) -> None:
        self.request_sent = True
        if not self.client.full:  # while the client does not read, the origin has no deadline
            origin.await_answer()

    def request_body(self, data: bytes) -> None:
        """Send a piece of the request body."""
        self._send(chunk(data) if self.request.framing is CHUNKED else data)

    def request_ended(self, trailers: list[bytes]) -> None:
        if self.request.framing is CHUNKED:
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
                origin.await_answer()

    def origin_full(self) -> None:
        """Stop reading the client while the origin does not read. The origin has `read_timeout` to continue."""
        self.client.pause()
        if self.origin is not None:
            self.origin.await_answer()

    def origin_drained(self) -> None:
        self.client.resume()
        if self.origin is not None and not self.request_sent:
            self.origin.await_nothing()

    # The response

    def interim(self, response: ResponseHead) -> None:
        """Forward a 1xx response to clients that support it (RFC 9110 15.2)."""
        if self.request.http_1_1:
            self.client.transport.write(self._response_head(response, keep_alive=True))

    def respond(self, response: ResponseHead, body: bytes) -> None:
        """Begin the final response. `body`: the part of its body that has arrived."""
        if response.status == 404 and self._replaced(response.status):
            return
        self.responding = True
        self.status = response.status
        is_page = self.visit is not None and self.visit.is_page and self.body_ended
        if is_page and not body and response.framing is BY_LENGTH and response.length:
            self.delayed = response
        else:
            self._begin(response, body)

    def _begin(self, response: ResponseHead, body: bytes) -> None:
        """Forward the head of the final response, with the first part of its body."""
        if self.visit is not None:
            body = self._begin_page(self.visit, response, body)
        if response.framing > BY_LENGTH or self.page is not None:
            # RFC 9112 6.3: send a body of unknown length in chunks; to HTTP/1.0, until the connection ends.
            self.chunked = self.request.http_1_1
            self.until_close = not self.chunked
        client = self.client
        if self.until_close or not self.body_ended or self.context.connections.draining:
            client.keep_alive = False
        head = self._response_head(response, client.keep_alive)
        self.head = b""
        if body and self.chunked:
            body = chunk(body)
        if len(body) <= JOIN:
            client.transport.write(head + body)
        else:
            client.transport.writelines((head, body))
        self.overhead += perf_counter() - self.spoke

    def _begin_page(self, visit: Visit, response: ResponseHead, body: bytes) -> bytes:
        """Begin to insert the guard's tag if the response is a page. Return the first part of the body to forward."""
        page = visit.page(response, body, self.browser.host, self.browser.https)
        if page is None:
            return body
        begun = page.feed(body)
        if page.is_settled and response.framing is BY_LENGTH:
            self.page_length = response.length + len(begun) - len(body)
        else:
            self.page = page
        return begun

    def _replaced(self, status: int) -> bool:
        """Answer in place of the application if a page of the proxy replaces its answer."""
        gpc = self.context.in_force.gpc
        if gpc is None or not gpc.replaces(self.request, status):
            return False
        client = self.client
        client.keep_alive = client.keep_alive and not self.context.connections.draining
        self.responding, self.page = True, EditedBody()
        self.status, lines, body = gpc.answer()
        client.transport.write(
            own_response(self.status, lines, body, client.keep_alive, self.request.method == b"HEAD")
        )
        self.overhead += perf_counter() - self.spoke
        self.context.loop.call_soon(self._drop_origin)
        return True

    def _drop_origin(self) -> None:
        """Complete an exchange whose response was replaced, without the rest of the application's body."""
        if self.over:
            return
        if self.origin is not None:
            self.origin.close()
            self.origin = None
        self._end()
        self.client.finished(self.body_ended)

    def _response_head(self, response: ResponseHead, keep_alive: bool) -> bytes:
        parts = response.parts
        if response.alt_svc:
            self._alternatives(response)
        cookies = self.cookies
        if response.cookies or cookies.engine.evicts:
            cookies.judge(response)
        if self.visit is not None and response.status >= 200:
            parts[:] = [self.visit.head(b"".join(parts))]
            if self.page_length >= 0:
                parts.append(b"\r\nContent-Length: %d" % self.page_length)
        if self.context.via:
            parts.append(self.context.via)
        if self.chunked and response.status >= 200:
            parts.append(b"\r\nTransfer-Encoding: chunked")
        if not keep_alive:
            parts.append(b"\r\nConnection: close")
        elif not self.request.http_1_1:
            parts.append(b"\r\nConnection: keep-alive")
        parts.append(b"\r\n\r\n")
        return b"".join(parts)

    def _alternatives(self, response: ResponseHead) -> None:
        """Remove and count Alt-Svc fields, which lead browsers past the proxy (RFC 7838), unless --keep-alt-svc."""
        if self.context.settings.keep_alt_svc:
            response.parts.append(response.alt_svc)
        else:
            self.context.metrics.add(ALT_SVC_DROPPED)

    def response_body(self, data: bytes) -> None:
        """Forward a piece of the response body."""
        if self.delayed is not None:
            response, self.delayed = self.delayed, None
            self.spoke = perf_counter()
            self._begin(response, data)
            return
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
            transport.writelines((b"%x\r\n" % len(data), data, b"\r\n"))

    def response_chunk(self, data: bytes, line: int) -> None:
        """Forward a chunk of the response body. `line`: the octets of its size line."""
        if self.chunked and self.page is None:
            self.client.transport.write(data)
        else:
            self.response_body(data[line:-2])

    def responded(self, trailers: list[bytes]) -> None:
        """Complete the response."""
        if self.over:
            return
        self.origin = None
        if self.page is not None:
            held, self.page = self.page.end(), None
            if held:
                self.response_body(held)
        if self.chunked:
            self.client.transport.write(last_chunk(trailers))
        self._end()
        self.client.finished(self.body_ended)

    def _end(self) -> None:
        self.over = True
        metrics = self.context.metrics
        metrics.add(IN_FLIGHT, -1)
        seconds = perf_counter() - self.began
        if self.status:
            metrics.request(self.request.method, self.status, seconds, self.overhead)
        if self.context.access.on:
            client, request = self.client, self.request
            self.context.access.answered(
                client.peer, request.method, request.host, request.path, self.status, seconds, self.why
            )
        if self.cookies.traced is not None:
            self.cookies.ended(self.status, seconds, self.why)

    # Upgrade

    def upgraded(self, origin: OriginRole, response: ResponseHead, rest: bytes) -> bool:
        """Forward a 101 response and start the tunnel. Return False if the client did not request this upgrade."""
        asked = self.request.upgrade
        protocols = [protocol.lower() for protocol in response.upgrades]
        if protocols != [asked] or asked not in self.context.upgrade_protocols:
            return False
        response.parts.append(b"\r\nConnection: Upgrade\r\nUpgrade: " + asked)
        self.client.transport.write(self._response_head(response, keep_alive=True))
        self.status = 101
        self._end()
        tunnel = Tunnel(self.client, origin)
        origin.tunnelled(tunnel)
        if rest:
            tunnel.from_origin(rest)
        self.client.tunnelled(tunnel)
        return True

    # Failures

    def _failed(self, reason: str, detail: str = "") -> None:
        self.why = reason
        self.pool.failed(reason, detail)

    def origin_unreachable(self, status: int, reason: str, detail: str = "") -> None:
        """Answer with an error after a failure to connect to the origin. `detail`: the system's error."""
        if self.over:
            return
        self._failed(reason, detail)
        self._answer(status)

    def origin_lost(self, origin: OriginRole) -> None:
        """Handle the end of the origin connection before the end of the response."""
        if self.over:
            return
        self.origin = None
        if self.responding:
            self._failed("truncated")
            self._break_off("truncated")
        elif not origin.reused or origin.heard:
            self._failed("closed")
            self._answer(502)
        elif not self.retried and self.request.method in SAFE and not self.request.has_body:
            # RFC 9112 9.3.1: an idle connection may close just as a request is sent. Safe methods are retried once.
            self.retried = True
            self.request_sent = False
            self.pool.connect(self, fresh=True)
        else:
            self._failed("stale")
            self._answer(502)

    def origin_failed(self, origin: OriginRole, reason: str) -> None:
        """Handle an invalid or missing response."""
        origin.close()
        if self.over:
            return
        self.origin = None
        self._failed(reason)
        if self.responding:
            self._break_off(reason)
        else:
            self._answer(504 if reason == "read_timeout" else 502)

    def _answer(self, status: int) -> None:
        self.status = status
        self._end()
        self.client.answer(status, self.request.method == b"HEAD", self.body_ended)

    def _break_off(self, reason: str) -> None:
        """End a response whose rest does not come."""
        if self.delayed is not None:
            self._answer(504 if reason == "read_timeout" else 502)
        else:
            self._cut()

    def _cut(self) -> None:
        """Close the client connection so that the response is recognized as incomplete (RFC 9112 8)."""
        self._end()
        self.client.cut(reset=self.until_close)

    def client_gone(self, why: str, status: int = 0) -> None:
        """End the exchange, because the client left or its connection has sent an error response with `status`."""
        if self.over:
            return
        self.status = self.status or status
        self.why = why
        self._end()
        if self.origin is not None:
            self.origin.close()
            self.origin = None

    def client_full(self) -> None:
        """Pause the origin while the client does not read. It has no deadline in the meantime."""
        if self.origin is not None:
            self.origin.pause_reading()
            self.origin.await_nothing()

    def client_drained(self) -> None:
        if self.origin is not None:
            self.origin.resume_reading()
            if self.request_sent or self.origin.write_paused:
                self.origin.await_answer()
