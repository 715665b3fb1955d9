"""The cookies of one exchange: judged, counted, traced, and tried by the shadow policy. For every driver.

A driver creates one `ExchangeCookies` per request, gets the Cookie field for the application from it, and passes it
each head of the response. A fault of the proxy in judging a cookie does not end the exchange. It is counted and logged,
and the policy's `on_error` decides."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from cookiewarden.core.cookies.crossing import Crossing
from cookiewarden.core.cookies.date import ExpiresClock, clock_at, expires_clock, imf_fixdate
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.effort import UNLIMITED, Effort, of_response
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.eviction import is_navigation, is_page
from cookiewarden.core.engine.memo import Scope, SetCookieLines
from cookiewarden.core.engine.verbs import takes_secure
from cookiewarden.core.policy.policy import OnError
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.observe.metrics import POLICY_ERRORS, WITH_GPC, WITHOUT_GPC, done
from cookiewarden.serve.observe.observations import Examined
from cookiewarden.serve.wire.head import fields_of
from cookiewarden.serve.wire.request_head import RequestHead, crossing_of, may_cross, values_of
from cookiewarden.serve.wire.response_head import ResponseHead
from cookiewarden.serve.wire.traceparent import traceparent

log = logging.getLogger("cookiewarden")


class ExchangeCookies:
    """The cookies of one request and its response."""

    # Defaults that most exchanges never change are on the class, so that creating an instance is cheap.
    scope: Scope | None = None
    """None if finding it failed because of a fault of the proxy; the cookies are then not judged."""
    shadow: Engine | None = None
    """The shadow policy. Its decisions are only counted."""
    shadow_scope: Scope | None = None
    traced: tuple[int, int] | None = None
    """Trace ID and parent ID, if the request is traced."""
    collects = False
    """True if decisions are collected, for the span of a traced request or for Envoy's log."""
    decisions: tuple[Decision, ...] = ()
    """Decisions, if they are collected."""
    _judged: ResponseHead | None = None
    """The response head whose Set-Cookie fields are being judged."""
    _clock: ExpiresClock | None = None
    """Its clock, or None if it is not known yet."""

    def __init__(self, policies: Policies, request: RequestHead, host: bytes, https: bool) -> None:
        """Create the cookies of a request. `host` and `https`: as the browser sees the request."""
        self.policies = policies
        self.request = request
        self.engine = engine = policies.engine
        try:
            if engine.asks_consent:
                self.scope = scope = _scope(engine, request, host, https)
                if engine.reads_gpc:
                    policies.metrics.add(WITH_GPC if scope.key[3][1] else WITHOUT_GPC)
            else:
                self.scope = engine.scope_of(host, request.path, https)
        except Exception as error:
            self._scope_fault(error)
        if policies.shadow is not None:
            self.shadow = policies.shadow
            try:
                self.shadow_scope = _scope(policies.shadow, request, host, https)
            except Exception as error:
                self._shadow_fault(error)
        if policies.tracing is not None:
            self.traced = traceparent(request.fields)
            self.collects = self.traced is not None

    # The request

    def cookie_field(self) -> bytes | None:
        """Return the value of the Cookie field for the application; None if all cookies are stripped."""
        if not self.request.cookies:
            return None
        metrics, observations = self.policies.metrics, self.policies.observations
        header = b"; ".join(self.request.cookies)
        if self.shadow is not None:
            self._shadow_request(self.shadow, header)
        scope = self.scope
        if scope is None:
            return self._unjudged_request(header, self._undecided(Action.STRIP))
        try:
            after, decisions = self.engine.on_cookies(header, scope, time.time)
        except Exception as error:
            return self._unjudged_request(header, self._policy_error(error, Action.STRIP))
        if self.collects:
            self.decisions += decisions
        slot = metrics.cookies("request", decisions)
        if observations is not None:
            if slot.count == 1:
                observations.on_request(slot, scope.site.host, self.request.path, header, decisions)
            if may_cross(self.request):
                crossing = crossing_of(self.request, scope.site.host)
                slot.crossed += crossing is not Crossing.NONE
                slot.posted += crossing is Crossing.POST
        return after

    def _unjudged_request(self, header: bytes, decision: Decision) -> bytes | None:
        self.policies.metrics.cookies("request", (decision,))
        if self.collects:
            self.decisions += (decision,)
        return None if decision.enforced else header

    # The response

    def judge(self, response: ResponseHead) -> None:
        """Apply the policy to each Set-Cookie field, and put lines that expire cookies before all others."""
        evicts = self.engine.evicts and response.status >= 200
        effort = of_response() if evicts or self.engine.asks_consent or len(response.cookies) > 1 else None
        if response.cookies:
            self._judge_set_cookies(response, effort)
        if evicts and effort is not None:
            self._evict(response, effort)

    def _judge_set_cookies(self, response: ResponseHead, effort: Effort | None) -> None:
        self._judged, self._clock = response, None
        clock = self._expires_clock
        if self.engine.asks_consent and self.scope is not None:
            all_lines = (line for _, lines in response.cookies for _, line in lines)
            try:
                self.scope = self.engine.after_response(self.scope, all_lines, clock, effort or UNLIMITED)
            except Exception as error:
                self._scope_fault(error)
        scope, observations = self.scope, self.policies.observations
        sent, moment = (b"; ".join(self.request.cookies), time.time()) if self.engine.limits_renewal else (b"", 0.0)
        if self.shadow is not None:
            self._shadow_response(self.shadow, [lines for _, lines in response.cookies], clock)
        examined: Examined = {}
        for at, lines in response.cookies:
            if scope is None:
                response.parts[at] = self._unjudged_response(lines, self._undecided(Action.BLOCK))
                continue
            left, decisions = self.engine.on_set_cookies(
                lines, scope, clock, self._set_cookie_error, sent, moment, effort
            )
            response.parts[at] = b"".join(left)
            if self.collects:
                self.decisions += decisions
            slot = self.policies.metrics.cookies("response", decisions)
            if slot.count == 1 and observations is not None:
                site, target = scope.site, self.request.path
                over_http = not takes_secure(site)
                observations.on_response(slot, site.host, target, lines, decisions, clock(), examined, over_http)

    def _unjudged_response(self, lines: SetCookieLines, decision: Decision) -> bytes:
        """Return the lines that are forwarded under one decision for all of them."""
        decisions = (decision,) * len(lines.values)
        self.policies.metrics.cookies("response", decisions)
        if self.collects:
            self.decisions += decisions
        return b"" if decision.enforced else b"".join(lead + line for lead, line in lines)

    def _expires_clock(self) -> ExpiresClock:
        """Return the times from which browsers count an Expires in the current head. They are found once."""
        if self._clock is None:
            self._clock = self._new_clock()
        return self._clock

    def _new_clock(self) -> ExpiresClock:
        if self._judged is None:
            return clock_at(time.time())
        parts = self._judged.parts
        dates, now = values_of(b"date", b"".join(parts)), time.time()
        if not dates and _has_expires(self._judged):
            # RFC 9110 6.6.1. Without a Date, browsers evaluate Expires by their own clock, which may be wrong, or in a
            # 304 by the Date of the cached page.
            parts.append(b"\r\nDate: " + imf_fixdate(int(now)))
        return expires_clock(dates, now)

    def _evict(self, response: ResponseHead, effort: Effort) -> None:
        """Add lines that expire cookies. They come first, so a live cookie in a later line takes effect."""
        request, scope = self.request, self.scope
        if scope is None or not request.cookies or not is_navigation(request.method, fields_of(request.fields)):
            return
        if not is_page(fields_of(b"".join(response.parts))):
            return
        try:
            lines, decisions = self.engine.evictions(request.cookies, scope, request.path, time.time(), effort)
        except Exception as error:
            self.own_fault("expiring cookies", error, "they are not expired")
            return
        response.parts[0] += b"".join(b"\r\nSet-Cookie: " + line for line in lines)
        if self.collects:
            self.decisions += tuple(decisions.values())
        self.policies.metrics.cookies("response", tuple(decisions.values()))
        if self.policies.observations is not None:
            self.policies.observations.on_eviction(decisions, scope.site.host, request.path)

    # The shadow policy

    def _shadow_request(self, shadow: Engine, header: bytes) -> None:
        if self.shadow_scope is None:
            return
        try:
            _, decisions = shadow.on_cookies(header, self.shadow_scope, time.time)
        except Exception as error:
            self._shadow_fault(error)
        else:
            self.policies.metrics.shadow_cookies("request", decisions)

    def _shadow_response(self, shadow: Engine, runs: list[SetCookieLines], clock: Callable[[], ExpiresClock]) -> None:
        if self.shadow_scope is None:
            return
        try:
            effort = of_response()
            if shadow.asks_consent:
                all_lines = (line for lines in runs for _, line in lines)
                self.shadow_scope = shadow.after_response(self.shadow_scope, all_lines, clock, effort)
            sent, moment = (b"; ".join(self.request.cookies), time.time()) if shadow.limits_renewal else (b"", 0.0)
            for lines in runs:
                _, decisions = shadow.on_set_cookies(
                    lines, self.shadow_scope, clock, self._shadow_fault, sent, moment, effort
                )
                self.policies.metrics.shadow_cookies("response", decisions)
        except Exception as error:
            self._shadow_fault(error)

    def _shadow_fault(self, error: Exception) -> Decision:
        self.own_fault("trying the shadow policy", error, "traffic is not affected")
        return Decision(Action.BLOCK, None, (Reason.POLICY_ERROR,))

    # Faults of the proxy

    def _scope_fault(self, error: Exception) -> None:
        self.scope = None
        self.own_fault("finding out a cookie's scope", error, self._outcome())

    def _set_cookie_error(self, error: Exception) -> Decision:
        return self._policy_error(error, Action.BLOCK)

    def _policy_error(self, error: Exception, action: Action) -> Decision:
        """Count and log a fault, without any byte of the cookie."""
        self.own_fault("judging a cookie", error, self._outcome())
        return self._undecided(action)

    def _undecided(self, action: Action) -> Decision:
        """Return the decision for a cookie that could not be judged. It is not enforced if the cookie passes."""
        return Decision(action, None, (Reason.POLICY_ERROR,), enforced=not self._passes())

    def _passes(self) -> bool:
        return self.engine.policy.on_error is OnError.OPEN

    def _outcome(self) -> str:
        return "it passes, because on_error is open" if self._passes() else "it is dropped"

    def own_fault(self, doing: str, error: Exception, outcome: str) -> None:
        """Count and log a fault of the proxy. `doing`: the work that failed. `outcome`: the consequence."""
        _own_fault(self.policies, doing, error, outcome)

    # The end

    def ended(self, status: int, seconds: float, why: str) -> None:
        """Send the span of a traced request. `why`: the reason of a failure, or empty."""
        tracing = self.policies.tracing
        if self.traced is None or tracing is None:
            return
        request = self.request
        seen = request.host if self.scope is None else self.scope.site.host
        host, path = seen.decode("latin-1"), request.path.partition(b"?")[0].decode("latin-1")
        actions = Counter(done(decision) for decision in self.decisions)
        try:
            tracing.ended(self.traced, request.method.decode(), host, path, status, seconds, why, actions)
        except Exception as error:
            self.own_fault("sending a span", error, "traffic is not affected")


