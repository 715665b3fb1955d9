"""The engine: what a policy says of every cookie in a response and in a request. Everything else is a caller.

The order for a Set-Cookie: malformed, match, undeclared (a deletion among them), domain and path, partitioned,
same_site and secure, http_only, lifetime, what browsers would refuse. The first blocking reason wins; edits
collect all reasons. A deletion of a declared cookie always passes, with the edits that decide whether browsers
find the cookie it deletes.

Judging a line takes some 20 µs, so what was decided is remembered as a plan, by (scope, name, attribute tail). The
value is no part of the key, so every session of an application hits the same plan. What else the decision
reads is in the key: the scope stands for host, path and scheme; a date stands there as its class at `now`; a
line whose decision reads its value (no name, too large, control characters, an undeclared deletion) is never
remembered.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.cookie import (
    CONTROL,
    MAX_ATTRIBUTE,
    MAX_PAIR,
    WSP,
    SetCookie,
    build_cookie,
    build_set_cookie,
    is_deletion,
    parse_cookie,
    parse_set_cookie,
    with_name,
    with_value,
)
from cookiewarden.core.cookies.date import expires_clock, is_known
from cookiewarden.core.cookies.scope import canonical_host, host_matches, path_match, path_of
from cookiewarden.core.cookies.suffix import is_public_suffix, registrable_parents
from cookiewarden.core.engine import consent, eviction, verbs
from cookiewarden.core.engine.decision import Action, Decision, Exchange, Header, Judged, Outcome, Reason
from cookiewarden.core.engine.deletion import bare_deletion, complete, delete
from cookiewarden.core.engine.matcher import Match, Matcher
from cookiewarden.core.engine.memo import (
    EXPIRES,
    MAX_KEY,
    MAX_PLANS,
    MAX_SCOPES,
    MAX_SHAPE,
    NO_ANSWER,
    SHAPE_WEIGHT,
    Answer,
    CookiesPlan,
    DatedPlan,
    RunPlan,
    Scope,
    ScopeKey,
    SetCookieLines,
    class_of,
    plan_dated,
)
from cookiewarden.core.engine.verbs import Draft, Site, takes_secure
from cookiewarden.core.policy.policy import (
    HOST_ONLY,
    Entry,
    Evict,
    Mode,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    Policy,
    Seal,
    SetBy,
)

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import (
        Keyring,
    )  # cryptography takes 30 ms to import: only policies that seal do

MAX_OPENED = 100
"""Sealed values of one request that are opened: each costs 20 µs. The others count as invalid."""

MAY_NOT_BE_HELD = frozenset({Reason.UNDECLARED, Reason.ENTRY_EXPIRED, Reason.NO_CONSENT, Reason.GPC})
"""Why a cookie in a request is one that the browser should not have; one for another host or path it may."""

EVICTION = Decision(Action.EVICT, None, (Reason.EVICTED,))
MALFORMED = Decision(Action.BLOCK, None, (Reason.MALFORMED,))

_VALUES = re.compile(rb"=[^;]*")


class Engine:
    """A policy in force. Immutable but for its memo; a reload makes a new one."""

    def __init__(
        self,
        policy: Policy,
        mode: Mode | None = None,
        now: float = 0.0,
        keyring: "Keyring | None" = None,
        like: "Engine | None" = None,
    ) -> None:
        """`now`: the moment, in seconds since the epoch, by which dated entries have ended or not. At `next_expiry` it
        is time for another engine. `keyring`: for a policy that seals. Raises ValueError where it is missing. `like`: an
        engine of the same policy, whose tables this one shares."""
        if policy.seals and keyring is None:
            raise ValueError("a policy that seals needs a keyring")
        self._keyring = keyring
        self._now = now
        self.policy = policy
        self.mode = mode or policy.mode
        self._matcher: Matcher = Matcher(policy.entries) if like is None else like._matcher
        """Of all entries: those that have ended by `now` are passed over."""
        self._ended = Matcher(entry for entry in policy.entries if entry.until <= now)
        self._has_ended = not self._ended.is_empty
        self._plain_names: dict[bytes, bytes] = (
            {
                entry.rename.name.encode(): entry.name.encode()
                for entry in policy.entries
                if entry.rename is not None
            }
            if like is None
            else like._plain_names
        )
        """The application's name for each name under which browsers keep a cookie."""
        self._paths: frozenset[bytes] = (
            frozenset(path.encode() for entry in policy.entries for path in entry.paths)
            if like is None
            else like._paths
        )
        self._path_lengths = sorted(set(map(len, self._paths)))
        if policy.public_hosts:
            is_public_suffix(b"example")  # reads the list, 35 ms, while nobody waits
        self._scopes: dict[ScopeKey, Scope] = {}
        self._remembered = 0

    def in_mode(self, mode: Mode | None, now: float) -> "Engine":
        """The same policy in a mode (None: its own) as of a moment. Its tables are shared and its memo is empty: that takes
        milliseconds where a new engine takes seconds (60,000 entries)."""
        return Engine(self.policy, mode, now, self._keyring, self)

    def pieces(self) -> list[object]:
        """What it is made of: whoever holds these while it is freed can free them little by little."""
        return [*self.policy.entries, *self._matcher.pieces(), *self._ended.pieces()]

    # The two entries that every caller shares

    def on_response(self, headers: Iterable[Header], exchange: Exchange, now: float) -> Outcome:
        """Judge every Set-Cookie of a response head. `now` is in seconds since the epoch."""
        headers = list(headers)
        lines = (value for name, value in headers if name.lower() == b"set-cookie")
        clock = expires_clock(_values_of(b"date", headers), now)
        scope = self.after_response(self.scope(exchange), lines, lambda: clock)
        evicted = self._evicted(headers, exchange, scope, now)
        kept: list[Header] = [(b"Set-Cookie", judged.after) for judged in evicted if judged.after]
        cookies = evicted
        for name, value in headers:
            if name.lower() != b"set-cookie":
                kept.append((name, value))
                continue
            after, decision = self.on_set_cookie(value, scope, clock)
            cookies.append(Judged(_name(value), value, after, decision))
            if decision.supersedes:
                kept.append((name, decision.supersedes))
            if after is not None:
                kept.append((name, after))
        return Outcome(kept, cookies)

    def on_request(self, headers: Iterable[Header], exchange: Exchange, now: float) -> Outcome:
        """Judge every cookie of a request head; several Cookie headers become one, where the first stood."""
        headers = list(headers)
        lines = [value for name, value in headers if name.lower() == b"cookie"]
        if not lines:
            return Outcome(headers, [])
        scope = self.scope(replace(exchange, headers=headers))
        after, cookies = self.on_cookie(b"; ".join(lines), scope)
        kept: list[Header] = []
        for name, value in headers:
            if name.lower() != b"cookie":
                kept.append((name, value))
            elif lines:
                if after is not None:
                    kept.append((name, after))
                lines = []
        return Outcome(kept, cookies)

    # The narrow entries of the data plane

    def scope(self, exchange: Exchange) -> Scope:
        """The scope of an exchange: ask once per request and hand it to `on_set_cookie` and `on_cookie`."""
        cookies, gpc = (_values_of(name, exchange.headers) for name in (b"cookie", b"sec-gpc"))
        return self.scope_of(exchange.host, exchange.target, exchange.https, self.answer(cookies, gpc))

    def scope_of(self, host: bytes, target: bytes, https: bool, answer: Answer = NO_ANSWER) -> Scope:
        """The same from the parts of an exchange and the visitor's answer."""
        key = (
            host,
            https,
            self._paths_of(path_of(target)) if self._paths else None,
            answer,
        )
        return self._scopes.get(key) or self._new_scope(
            key, Site(canonical_host(host), path_of(target), https)
        )

    def _paths_of(self, path: bytes) -> tuple[bytes, ...]:
        """The policy's paths that a request's path matches."""
        beginnings = [path[:length] for length in self._path_lengths if length <= len(path)]
        return tuple([found for found in beginnings if found in self._paths and path_match(path, found)])

    def _new_scope(self, key: "ScopeKey", site: Site) -> Scope:
        if len(self._scopes) >= MAX_SCOPES:
            self._scopes.clear()
            self._remembered = 0
        scope = self._scopes[key] = Scope(site, key, dict(key[3][0]))
        return scope

    # Consent

    @property
    def asks_consent(self) -> bool:
        """Whether `answer` and `after_response` have anything to say."""
        return self.policy.consent is not None

    def answer(self, cookies: Iterable[bytes], gpc: Iterable[bytes]) -> Answer:
        """The visitor's answer, by the values of a request's Cookie fields and of its Sec-GPC fields."""
        asked = self.policy.consent
        if asked is None:
            return NO_ANSWER
        pieces = parse_cookie(b"; ".join(cookies))
        name = asked.cookie.encode()
        values = [piece.partition(b"=")[2] for found, piece in pieces if found == name]
        # Said twice, as one field or as two, it is still said.
        says_gpc = {word.strip(b" \t") for value in gpc for word in value.split(b",")} == {b"1"}
        return consent.denied(asked, values, says_gpc), says_gpc

    def after_response(self, scope: Scope, lines: Iterable[bytes], clock: Callable[[], float]) -> Scope:
        """The scope for a response with these Set-Cookie lines: where they change the visitor's answer, the stricter of
        the old one and the new one counts. `clock`: as in `on_set_cookies`."""
        asked = self.policy.consent
        if asked is None:
            return scope
        name = asked.cookie.encode()
        cookies = [cookie for cookie in map(parse_set_cookie, lines) if cookie and cookie.name == name]
        if not cookies:
            return scope
        now = clock()
        gone = any(is_deletion(cookie, now) for cookie in cookies)
        host, https, paths, (before, gpc) = scope.key
        after = consent.denied(asked, [] if gone else [cookie.value for cookie in cookies], gpc)
        key = (host, https, paths, (consent.stricter(before, after), gpc))
        return self._scopes.get(key) or self._new_scope(key, scope.site)

    # What scripts set

    def on_script(self, name: bytes, scope: Scope) -> Decision | None:
        """What a policy says of a cookie that a script of the page wanted to set; None where it may."""
        match = self._matcher.match(name, scope.site.host, None, self._now)
        if match.entry is not None:
            refused = scope.denied.get(match.entry.category)
            if refused is None:
                return None
            return Decision(
                Action.BLOCK,
                match.entry,
                (refused,),
                self.mode is Mode.ENFORCE and not match.entry.report_only,
            )
        choice = self.policy.on_response
        if choice is OnUndeclaredResponse.PASS:
            return None
        reason = self._why_undeclared(name, match.out_of_scope, scope.site, is_request=True)
        enforced = self.mode is Mode.ENFORCE and choice is OnUndeclaredResponse.BLOCK
        return Decision(Action.BLOCK, None, (reason,), enforced)

    # Eviction

    @property
    def evicts(self) -> bool:
        """Whether `evictions` has anything to say."""
        return self.policy.evict is not Evict.OFF and self.mode is Mode.ENFORCE

    def evictions(
        self, cookies: Iterable[bytes], scope: Scope, target: bytes, now: float
    ) -> tuple[list[bytes], dict[bytes, Decision]]:
        """For a navigation to `target`, answered by a page: Set-Cookie values that expire what its Cookie fields hold and may
        not, and the decision for each such name."""
        found: dict[bytes, Decision] = {}
        tried: dict[bytes, list[bytes]] = {}
        domains: dict[bool, list[bytes]] = {}
        """By whether a cookie is declared: found out once, and only where one is expired."""
        for name, _ in parse_cookie(b"; ".join(cookies)):
            if not name or name in found or len(name) > eviction.MAX_NAME or CONTROL.search(name):
                continue
            decision = scope.names.get(name) or self._judge_name(name, scope)
            if decision.enforced and not MAY_NOT_BE_HELD.isdisjoint(decision.reasons):
                found[name] = (
                    EVICTION
                    if decision.entry is None
                    else Decision(Action.EVICT, decision.entry, (Reason.EVICTED,))
                )
                ours = decision.entry is not None
                if ours not in domains:
                    domains[ours] = self._evict_domains(scope, everywhere=ours)
                tried[name] = domains[ours]
        site = scope.site
        secure = takes_secure(site)
        return eviction.expiring_lines(list(tried.items()), target, int(now), secure), found

    def _evict_domains(self, scope: Scope, everywhere: bool) -> list[bytes]:
        """Declared cookies are ours at every domain; an undeclared one may belong to a sibling application."""
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
        lines, decisions = self.evictions(
            _values_of(b"cookie", exchange.headers), scope, exchange.target, now
        )
        return [Judged(_name(line), b"", line, decisions[_name(line)]) for line in lines]

    def on_set_cookie(self, line: bytes, scope: Scope, now: float) -> tuple[bytes | None, Decision]:
        """One Set-Cookie value: what it becomes (None: it is dropped) and why. `now`: the moment from which browsers count an
        Expires in this response (`expires_clock`)."""
        pair, semicolon, tail = line.partition(b";")
        name, equals, _ = pair.partition(b"=")
        plan = scope.plans.get((name, semicolon, tail))
        # A tail that is remembered has no control character: the pair may have.
        if plan is not None and equals and len(pair) <= MAX_PAIR and not _has_control(pair):
            becomes, decision = plan
            return (None if becomes is None else pair + becomes), decision
        return self._on_new_line(line, pair, name, line[len(pair) :], scope, now)

    def on_set_cookies(
        self,
        lines: SetCookieLines,
        scope: Scope,
        clock: Callable[[], float],
        on_fault: Callable[[Exception], Decision],
    ) -> tuple[list[bytes], tuple[Decision, ...]]:
        """The Set-Cookie fields of a head, in which a parser found no control characters: what of them travels on, in pieces,
        and the decision for each. `clock` gives the moment from which browsers count an Expires in this response
        (`expires_clock`); it is only asked where lines are judged. `on_fault` is asked where judging one failed.

        It is `on_set_cookie` for each. An application sets the same cookies again and again: they are judged as one, 0.9 µs
        instead of 2.5 for six.
        """
        plan = scope.runs.get(lines.shape)
        # A value can make a cookie too large; all together are looked at, for that is one look.
        if plan is not None and len(b"".join(lines.values)) <= MAX_PAIR - MAX_KEY:
            return plan.apply(lines.values), plan.decisions
        parts: list[bytes] = []
        decisions = []
        becomes: list[bytes | None] = []
        now = clock()
        for lead, line in lines:
            try:
                after, decision = self.on_set_cookie(line.rstrip(b" \t"), scope, now)
            except Exception as error:
                decision = on_fault(error)
                after = None if decision.enforced else line
            if decision.supersedes:
                parts += (lead, decision.supersedes)
            if after is not None:
                parts += (lead, after)
            becomes.append(after)
            decisions.append(decision)
        self._remember_run(lines, becomes, decisions, scope)
        return parts, tuple(decisions)

    def _on_new_line(
        self, line: bytes, pair: bytes, name: bytes, tail: bytes, scope: Scope, now: float
    ) -> tuple[bytes | None, Decision]:
        """A line that is dated, was not seen before or is not remembered."""
        if b"=" not in pair or len(pair) > MAX_PAIR or CONTROL.search(line):
            return self._judge(line, scope, now)
        found = EXPIRES.search(tail)
        if found is None:
            return self._on_new_name(line, pair, name, tail, scope, now)
        date = found[1]
        # Browsers ignore a longer one, and without a clock no date is past: what was remembered of dates says nothing of these.
        if len(date) > MAX_ATTRIBUTE or not is_known(now):
            return self._judge(line, scope, now)
        before, rest = tail[: found.start(1)], tail[found.end(1) :]
        plan = self._dated_plan(name, before, rest, date, scope, now)
        if plan is not None:
            return plan.apply(pair, date, now), plan.decision
        match = self._match(name.strip(WSP), scope.site)
        kind = self._kind(name, match, scope)
        plan = self._dated_plan(kind, before, rest, date, scope, now) if kind else None
        if plan is not None:
            decision = _for_name(plan.decision, name)
            if len(name) + len(tail) <= MAX_KEY:
                self._count()
                own = replace(plan, decision=decision)
                scope.bounds[name] = bound = scope.bounds[kind]
                scope.dated[name, before, rest, class_of(date, bound, now)] = own
            return plan.apply(pair, date, now), decision
        return self._judge_and_remember_dated(line, pair, name, kind, match, tail, found, scope, now)

    def _dated_plan(
        self, name: bytes, before: bytes, rest: bytes, date: bytes, scope: Scope, now: float
    ) -> DatedPlan | None:
        # An absent bound classes nothing as over it: None is remembered too, so absence needs its own mark.
        bound = scope.bounds.get(name, -1)
        return None if bound == -1 else scope.dated.get((name, before, rest, class_of(date, bound, now)))

    def _on_new_name(
        self, line: bytes, pair: bytes, name: bytes, tail: bytes, scope: Scope, now: float
    ) -> tuple[bytes | None, Decision]:
        """A line without a date: names that one glob declares, and those that no entry does, are judged alike."""
        match = self._match(name.strip(WSP), scope.site)
        kind = self._kind(name, match, scope)
        plan = scope.plans.get((kind, tail[:1], tail[1:])) if kind else None
        if plan is None:
            return self._judge_and_remember(line, pair, name, kind, match, tail, scope, now)
        becomes, decision = plan[0], _for_name(plan[1], name)
        if len(name) + len(tail) <= MAX_KEY:
            self._count()
            scope.plans[name, tail[:1], tail[1:]] = becomes, decision
        return (None if becomes is None else pair + becomes), decision

    def _kind(self, name: bytes, match: Match, scope: Scope) -> bytes:
        """A name's stand-in in the memo, where what is decided does not depend on the name; empty where it may. No name on the wire has
        its first octet."""
        bare = name.strip(WSP)
        if not bare or bare.startswith(b"__"):  # a prefix may promise something
            return b""
        if match.entry is None:
            return b"\0" + self._why_undeclared(bare, match.out_of_scope, scope.site).encode()
        return b"\0*" + match.entry.name.encode() if "*" in match.entry.name else b""

    def on_cookie(self, header: bytes, scope: Scope) -> tuple[bytes | None, list[Judged]]:
        """One Cookie header value: what the application gets (None: no header) and the decision for each cookie."""
        kept: list[bytes] = []
        cookies = []
        first_removed = changed = False
        pieces = parse_cookie(header)
        seen: set[bytes] = set()
        names: frozenset[bytes] = frozenset()
        carried_so_far = 0
        for index, (name, piece) in enumerate(pieces):
            if not piece.strip(b" \t"):
                kept.append(piece)
                continue
            decision = scope.names.get(name) or self._judge_name(name, scope)
            after: bytes | None = piece
            if decision.action is Action.STRIP and decision.enforced:
                after = None
            elif decision.entry is not None and decision.entry.is_transported:
                # What is only reported reaches the application, and so as the application knows it.
                names = names or frozenset([found for found, _ in pieces])
                carried_so_far += 1
                is_opened = carried_so_far <= MAX_OPENED
                after, carried = self._transport(name, piece, decision.entry, scope, names, is_opened)
                decision = (
                    carried
                    if decision.action is Action.PASS
                    else replace(decision, reasons=(*decision.reasons, *carried.reasons))
                )
            if name in seen:
                decision = replace(decision, reasons=(*decision.reasons, Reason.DUPLICATE_NAME))
            seen.add(name)
            cookies.append(Judged(name, piece, after, decision))
            changed = changed or after is not piece
            if after is None:
                first_removed = first_removed or index == 0
            else:
                kept.append(after)
        if not changed:
            return header, cookies
        return build_cookie(kept, first_removed) if any(map(_has_content, kept)) else None, cookies

    def on_cookies(self, header: bytes, scope: Scope) -> tuple[bytes | None, tuple[Decision, ...]]:
        """The same for the data plane, which wants the decisions only.

        Browsers send the same names again and again: what was decided is remembered by the header without its values,
        3.6 µs instead of 18 for 20 cookies.
        """
        plan = scope.headers.get(_VALUES.sub(b"=", header))
        if plan is not None:
            return plan.apply(header), plan.decisions
        after, cookies = self.on_cookie(header, scope)
        decisions = tuple(judged.decision for judged in cookies)
        shape = _VALUES.sub(b"=", header)
        pieces = shape.split(b";")
        if any(decision.entry is not None and decision.entry.is_transported for decision in decisions):
            return after, decisions
        # What stands without a `=` is a value.
        if len(shape) <= MAX_SHAPE and all(b"=" in piece or not piece.strip(b" \t") for piece in pieces):
            judged = iter(cookies)
            kept = tuple(not _has_content(piece) or next(judged).after is not None for piece in pieces)
            self._count(SHAPE_WEIGHT)
            scope.headers[shape] = CookiesPlan(decisions, None if all(kept) else kept, after is not None)
        return after, decisions

    # Judging

    def _judge(
        self, line: bytes, scope: Scope, now: float, match: Match | None = None
    ) -> tuple[bytes | None, Decision]:
        """The plain path: parse, decide, build. Reads nothing that was remembered. `match`: of its name, where it is known."""
        cookie = parse_set_cookie(line)
        if cookie is None:
            return self._malformed(line)
        edited, decision = self._decide(cookie, scope, now, match or self._match(cookie.name, scope.site))
        if not decision.enforced or edited is cookie:
            return line, decision
        return (build_set_cookie(edited) if edited is not None else None), decision

    def _malformed(self, line: bytes) -> tuple[bytes | None, Decision]:
        # RFC 9110 5.5: CR, LF and NUL must not travel on; a control character passes in no mode.
        if self.mode is Mode.ENFORCE or CONTROL.search(line):
            return None, MALFORMED
        return line, Decision(Action.BLOCK, None, (Reason.MALFORMED,), enforced=False)

    def _match(self, name: bytes, site: Site) -> Match:
        return self._matcher.match(name, site.host, site.path, self._now)

    def _decide(
        self, cookie: SetCookie, scope: Scope, now: float, match: Match
    ) -> tuple[SetCookie | None, Decision]:
        deletion = is_deletion(cookie, now)
        if match.entry is None:
            reason = self._why_undeclared(cookie.name, match.out_of_scope, scope.site)
            return self._decide_undeclared(cookie, reason, deletion, scope.site)
        return self._decide_declared(cookie, match.entry, scope, now, deletion)

    def _why_undeclared(
        self, name: bytes, out_of_scope: bool, site: Site, is_request: bool = False
    ) -> Reason:
        path = None if is_request else site.path
        if self._has_ended and self._ended.match(name, site.host, path).entry is not None:
            return Reason.ENTRY_EXPIRED
        return Reason.OUT_OF_SCOPE if out_of_scope else Reason.UNDECLARED

    def _is_declared(self, name: bytes, site: Site) -> bool:
        return self._match(name, site).entry is not None

    def _decide_undeclared(
        self, cookie: SetCookie, reason: Reason, deletion: bool, site: Site
    ) -> tuple[SetCookie | None, Decision]:
        choice = self.policy.on_response
        # Firefox takes a line without `=` for a name without a value: for the cookie of an entry, it may be.
        is_ambiguous = b"=" not in cookie.pair and self._is_declared(cookie.value, site)
        if choice is OnUndeclaredResponse.PASS and not is_ambiguous:
            return cookie, Decision(Action.PASS)
        enforced = self.mode is Mode.ENFORCE and (choice is OnUndeclaredResponse.BLOCK or is_ambiguous)
        if deletion:
            edited = bare_deletion(cookie)
            action = Action.PASS if edited is cookie else Action.REWRITE
            return edited, Decision(action, None, (reason, Reason.DELETION), enforced)
        return None, Decision(Action.BLOCK, None, (reason,), enforced)

    def _decide_declared(
        self, cookie: SetCookie, entry: Entry, scope: Scope, now: float, deletion: bool
    ) -> tuple[SetCookie | None, Decision]:
        site, enforced = scope.site, self.mode is Mode.ENFORCE and not entry.report_only
        if entry.category in scope.denied and not deletion:
            return None, Decision(Action.BLOCK, entry, (scope.denied[entry.category],), enforced)
        draft = Draft(cookie)
        if entry.rename is not None and enforced:
            verbs.rename(draft, entry.rename.name.encode())
        verbs.edit_identity(draft, entry.rules)
        secure = takes_secure(site) if deletion else site.https
        verbs.edit_sending(draft, entry.rules, secure, deletion)
        if deletion:
            complete(draft)
            delete(draft)
            draft.reasons.append(Reason.DELETION)
        else:
            verbs.edit_reading(draft, entry.rules)
            verbs.bound_lifetime(draft, entry.rules.bound, now)
            if enforced:
                self._seal(draft, entry, site)
            if entry.set_by is SetBy.SCRIPT:
                draft.reasons.append(Reason.SET_BY_SERVER)
        refusals = verbs.certain_refusals(draft)
        if not refusals and self._is_public(scope) and verbs.is_refused_at(draft, site.host):
            refusals = [Reason.BROWSER_WOULD_REFUSE]
        if refusals and not deletion:
            return None, Decision(Action.BLOCK, entry, (refusals[0],), enforced)
        superseded = b""
        moved = not verbs.IDENTITY.isdisjoint(draft.reasons)
        # What browsers refused to keep needs not be expired.
        if moved and enforced and entry.rules.supersede and not verbs.certain_refusals(cookie):
            superseded = build_set_cookie(bare_deletion(cookie))
            draft.reasons.append(Reason.SUPERSEDED)
        # One order for the reasons, whatever made them: they are compared in tests and shown to people.
        likely = [r for r in verbs.likely_refusals(draft, site) if r not in refusals]
        reasons = (*draft.reasons, *refusals, *likely)
        if not draft.changed:
            return cookie, Decision(Action.PASS, entry, reasons, enforced, superseded)
        return draft, Decision(Action.REWRITE, entry, reasons, enforced, superseded)

    def _is_public(self, scope: Scope) -> bool:
        """Whether browsers are where the request says they are."""
        if scope.is_public is None:
            host = scope.site.host
            scope.is_public = any(host_matches(pattern, host) for pattern in self.policy.public_hosts)
        return scope.is_public

    def _judge_name(self, name: bytes, scope: Scope) -> Decision:
        match = self._matcher.match(self._plain_names.get(name, name), scope.site.host, None, self._now)
        if name in self._plain_names and not _is_renamed_to(name, match.entry):
            # It is renamed, but not for this host.
            found = self._matcher.match(name, scope.site.host, None, self._now)
            match = found if found.entry is not None else replace(found, out_of_scope=True)
        if match.entry is not None:
            decision = self._decide_declared_name(match.entry, scope)
        else:
            why = self._why_undeclared(name, match.out_of_scope, scope.site, is_request=True)
            decision = self._decide_undeclared_name(why)
        if len(name) <= MAX_KEY:
            self._count()
            scope.names[name] = decision
        return decision

    def _decide_declared_name(self, entry: Entry, scope: Scope) -> Decision:
        refused = scope.denied.get(entry.category, None if entry.forward else Reason.NOT_FORWARDED)
        if refused is None:
            return Decision(Action.PASS, entry)
        enforced = self.mode is Mode.ENFORCE and not entry.report_only
        return Decision(Action.STRIP, entry, (refused,), enforced)

    def _decide_undeclared_name(self, reason: Reason) -> Decision:
        choice = self.policy.on_request
        if choice is OnUndeclaredRequest.PASS:
            return Decision(Action.PASS)
        enforced = self.mode is Mode.ENFORCE and choice is OnUndeclaredRequest.STRIP
        return Decision(Action.STRIP, None, (reason,), enforced)

    # Sealing

    def _seal(self, draft: Draft, entry: Entry, site: Site) -> None:
        """Encrypt the value, unless there is none or it was encrypted already."""
        if entry.seal is None or self._keyring is None or not draft.value:
            return
        name, context = (
            entry.name.encode() if entry.rename else draft.name,
            self._context(entry, entry.seal, site),
        )
        if self._keyring.open(draft.value, name, context) is None:
            sealed = self._keyring.seal(draft.value, name, context)
            draft.become(with_value(draft.pair, sealed), draft.name, sealed)
            draft.note(Reason.SEALED)

    def _transport(
        self, name: bytes, piece: bytes, entry: Entry, scope: Scope, names: frozenset[bytes], is_opened: bool
    ) -> tuple[bytes | None, Decision]:
        """A piece of a Cookie header that browsers keep otherwise than the application does: what the application gets.
        `names`: those of the header; `is_opened`: a sealed value may be opened. This is done in report mode too."""
        reasons: tuple[Reason, ...] = ()
        rename = entry.rename
        if rename is not None:
            kept_as, plain = rename.name.encode(), entry.name.encode()
            if name == kept_as:
                reasons, piece = (Reason.RENAMED,), with_name(piece, plain)
            elif self._now >= rename.accept_plain_until or kept_as in names:
                return self._refused(piece, entry, Reason.PLAIN_NAME)
            name = plain
        after, decision = self._open(name, piece, entry, scope, is_opened)
        return after, replace(decision, reasons=(*reasons, *decision.reasons)) if reasons else decision

    def _refused(self, piece: bytes, entry: Entry, reason: Reason) -> tuple[bytes | None, Decision]:
        enforced = self.mode is Mode.ENFORCE and not entry.report_only
        return None if enforced else piece, Decision(Action.STRIP, entry, (reason,), enforced)

    def _open(
        self, name: bytes, piece: bytes, entry: Entry, scope: Scope, is_opened: bool
    ) -> tuple[bytes | None, Decision]:
        """A piece whose value may be sealed."""
        value = piece.partition(b"=")[2].strip(WSP)
        seal, keyring = entry.seal, self._keyring
        if seal is None or keyring is None or not value:
            return piece, Decision(Action.PASS, entry)
        opened = keyring.open(value, name, self._context(entry, seal, scope.site)) if is_opened else None
        if opened is not None:
            return with_value(piece, opened), Decision(Action.PASS, entry, (Reason.OPENED,))
        if self._now < seal.accept_plain_until and not keyring.looks_sealed(value):
            return piece, Decision(Action.PASS, entry)
        return self._refused(piece, entry, Reason.SEAL_INVALID)

    def _context(self, entry: Entry, seal: Seal, site: Site) -> bytes:
        """The host for a cookie that is bound to it, else what the policy says: the two are never the same."""
        if entry.rules.domain == HOST_ONLY:
            return b"host " + site.host
        return b"policy " + (seal.context or self.policy.name).encode()

    # Remembering

    def _judge_and_remember(
        self,
        line: bytes,
        pair: bytes,
        name: bytes,
        kind: bytes,
        match: Match,
        tail: bytes,
        scope: Scope,
        now: float,
    ) -> tuple[bytes | None, Decision]:
        """`kind`: the name's stand-in, or empty."""
        after, decision = self._judge(line, scope, now, match)
        if name.strip(WSP) and len(name) + len(tail) <= MAX_KEY and not _reads_value(decision):
            plan = (None if after is None else after[len(pair) :]), decision
            for known_as in (name, kind) if kind else (name,):
                self._count()
                scope.plans[known_as, tail[:1], tail[1:]] = plan
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
        now: float,
    ) -> tuple[bytes | None, Decision]:
        """`kind`: the name's stand-in, or empty."""
        after, decision = self._judge(line, scope, now, match)
        date, rest = found[1], tail[found.end(1) :]
        if not name.strip(WSP) or len(name) + len(tail) > MAX_KEY or _reads_value(decision):
            return after, decision
        if EXPIRES.search(rest):
            return after, decision  # a second date
        entry = decision.entry
        bound = entry.rules.bound.seconds if entry and entry.rules.bound else None
        date_class = class_of(date, bound, now)
        plan = plan_dated(pair, date_class, date, after, decision, bound)
        for known_as in (name, kind) if kind else (name,):
            self._count()
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
        """Remember all lines as one where each of them is remembered: without a date, and whatever its value."""
        shape = lines.shape
        parts: list[bytes] = []
        for lead, name, value, tail, after, decision in zip(
            shape[::3], shape[1::3], lines.values, shape[2::3], becomes, decisions, strict=True
        ):
            # Without attributes, blanks at the end of the line would be taken for some of the value.
            if not tail or (name[:-1], tail[:1], tail[1:]) not in scope.plans:
                return
            if after is not None:
                before = lead + decision.supersedes + lead if decision.supersedes else lead
                parts += (before, name, b"", after[len(name) + len(value) :])
        if sum(map(len, shape)) <= MAX_SHAPE:
            self._count(SHAPE_WEIGHT)
            kept = tuple(after is not None for after in becomes)
            scope.runs[shape] = RunPlan(tuple(decisions), kept, parts)

    def _count(self, weight: int = 1) -> None:
        self._remembered += weight
        if self._remembered > MAX_PLANS:
            for scope in self._scopes.values():
                scope.forget()
            self._remembered = 0


