"""Engine: the judge with a memo, and the entry points of all callers.

Judging a line takes about 20 µs, so decisions are stored as plans by (scope, name, attribute tail). The value is not
part of the key, so all sessions of an application use the same plan. The key has all other inputs of the decision. The
scope stands for host, path and scheme, and a date is reduced to its class by the clock. A line is not stored if its
decision depends on the value (no name, too large, control characters, an undeclared deletion).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import is_
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.cookie import (
    CONTROL,
    MAX_ATTRIBUTE,
    MAX_PAIR,
    WSP,
    build_cookie,
    is_deletion,
    name_of,
    parse_cookie,
    parse_set_cookie,
)
from cookiewarden.core.cookies.date import ExpiresClock, expires_clock
from cookiewarden.core.cookies.scope import canonical_host, path_of
from cookiewarden.core.cookies.suffix import MAX_LABELS, is_public_suffix, registrable_parents
from cookiewarden.core.engine import consent, eviction
from cookiewarden.core.engine.decision import (
    DENIED_BY_ANSWER,
    Action,
    Decision,
    Exchange,
    Header,
    Judged,
    Outcome,
    Reason,
)
from cookiewarden.core.engine.effort import (
    STEPS_OF_ANSWER,
    STEPS_OF_CARRIED,
    STEPS_OF_EVICTION,
    STEPS_OF_LINE,
    STEPS_OF_NAME,
    STEPS_OF_RUN,
    UNLIMITED,
    Effort,
    TooMuchEffort,
    of_request,
    of_response,
    steps_of_dates,
)
from cookiewarden.core.engine.judge import Judge, Situation, Tables
from cookiewarden.core.engine.matcher import Match
from cookiewarden.core.engine.memo import (
    BLANK,
    EXPIRES,
    MAX_FORM,
    MAX_KEY,
    MAX_NEW,
    MAX_PLANS,
    MAX_SCOPES,
    MAX_SEARCHED,
    MAX_SHAPE,
    NAMELESS,
    NO_ANSWER,
    OFTEN,
    SHAPE_WEIGHT,
    SKEWED,
    Answer,
    CookiesPlan,
    DatedPlan,
    RunPlan,
    Scope,
    ScopeKey,
    SetCookieLines,
    class_of,
    form_of,
    plan_dated,
)
from cookiewarden.core.engine.renewal import Renewal, kept_as, not_renewable
from cookiewarden.core.engine.transport import MAX_OPENED
from cookiewarden.core.engine.verbs import Site, takes_secure
from cookiewarden.core.policy.policy import Entry, Evict, Gpc, Mode, OnError, Policy

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import (
        Keyring,
    )  # cryptography takes 30 ms to import: only policies that seal do

MAY_NOT_BE_HELD = DENIED_BY_ANSWER | {Reason.UNDECLARED, Reason.ENTRY_EXPIRED}
"""Reasons for which a browser should not hold a cookie. Cookies for another host or path are allowed."""

EVICTION = Decision(Action.EVICT, None, (Reason.EVICTED,))

_NO_CLOCK: Callable[[], float] = float
"""A clock for callers without a time: it returns 0."""


_SAYS_GPC = re.compile(rb"[ \t]*1[ \t]*(?:,[ \t]*1[ \t]*)*")
"""Values of Sec-GPC. A repeated 1 counts as 1, in one field or in several."""


class Engine(Judge):
    """Judge with a memo. Except for the memo it is immutable; a reload builds a new engine."""

    def __init__(
        self,
        policy: Policy,
        mode: Mode | None = None,
        now: float = 0.0,
        keyring: "Keyring | None" = None,
        tables: Tables | None = None,
    ) -> None:
        """Set the same values as `Judge`. At `next_expiry`, callers must build a new engine."""
        super().__init__(policy, mode, now, keyring, tables)
        if policy.public_hosts:
            is_public_suffix(b"example")  # load the list (35 ms) before the first request
        self.asks_consent = policy.consent is not None
        """True if `answer` and `after_response` affect decisions."""
        self.limits_renewal = self.tables.limits_renewal
        """True if the cookies of the request affect decisions on its response."""
        self._renewal = Renewal(self.transport)
        self.reads_gpc = policy.consent is not None and any(g.gpc is not Gpc.IGNORE for g in policy.consent.gates)
        """True if Sec-GPC affects decisions."""
        self.evicts = policy.evict is not Evict.OFF and self.mode is Mode.ENFORCE
        """True if `evictions` may return lines."""
        self._has_paths = self.tables.matcher.has_paths
        self._keyring = keyring
        self._scopes: dict[ScopeKey, Scope] = {}
        self._remembered = 0
        self._held: tuple[bytes, frozenset[bytes]] = b"", frozenset()
        """The last Cookie field that lines were compared with, and its cookies."""
        self._above_limits: dict[Action, Decision] = {}
        """Decisions on cookies above the limits."""
        self._has_many_new = False
        """True while a response has so many new lines that no more are stored."""

    def in_mode(self, mode: Mode | None, now: float) -> "Engine":
        """Return an engine of the same policy in another mode (None for its own) or at another time.

        It shares the tables and has an empty memo. This takes less than a millisecond; a new engine of 60,000 entries
        takes 100."""
        return Engine(self.policy, mode, now, self._keyring, self.tables)

    # Entry points of all callers

    def on_response(self, headers: Iterable[Header], exchange: Exchange, now: float) -> Outcome:
        """Judge each Set-Cookie of a response head. `now` is in seconds since the epoch."""
        headers = list(headers)
        lines = (value for name, value in headers if name.lower() == b"set-cookie")
        clock = expires_clock(_values_of(b"date", headers), now)
        scope = self.after_response(self.scope(exchange), lines, lambda: clock)
        evicted = self._evicted(headers, exchange, scope, now)
        sent = b"; ".join(_values_of(b"cookie", exchange.headers)) if self.limits_renewal else b""
        kept: list[Header] = [(b"Set-Cookie", judged.after) for judged in evicted if judged.after]
        cookies = evicted
        for name, value in headers:
            if name.lower() != b"set-cookie":
                kept.append((name, value))
                continue
            after, decision = self.on_set_cookie(value, scope, clock, sent, now)
            cookies.append(Judged(_name(value), value, after, decision))
            if decision.supersedes:
                kept.append((name, decision.supersedes))
            if after is not None:
                kept.append((name, after))
        return Outcome(kept, cookies)

    def on_request(self, headers: Iterable[Header], exchange: Exchange, now: float) -> Outcome:
        """Judge each cookie of a request head. Several Cookie headers are merged into the first."""
        headers = list(headers)
        lines = [value for name, value in headers if name.lower() == b"cookie"]
        if not lines:
            return Outcome(headers, [])
        scope = self.scope(replace(exchange, headers=headers))
        after, cookies = self.on_cookie(b"; ".join(lines), scope, now)
        kept: list[Header] = []
        for name, value in headers:
            if name.lower() != b"cookie":
                kept.append((name, value))
            elif lines:
                if after is not None:
                    kept.append((name, after))
                lines = []
        return Outcome(kept, cookies)

    # Scopes

    def scope(self, exchange: Exchange) -> Scope:
        """Return the scope of an exchange. Call this once per request, for `on_set_cookie` and `on_cookie`."""
        cookies, gpc = (_values_of(name, exchange.headers) for name in (b"cookie", b"sec-gpc"))
        return self.scope_of(exchange.host, exchange.target, exchange.https, self.answer(cookies, gpc))

    def scope_of(self, host: bytes, target: bytes, https: bool, answer: Answer = NO_ANSWER) -> Scope:
        """Return the scope for the parts of an exchange and the visitor's answer."""
        key = (
            host,
            https,
            self.tables.matcher.path_key(path_of(target)) if self._has_paths else b"",
            answer,
        )
        return self._scopes.get(key) or self._new_scope(key, Site(canonical_host(host), path_of(target), https))

    def _new_scope(self, key: "ScopeKey", site: Site) -> Scope:
        if len(self._scopes) >= MAX_SCOPES:
            self._scopes.clear()
            self._remembered = 0
        scope = self._scopes[key] = Scope(site, dict(key[3][0]), self.is_public(site.host), key)
        return scope

    # Consent

    def answer(self, cookies: Iterable[bytes], gpc: Iterable[bytes]) -> Answer:
        """Return the visitor's answer from the values of a request's Cookie and Sec-GPC fields."""
        asked = self.policy.consent
        if asked is None:
            return NO_ANSWER
        name = asked.cookie.encode()
        pieces = parse_cookie(b"; ".join(cookies)) if name else []
        values = [piece.partition(b"=")[2].strip(WSP) for found, piece in pieces if found == name]
        says_gpc = _SAYS_GPC.fullmatch(b",".join(gpc)) is not None
        return consent.denied(asked, values, says_gpc), says_gpc

    def after_response(
        self, scope: Scope, lines: Iterable[bytes], clock: Callable[[], ExpiresClock], effort: Effort = UNLIMITED
    ) -> Scope:
        """Return the scope for a response with these Set-Cookie lines.

        If they change the visitor's answer, the strictest of the previous and the new answers applies. `clock` and
        `effort` are as in `on_set_cookies`."""
        asked = self.policy.consent
        if asked is None or not asked.cookie:
            return scope
        name = asked.cookie.encode()
        named = [line for line in lines if line.lstrip(WSP).startswith(name) and _name(line) == name]
        if not named:
            return scope
        host, https, paths, (before, gpc) = scope.key
        if len(named) > consent.MAX_LINES or any(
            [len(line.partition(b";")[2]) > consent.MAX_ATTRIBUTES for line in named]
        ):
            after = consent.denied_after(asked, consent.TOO_MANY, True, gpc)
        else:
            cookies = [cookie for cookie in map(parse_set_cookie, named) if cookie and cookie.name == name]
            if not cookies:
                return scope
            read = clock()
            values = [cookie.value for cookie in cookies if not is_deletion(cookie, read)]
            effort.count(STEPS_OF_ANSWER * len(cookies) + consent.steps_of(asked.format, sum(map(len, values))))
            effort.count(steps_of_dates(sum([len(one[2]) for cookie in cookies for one in cookie.lifetime().all])))
            after = consent.denied_after(asked, values, len(values) < len(cookies), gpc)
        key = (host, https, paths, (consent.stricter(before, after), gpc))
        return self._scopes.get(key) or self._new_scope(key, scope.site)

    # Eviction

    def evictions(
        self, cookies: Iterable[bytes], scope: Scope, target: bytes, now: float, effort: Effort = UNLIMITED
    ) -> tuple[list[bytes], dict[bytes, Decision]]:
        """Return Set-Cookie values that expire cookies which the browser should not hold, and the decisions by name.

        Call this for a navigation to `target` whose response is a page. `cookies` are its Cookie fields. `effort`: the
        limits of the response. The next response expires the cookies above a limit."""
        found: dict[bytes, Decision] = {}
        tried: dict[bytes, list[bytes]] = {}
        domains: dict[bool, list[bytes]] = {}
        """Domains for declared (True) and undeclared cookies, computed when first needed."""
        self.effort = effort
        pieces = parse_cookie(b"; ".join(cookies))
        steps = STEPS_OF_EVICTION + min(scope.site.host.count(b"."), MAX_LABELS)  # each parent domain has its own line
        for name, piece in pieces[: effort.room(len(pieces), steps)]:
            if name in found or not _has_content(piece) or len(name) > eviction.MAX_NAME or CONTROL.search(name):
                continue
            decision = scope.names.get(name)
            if decision is None:
                if effort.is_spent:
                    continue
                decision = self._judge_and_remember_name(name, scope)
            if decision.enforced and not MAY_NOT_BE_HELD.isdisjoint(decision.reasons):
                found[name] = (
                    EVICTION if decision.entry is None else Decision(Action.EVICT, decision.entry, (Reason.EVICTED,))
                )
                ours = decision.entry is not None
                if ours not in domains:
                    domains[ours] = self._evict_domains(scope, everywhere=ours)
                tried[name] = domains[ours]
        self.effort = UNLIMITED
        site = scope.site
        secure = takes_secure(site)
        return eviction.expiring_lines(list(tried.items()), target, int(now), secure), found

    def _evict_domains(self, scope: Scope, everywhere: bool) -> list[bytes]:
        """Return the domains at which a cookie is expired.

        Declared cookies are expired at all domains. An undeclared one may belong to another application of the same
        site, so the policy must allow the domain."""
        if not everywhere and self.policy.evict is not Evict.DOMAIN:
            return [eviction.HOST_ONLY]
        if scope.parents is None:
            scope.parents = registrable_parents(scope.site.host)
        allowed = self.policy.evict_domains
        return [
            eviction.HOST_ONLY,
            *(d for d in scope.parents if everywhere or not allowed or d.decode("latin-1") in allowed),
        ]

    def _evicted(self, headers: list[Header], exchange: Exchange, scope: Scope, now: float) -> list[Judged]:
        navigates = self.evicts and eviction.is_navigation(exchange.method, exchange.headers)
        if not navigates or not eviction.is_page(headers):
            return []
        lines, decisions = self.evictions(_values_of(b"cookie", exchange.headers), scope, exchange.target, now)
        return [Judged(_name(line), b"", line, decisions[_name(line)]) for line in lines]

    # Entry points of the data plane

    def on_set_cookie(
        self, line: bytes, scope: Scope, clock: ExpiresClock, cookies: bytes = b"", at: float = 0.0
    ) -> tuple[bytes | None, Decision]:
        """Judge one Set-Cookie value. Return the resulting value (None if it is blocked) and the decision.

        `clock` has the times from which browsers count an Expires in this response. The request's Cookie
        field (`cookies`) and the time (`at`) are necessary if `limits_renewal`."""
        after, decision = self._on_line(line, scope, clock)
        if self.limits_renewal and (entry := not_renewable(decision)) is not None:
            return self._renewal.judge(
                line, after, decision, entry, scope.site, clock, cookies, at or clock.latest, self.effort
            )
        return after, decision

    def _on_line(self, line: bytes, scope: Scope, clock: ExpiresClock) -> tuple[bytes | None, Decision]:
        pair, semicolon, tail = line.partition(b";")
        name, equals, _ = pair.partition(b"=")
        plan = scope.plans.get((name, semicolon, tail))
        # A stored tail has no control characters, but the pair may have some.
        if plan is not None and equals and len(pair) <= MAX_PAIR and not _has_control(pair):
            becomes, decision = plan
            return (None if becomes is None else pair + becomes), decision
        return self._on_new_line(line, pair, name, line[len(pair) :], scope, clock)

    def on_set_cookies(
        self,
        lines: SetCookieLines,
        scope: Scope,
        clock: Callable[[], ExpiresClock],
        on_fault: Callable[[Exception], Decision],
        cookies: bytes = b"",
        at: float = 0.0,
        effort: Effort | None = None,
    ) -> tuple[list[bytes], tuple[Decision, ...]]:
        """Judge the Set-Cookie fields of a head without control characters.

        Return the pieces to forward and the decisions. `clock` returns the times from which browsers count an Expires
        in this response. It is called only if lines are judged. `on_fault` is called with the exception if judging a
        line fails. `effort`: the limits that all runs of a head share, or None for the only run.

        The result is the same as of `on_set_cookie` for each line. Applications often set the same cookies, so a plan
        covers all of them: 0.9 µs instead of 2.5 for six."""
        plan = scope.runs.get(lines.shape)
        # A large value can make a cookie too large. Checking the sum of all values takes only one comparison.
        if plan is not None and len(b"".join(lines.values)) <= MAX_PAIR - MAX_KEY:
            values = lines.values
            if not cookies or not plan.ends or not self._may_renew(plan, values, cookies):
                return plan.apply(values), plan.decisions
        parts: list[bytes] = []
        decisions = []
        becomes: list[bytes | None] = []
        learned = self._remembered + MAX_NEW
        read = clock()
        self.effort = effort or of_response()
        self.effort.count(STEPS_OF_RUN)
        for lead, line in lines:
            try:
                after, decision = self.on_set_cookie(line.rstrip(b" \t"), scope, read, cookies, at)
            except TooMuchEffort:
                decision = self._unjudged(Action.BLOCK)
                after = None if decision.enforced else line
            except Exception as error:
                decision = on_fault(error)
                after = None if decision.enforced else line
            if decision.supersedes:
                parts += (lead, decision.supersedes)
            if after is not None:
                parts += (lead, after)
            becomes.append(after)
            decisions.append(decision)
            self._has_many_new = self._remembered > learned
        self._has_many_new = False
        self.effort = UNLIMITED
        if plan is None:
            self._remember_run(lines, becomes, decisions, scope)
        return parts, tuple(decisions)

    def _may_renew(self, plan: RunPlan, values: list[bytes], cookies: bytes) -> bool:
        """Check whether a line may renew one of the cookies in a request's Cookie field. Few other lines pass the
        check."""
        held: bytes | frozenset[bytes] = cookies
        if len(cookies) * len(b"".join(values)) > MAX_SEARCHED:
            if self._held[0] is not cookies:  # a response has several runs
                pieces = cookies.split(b";")
                self._held = cookies, frozenset(b"=".join(map(bytes.strip, piece.split(b"=", 1))) for piece in pieces)
            held = self._held[1]
        return any([name + values[at].strip(WSP) in held or not values[at].isascii() for at, name in plan.ends])

    def _on_new_line(
        self, line: bytes, pair: bytes, name: bytes, tail: bytes, scope: Scope, clock: ExpiresClock
    ) -> tuple[bytes | None, Decision]:
        """Judge a line that is dated, new or not stored. Raises TooMuchEffort."""
        self.effort.spend(STEPS_OF_LINE)
        if self._has_many_new or b"=" not in pair or len(pair) > MAX_PAIR or _has_control(line):
            return self.judge_set_cookie(line, scope, clock)
        found = EXPIRES.search(tail)
        if found is None:
            return self._on_new_name(line, pair, name, tail, scope, clock)
        date = found[1]
        # Plans do not apply to dates that browsers ignore for their length, or to dates without a known clock.
        if len(date) > MAX_ATTRIBUTE or not clock.is_known:
            return self.judge_set_cookie(line, scope, clock)
        self.effort.spend(steps_of_dates(len(date)))
        before, rest = tail[: found.start(1)], tail[found.end(1) :]
        plan = self._dated_plan(name, before, rest, date, scope, clock) if name in scope.bounds else None
        if plan is not None:
            return plan.apply(pair, date, clock), plan.decision
        if EXPIRES.search(tail, found.end(1)):  # no plan covers two dates
            return self.judge_set_cookie(line, scope, clock)
        match = self.match(name.strip(WSP), scope.site)
        kind = self._kind(name, match, scope)
        plan = self._dated_plan(kind, before, rest, date, scope, clock) if kind in scope.bounds else None
        if plan is not None:
            decision = _for_name(plan.decision, name)
            if len(name) + len(tail) <= MAX_KEY:
                self._count()
                own = DatedPlan(decision, plan.before, plan.after, plan.bound, plan.normalizes)
                scope.bounds[name] = bound = scope.bounds[kind]
                scope.dated[name, before, rest, class_of(date, bound, clock)] = own
            return plan.apply(pair, date, clock), decision
        return self._judge_and_remember_dated(line, pair, name, kind, match, tail, found, scope, clock)

    def _dated_plan(
        self, name: bytes, before: bytes, rest: bytes, date: bytes, scope: Scope, clock: ExpiresClock
    ) -> DatedPlan | None:
        """Return the plan of a name with a known bound."""
        return scope.dated.get((name, before, rest, class_of(date, scope.bounds[name], clock)))

    def _on_new_name(
        self, line: bytes, pair: bytes, name: bytes, tail: bytes, scope: Scope, clock: ExpiresClock
    ) -> tuple[bytes | None, Decision]:
        """Judge a line without a date. Names of one glob share a plan, and so do undeclared names."""
        match = self.match(name.strip(WSP), scope.site)
        kind = self._kind(name, match, scope)
        plan = scope.plans.get((kind, tail[:1], tail[1:])) if kind else None
        if plan is None:
            return self._judge_and_remember(line, pair, name, kind, match, tail, scope, clock)
        becomes, decision = plan[0], _for_name(plan[1], name)
        if len(name) + len(tail) <= MAX_KEY:
            self._count()
            scope.plans[name, tail[:1], tail[1:]] = becomes, decision
        return (None if becomes is None else pair + becomes), decision

    def _kind(self, name: bytes, match: Match, scope: Scope) -> bytes:
        """Return the key that a name shares with others in the memo, or empty if decisions may depend on the name.

        Its first octet, NUL, does not occur in names from the wire."""
        bare = name.strip(WSP)
        if not bare or bare.startswith(b"__"):  # a prefix may require attributes
            return b""
        if match.entry is None:
            return b"\0" + self.why_undeclared(bare, match.out_of_scope, scope.site).encode()
        return b"\0*" + match.entry.name.encode() if "*" in match.entry.name else b""

    def on_cookie(self, header: bytes, scope: Scope, now: float = 0.0) -> tuple[bytes | None, list[Judged]]:
        """Judge one Cookie header value. Return the application's value (None for no header) and all decisions.

        `now` is the time in seconds since the epoch; it is necessary if `limits_renewal`."""
        pieces = header.split(b";")
        becomes, decisions = self._judge_pieces(pieces, scope, now)
        cookies = [
            Judged(name_of(piece), piece, after, decision)
            for piece, after, decision in zip(pieces, becomes, decisions, strict=True)
            if decision is not None
        ]
        return _joined(header, pieces, becomes), cookies

    def _judge_pieces(
        self, pieces: list[bytes], scope: Scope, now: float
    ) -> tuple[list[bytes | None], list[Decision | None]]:
        """Judge the pieces of a Cookie header. Return the resulting pieces (None if removed) and the decisions (None
        for white space). An unchanged piece is the same object."""
        becomes: list[bytes | None] = []
        decisions: list[Decision | None] = []
        known = scope.names
        seen: set[bytes] = set()
        repeated: dict[tuple[object, ...], Decision] = {}
        """Decisions on repeated names, because each name needs its own object (see `_for_name`)."""
        names: frozenset[bytes] = frozenset()
        sealed_so_far = 0
        for piece in pieces:
            name = name_of(piece)
            if not name and not _has_content(piece):
                becomes.append(piece)
                decisions.append(None)
                continue
            decision = known.get(name) or self._judge_and_remember_name(name, scope)
            after: bytes | None = piece
            if decision.action is Action.STRIP and decision.enforced:
                after = None
            elif decision.entry is not None and decision.entry.is_transported:
                # A cookie that is only reported reaches the application, so it needs the application's name and value.
                names = names or frozenset(map(name_of, pieces))
                sealed_so_far += decision.entry.seal is not None
                self.effort.count(STEPS_OF_CARRIED)
                if self.effort.is_overspent or (sealed_so_far > MAX_OPENED and decision.entry.seal is not None):
                    carried = self._unjudged(Action.STRIP, decision.entry)
                    after = None if carried.enforced else piece
                else:
                    after, carried = self.transport.carried(name, piece, decision.entry, scope.site, names, now)
                decision = (
                    carried
                    if decision.action is Action.PASS
                    else decision.because((*decision.reasons, *carried.reasons))
                )
            if name in seen:
                alike = name, decision.action, decision.reasons
                decision = repeated.get(alike) or repeated.setdefault(
                    alike, decision.because((*decision.reasons, Reason.DUPLICATE_NAME))
                )
            seen.add(name)
            becomes.append(after)
            decisions.append(decision)
        return becomes, decisions

    def on_cookies(
        self, header: bytes, scope: Scope, clock: Callable[[], float] = _NO_CLOCK
    ) -> tuple[bytes | None, tuple[Decision, ...]]:
        """Judge one Cookie header value for the data plane, which needs only the decisions. `clock` returns the time in
        seconds since the epoch.

        Browsers often send the same names, so a plan is stored by the names."""
        for plan in scope.recent:
            found = plan.form.fullmatch(header) if plan.form is not None else None
            if found is not None:
                if plan is not scope.recent[0]:
                    scope.use(plan)
                return plan.apply_form(header, found), plan.decisions
        return self._look_up_cookies(header, scope, clock)

    def _look_up_cookies(
        self, header: bytes, scope: Scope, clock: Callable[[], float]
    ) -> tuple[bytes | None, tuple[Decision, ...]]:
        """Judge a header that is not of a recent plan."""
        pieces = header.split(b";")
        names = []
        for piece in pieces:
            name, equals, _ = piece.partition(b"=")
            names.append(name if equals else NAMELESS if _has_content(piece) else BLANK)
        key = tuple(names)
        plan = scope.headers.get(key)
        if plan is not None:
            plan.uses += 1
            if plan.uses == OFTEN and sum(map(len, key)) + 8 * len(key) <= MAX_FORM:
                plan.form = form_of(key, plan.kept)
            if plan.form is not None:
                scope.use(plan)
            return plan.apply(header, pieces), plan.decisions
        effort = self.effort = of_request(len(pieces), self._steps_of_answers(pieces))
        try:
            becomes, found = self._judge_pieces(pieces, scope, clock() if self.limits_renewal else 0.0)
        finally:
            self.effort = UNLIMITED
        after = _joined(header, pieces, becomes)
        decisions = tuple([decision for decision in found if decision is not None])
        if any([decision.entry is not None and decision.entry.is_transported for decision in decisions]):
            return after, decisions
        # A piece without a `=` is a value.
        if not effort.is_spent and NAMELESS not in key and sum(map(len, key)) + len(key) <= MAX_SHAPE:
            kept = tuple([piece is not None for piece in becomes])
            self._count(SHAPE_WEIGHT)
            scope.headers[key] = CookiesPlan(decisions, None if all(kept) else kept, after is not None)
        return after, decisions

    def _steps_of_answers(self, pieces: list[bytes]) -> int:
        asked = self.policy.consent
        if asked is None or not asked.cookie:
            return 0
        name = asked.cookie.encode()
        octets = sum([len(piece) for piece in pieces if name in piece and name_of(piece) == name])
        return consent.steps_of(asked.format, octets)

    def _unjudged(self, action: Action, entry: Entry | None = None) -> Decision:
        """Return the decision on a cookie that is not judged, because the ones before it took too much effort.

        `entry`: its entry, if it is known."""
        enforced = self.mode is Mode.ENFORCE and self.policy.on_error is OnError.CLOSED
        if entry is not None:
            return Decision(action, entry, (Reason.POLICY_ERROR,), enforced and not entry.report_only)
        if action not in self._above_limits:  # one object for all, because metrics look up new objects
            self._above_limits[action] = Decision(action, None, (Reason.POLICY_ERROR,), enforced)
        return self._above_limits[action]

    def judge_script(self, name: bytes, situation: Situation) -> Decision | None:
        """Judge a cookie that a script of the page tries to set. Return None if it is allowed."""
        self.effort = of_request()
        try:
            return super().judge_script(name, situation)
        except TooMuchEffort:
            return self._unjudged(Action.BLOCK)
        finally:
            self.effort = UNLIMITED

    # Memo

    def _judge_and_remember_name(self, name: bytes, scope: Scope) -> Decision:
        self.effort.count(STEPS_OF_NAME)
        if self.effort.is_overspent:
            return self._unjudged(Action.STRIP)
        try:
            decision = self.judge_name(name, scope)
        except TooMuchEffort:
            return self._unjudged(Action.STRIP)
        if len(name) <= MAX_KEY:
            self._count()
            scope.names[name] = decision
        return decision

    def _judge_and_remember(
        self,
        line: bytes,
        pair: bytes,
        name: bytes,
        kind: bytes,
        match: Match,
        tail: bytes,
        scope: Scope,
        clock: ExpiresClock,
    ) -> tuple[bytes | None, Decision]:
        """Judge a line and store its plan, by its name and by `kind` (see `_kind`)."""
        after, decision = self.judge_set_cookie(line, scope, clock, match)
        if name.strip(WSP) and len(name) + len(tail) <= MAX_KEY and not _reads_value(decision):
            plan = (None if after is None else after[len(pair) :]), decision
            semicolon, rest = tail[:1], tail[1:]
            self._count(2 if kind else 1)
            scope.plans[name, semicolon, rest] = plan
            if kind:
                scope.plans[kind, semicolon, rest] = plan
        return after, decision

    def _judge_and_remember_dated(
        self,
        line: bytes,
        pair: bytes,
        name: bytes,
        kind: bytes,
        match: Match,
        tail: bytes,
        found: re.Match[bytes],
        scope: Scope,
        clock: ExpiresClock,
    ) -> tuple[bytes | None, Decision]:
        """Judge a line with a date and store its plan, by its name and by `kind` (see `_kind`)."""
        after, decision = self.judge_set_cookie(line, scope, clock, match)
        date, rest = found[1], tail[found.end(1) :]
        if not name.strip(WSP) or len(name) + len(tail) > MAX_KEY or _reads_value(decision):
            return after, decision
        entry = decision.entry
        bound = entry.rules.bound.seconds if entry and entry.rules.bound else None
        date_class = class_of(date, bound, clock)
        if date_class == SKEWED:
            return after, decision
        plan = plan_dated(pair, date_class, date, after, decision, bound)
        self._count(2 if kind else 1)
        for known_as in (name, kind) if kind else (name,):
            scope.bounds[known_as] = bound
            scope.dated[known_as, tail[: found.start(1)], rest, date_class] = plan
        return after, decision

    def _remember_run(
        self,
        lines: SetCookieLines,
        becomes: list[bytes | None],
        decisions: list[Decision],
        scope: Scope,
    ) -> None:
        """Store a plan for the run of lines if each line has a plan that depends on neither a date nor the value."""
        shape = lines.shape
        if sum(map(len, shape)) > MAX_SHAPE:
            return
        parts: list[bytes] = []
        for lead, name, value, tail, after, decision in zip(
            shape[::3], shape[1::3], lines.values, shape[2::3], becomes, decisions, strict=True
        ):
            # Without attributes, trailing whitespace of the line would become part of the value. A line that would
            # renew a cookie is judged by its value.
            if not tail or Reason.NOT_RENEWED in decision.reasons or (name[:-1], tail[:1], tail[1:]) not in scope.plans:
                return
            if after is not None:
                before = lead + decision.supersedes + lead if decision.supersedes else lead
                parts += (before, name, b"", after[len(name) + len(value) :])
        self._count(SHAPE_WEIGHT)
        kept = tuple(after is not None for after in becomes)
        ends = tuple(
            (at, kept_as(entry, name[:-1].strip(WSP)) + b"=")
            for at, (name, decision) in enumerate(zip(shape[1::3], decisions, strict=True))
            if (entry := not_renewable(decision)) is not None
        )
        scope.runs[shape] = RunPlan(tuple(decisions), kept, ends, parts)

    def _count(self, weight: int = 1) -> None:
        self._remembered += weight
        if self._remembered > MAX_PLANS:
            for scope in self._scopes.values():
                scope.forget()
            self._remembered = 0