def _has_expires(response: ResponseHead) -> bool:
    """Check whether a Set-Cookie line may have an Expires attribute."""
    return any(b"expires" in b"".join(lines.shape).lower() for _, lines in response.cookies)


def _own_fault(policies: Policies, doing: str, error: Exception, outcome: str) -> None:
    policies.metrics.add(POLICY_ERRORS)
    log.error("%s failed (%s); %s", doing, type(error).__name__, outcome)


def _scope(engine: Engine, request: RequestHead, host: bytes, https: bool) -> Scope:
    if not engine.asks_consent:
        return engine.scope_of(host, request.path, https)
    answer = engine.answer(request.cookies, values_of(b"sec-gpc", request.fields))
    return engine.scope_of(host, request.path, https, answer)


def judge_script(policies: Policies, request: RequestHead, name: bytes, host: bytes, https: bool, page: bytes) -> None:
    """Count a cookie that a page's script tried to set. `request`: the guard's report. `page`: path of the page."""
    engine = policies.engine
    try:
        scope = _scope(engine, request, host, https)
        decision = engine.judge_script(name, scope)
    except Exception as error:
        _own_fault(policies, "judging a script's cookie", error, "it is not counted")
        return
    if decision is not None:
        policies.metrics.cookies("script", (decision,))
        if policies.observations is not None:
            policies.observations.on_script(name, decision, scope.site.host, page)