def _is_renamed_to(name: bytes, entry: Entry | None) -> bool:
    return entry is not None and entry.rename is not None and entry.rename.name.encode() == name


def _has_control(pair: bytes) -> bool:
    """The same as a search for CONTROL, but that what is all printable is seen in two thirds of the time."""
    return not pair.decode("latin-1").isprintable() and CONTROL.search(pair) is not None


def _reads_value(decision: Decision) -> bool:
    """Whether the outcome depends on the value: a deletion loses it, and what is sealed is another each time. A pair that is
    renamed is not remembered either: plans speak of what follows the pair."""
    if decision.entry is not None and decision.entry.is_transported:
        return True
    return Reason.DELETION in decision.reasons


def _for_name(decision: Decision, name: bytes) -> Decision:
    """A decision on another name of its kind, for this one: an object of its own, for what was seen is counted by it."""
    supersedes = decision.supersedes
    if supersedes:
        _, equals, rest = supersedes.partition(b"=")
        supersedes = name.strip(WSP) + equals + rest
    return Decision(decision.action, decision.entry, decision.reasons, decision.enforced, supersedes)


def _values_of(name: bytes, headers: Iterable[Header]) -> list[bytes]:
    return [value for found, value in headers if found.lower() == name]


def _has_content(piece: bytes) -> bool:
    return bool(piece.strip(b" \t"))


def _name(line: bytes) -> bytes:
    """The name in a Set-Cookie value that may be malformed; empty where it has none."""
    name, equals, _ = line.partition(b";")[0].partition(b"=")
    return name.strip(b" \t") if equals else b""