def _has_control(text: bytes) -> bool:
    """Check for control characters. For printable text, this takes two thirds of the time of a search for CONTROL."""
    return not text.decode("latin-1").isprintable() and CONTROL.search(text) is not None


def _reads_value(decision: Decision) -> bool:
    """Check whether the result depends on the value or changes the pair, so that a plan for the tail cannot hold it.

    A deletion loses its value, a sealed value differs each time, and a renamed pair differs from the original."""
    if decision.entry is not None and decision.entry.is_transported:
        return True
    return Reason.DELETION in decision.reasons


def _for_name(decision: Decision, name: bytes) -> Decision:
    """Copy the decision for another name of the same kind.

    Each name needs a separate object, because observations are counted by decision."""
    supersedes = decision.supersedes
    if supersedes:
        _, equals, rest = supersedes.partition(b"=")
        supersedes = name.strip(WSP) + equals + rest
    return Decision(decision.action, decision.entry, decision.reasons, decision.enforced, supersedes)


def _values_of(name: bytes, headers: Iterable[Header]) -> list[bytes]:
    return [value for found, value in headers if found.lower() == name]


def _joined(header: bytes, pieces: list[bytes], becomes: list[bytes | None]) -> bytes | None:
    """Return the header of the resulting pieces, or None if all cookies are removed."""
    if all(map(is_, becomes, pieces)):
        return header
    kept = [piece for piece in becomes if piece is not None]
    return build_cookie(kept, becomes[0] is None) if any(map(_has_content, kept)) else None


def _has_content(piece: bytes) -> bool:
    return bool(piece.strip(b" \t"))


def _name(line: bytes) -> bytes:
    """Return the name in a Set-Cookie value that may be malformed, or empty."""
    name, equals, _ = line.partition(b";")[0].partition(b"=")
    return name.strip(b" \t") if equals else b""
