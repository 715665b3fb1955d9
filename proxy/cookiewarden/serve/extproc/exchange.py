"""One exchange that Envoy asks about: the head of a request, then the head of its response.

Envoy keeps bodies, trailers and connections. The answers change only the Cookie field and the Set-Cookie fields, and
are empty if nothing changes. Pages of the proxy itself are sent as immediate responses."""

from time import perf_counter

from cookiewarden.serve.extproc.call import Call, CallFailed
from cookiewarden.serve.extproc.context import ProcessorContext
from cookiewarden.serve.extproc.heads import AFTER, BEFORE, request_of, response_of
from cookiewarden.serve.extproc.mutations import fitting
from cookiewarden.serve.judging.cookies import ExchangeCookies, judge_script
from cookiewarden.serve.observe.metrics import IN_FLIGHT, MUTATIONS_LEFT_OUT, NEVER_ANSWERED
from cookiewarden.serve.own_pages.guard import RESERVED, page_of, reported_name
from cookiewarden.serve.own_pages.in_force import InForce
from cookiewarden.serve.wire.ext_proc import (
    Part,
    ProcessingRequest,
    answer,
    cookie_mutation,
    immediate_answer,
    read_request,
    set_cookie_mutation,
)
from cookiewarden.serve.wire.grpc import Status
from cookiewarden.serve.wire.head import fields_of
from cookiewarden.serve.wire.protobuf import BadMessage
from cookiewarden.serve.wire.request_head import RequestHead, count_of


class ExternalExchange(Call):
    """One request and its response, on one call."""

    __slots__ = (
        "_began",
        "_cookies",
        "_is_answered",
        "_name",
        "_overhead",
        "_owns_body",
        "_peer",
        "_request",
        "context",
    )

    def __init__(self, context: ProcessorContext, peer: bytes, name: bytes = b"") -> None:
        """Create the exchange. `name`: of the policy that the call selects, or empty."""
        self.context = context
        self._name = name
        self._peer = peer
        self._request: RequestHead | None = None
        self._cookies: ExchangeCookies | None = None
        self._is_answered = False
        self._owns_body = False
        self._began = self._overhead = 0.0

    def message(self, data: bytes) -> bytes:
        began = perf_counter()
        try:
            asked = read_request(data)
        except BadMessage as bad:
            raise CallFailed(Status.INVALID_ARGUMENT, str(bad)) from None
        if asked.owns_body:
            self._owns_body = True  # only the first message of Envoy states it
        if asked.part == Part.REQUEST_HEADERS:
            reply = self._request_head(asked, began)
        elif asked.part == Part.RESPONSE_HEADERS:
            reply = self._response_head(asked, len(data), began)
        elif asked.part == 0 or self._owns_body:
            raise CallFailed(Status.UNIMPLEMENTED, "only headers are judged; set the body modes to NONE")
        else:
            reply = answer(asked.part)
        return b"" if asked.is_observed else reply

    # The request

    def _request_head(self, asked: ProcessingRequest, began: float) -> bytes:
        if self._request is not None:
            raise CallFailed(Status.FAILED_PRECONDITION, "the call already has a request")
        context = self.context
        self._began = began
        context.metrics.add(IN_FLIGHT)
        request, https = request_of(asked, context.https)
        self._request = request
        size = len(request.fields) + sum(map(len, request.cookies)) + len(request.path)
        if size > context.settings.max_head or count_of(request.cookies) > context.max_cookies:
            context.metrics.client_errors.add("head_too_large")
            # Envoy's default is text/plain, and its mutation_rules may refuse the field.
            return self._own(request, (431, b"", b"431 Request Header Fields Too Large\n"), began)
        in_force = context.selected(self._name, request.host)
        if in_force is not None and not asked.is_observed:  # else the application answers
            own = self._own_page(in_force, request, https, began)
            if own:
                return own
        cookies = self._cookies_of(in_force, request, https)
        reply = answer(Part.REQUEST_HEADERS)
        if request.cookies:
            before = b"; ".join(request.cookies)
            after = cookies.cookie_field()
            mutation = b"" if after == before and len(request.cookies) == 1 else cookie_mutation(after)
            reply = answer(Part.REQUEST_HEADERS, mutation, context.metadata.of("request", cookies.decisions))
        self._overhead = perf_counter() - began
        return reply

    def _cookies_of(self, in_force: InForce | None, request: RequestHead, https: bool) -> ExchangeCookies:
        """Return the cookies of the request. They are not judged if its policy is unknown."""
        policies = (in_force or self.context.in_force).policies
        self._cookies = cookies = ExchangeCookies(policies, request, request.host, https)
        cookies.collects = True
        if in_force is None:
            cookies.scope = cookies.shadow_scope = None
        return cookies

    def _own_page(self, in_force: InForce, request: RequestHead, https: bool, began: float) -> bytes:
        """Return the immediate response with the guard's script or the statement, or empty."""
        guard, statement = in_force.guard, in_force.statement
        if guard is not None and request.path.startswith(RESERVED):
            name = reported_name(request.path) if request.method == b"POST" else b""
            if name:
                judge_script(in_force.policies, request, name, request.host, https, page_of(request.fields))
            return self._own(request, guard.answer(request.method, request.path), began)
        if statement is not None and statement.answers(request):
            return self._own(request, statement.answer(request), began)
        return b""

    def _own(self, request: RequestHead, page: tuple[int, bytes, bytes], began: float) -> bytes:
        """Return an immediate response. `page`: status, fields with a line break each, and body."""
        status, lines, body = page
        self._over(request, status, perf_counter() - began, "")
        fields = fields_of(b"\r\n" + lines.removesuffix(b"\r\n")) if lines else []
        return immediate_answer(status, [(name.lower(), value) for name, value in fields], body)

    # The response

    def _response_head(self, asked: ProcessingRequest, octets: int, began: float) -> bytes:
        context, request, cookies = self.context, self._request, self._cookies
        if self._is_answered:
            return answer(Part.RESPONSE_HEADERS)  # the proxy's own page
        if request is None or cookies is None:
            # A filter of Envoy answered before Envoy asked about the request. Entries of certain hosts do not apply.
            self._began = began
            context.metrics.add(IN_FLIGHT)
            self._request = request = RequestHead.unknown()
            cookies = self._cookies_of(context.selected(self._name, b""), request, context.https)
        response, before = response_of(asked)
        replaced = b"" if asked.is_observed else self._replaced(request, response.status, began)
        if replaced:
            return replaced
        already = len(cookies.decisions)
        cookies.judge(response)
        decisions = cookies.decisions[already:]
        lines = response.parts[0].split(BEFORE)[1:] if cookies.engine.evicts else []
        evicting = len(lines)
        if before:
            lines += response.parts[1].split(AFTER)[1:]
        reply = answer(Part.RESPONSE_HEADERS)
        if lines != before or decisions:
            mutation = b""
            if lines != before:
                superseding = {decision.supersedes for decision in decisions}
                sent = fitting(lines, evicting, superseding, before, len(asked.headers), octets)
                context.metrics.add(MUTATIONS_LEFT_OUT, len(lines) - len(sent))
                mutation = set_cookie_mutation(sent)
            reply = answer(Part.RESPONSE_HEADERS, mutation, context.metadata.of("response", decisions))
        if response.status >= 200 or response.status == 101:
            self._over(request, response.status, self._overhead + perf_counter() - began, "")
        return reply

    def _replaced(self, request: RequestHead, status: int, began: float) -> bytes:
        """Return the immediate response that replaces the application's answer, or empty."""
        in_force = self.context.selected(self._name, request.host)
        gpc = in_force.gpc if in_force is not None else None
        if gpc is None or not gpc.replaces(request, status):
            return b""
        return self._own(request, gpc.answer(), began)

    # The end

    def _over(self, request: RequestHead, status: int, overhead: float, why: str) -> None:
        """Count and log the exchange, once."""
        self._is_answered = True
        context = self.context
        context.metrics.add(IN_FLIGHT, -1)
        seconds = perf_counter() - self._began
        if status:
            context.metrics.request(request.method, status, seconds, overhead)
        if context.access.on:
            context.access.answered(self._peer, request.method, request.host, request.path, status, seconds, why)
        if self._cookies is not None and self._cookies.traced is not None:
            self._cookies.ended(status, seconds, why)

    def ended(self, why: str) -> None:
        """Count a response that Envoy never asked about, for example because the client left."""
        if self._request is not None and not self._is_answered:
            self.context.metrics.add(NEVER_ANSWERED)
            self._over(self._request, 0, self._overhead, why or "abort")
