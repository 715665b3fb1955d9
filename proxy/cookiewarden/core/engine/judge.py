"""Judge: a policy's decision on one cookie, from a response, a request or a script. It stores no decisions.

The order for a Set-Cookie is malformed, match, undeclared (including deletions), domain and path, partitioned,
same_site and secure, http_only, lifetime, rejection by browsers. The first blocking reason applies; edits collect all
reasons. A deletion of a declared cookie always passes, with the edits needed so that browsers find the cookie."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.cookie import (
    CONTROL,
    SetCookie,
    is_deletion,
    parse_set_cookie,
    read_set_cookie,
)
from cookiewarden.core.cookies.date import ExpiresClock
from cookiewarden.core.cookies.scope import host_matches
from cookiewarden.core.engine import verbs
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.deletion import bare_deletion, complete, delete, without_tabs
from cookiewarden.core.engine.effort import (
    STEPS_OF_DELETION,
    STEPS_OF_DOMAIN,
    STEPS_OF_ENDED,
    STEPS_OF_REFUSAL,
    STEPS_OF_RENAMED,
    STEPS_OF_SUPERSEDING,
    UNLIMITED,
    steps_of_dates,
)
from cookiewarden.core.engine.matcher import ELSEWHERE, Match, Matcher
from cookiewarden.core.engine.transport import Transport
from cookiewarden.core.engine.verbs import Draft, Site, takes_secure
from cookiewarden.core.policy.policy import (
    Entry,
    Mode,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    Policy,
    SetBy,
)

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import (
        Keyring,  # cryptography takes 30 ms to import: only policies that seal do
    )

MALFORMED = Decision(Action.BLOCK, None, (Reason.MALFORMED,))


@dataclass(slots=True, eq=False)
class Situation:
    """The site of an exchange and the visitor's answer: all inputs of a decision except the cookie."""

    site: Site
    denied: Mapping[str, Reason]
    """Denied categories, with the reasons."""
    is_public: bool
    """True if browsers use the host of the request (`public_hosts`)."""


class Tables:
    """Look-up tables of a policy, for all modes and times."""

    def __init__(self, policy: Policy) -> None:
        self.matcher = Matcher(policy.entries)
        """Matcher of all entries. A match skips entries that have ended."""
        self.plain_names: dict[bytes, bytes] = {
            entry.rename.name.encode(): entry.name.encode() for entry in policy.entries if entry.rename is not None
        }
        """The application's name for each new name in browsers."""
        # An engine in another mode is built on the event loop, so it must not search 100,000 entries.
        self.seals = policy.seals
        self.limits_renewal = any([not entry.rules.renew for entry in policy.entries])
        """True if an entry has `renew: false`."""
        self.dated = [entry for entry in policy.entries if entry.until < math.inf]
        """Entries that end."""
        objected = {category.name for category in policy.categories.values() if category.is_objected_by_gpc}
        self.objected = [entry for entry in policy.entries if entry.category in objected] if objected else []
        """Entries that `Sec-GPC: 1` denies."""


class Judge:
    """A policy in a mode, at a time."""

    def __init__(
        self, policy: Policy, mode: Mode | None, now: float, keyring: "Keyring | None", tables: Tables | None
    ) -> None:
        """Set the policy, its mode (None for its own) and the time `now` in seconds since the epoch.

        A policy that seals needs a keyring. `tables` are the tables of the same policy, if they exist already. Raises
        ValueError if a keyring is missing."""
        self.policy = policy
        self.mode = mode or policy.mode
        self.now = now
        self.tables = tables or Tables(policy)
        self.effort = UNLIMITED
        """The work that may still be done for the head that is judged."""
        if self.tables.seals and keyring is None:
            raise ValueError("a policy that seals needs a keyring")
        self.transport = Transport(policy.name, self.mode, now, keyring)
        self._ended = Matcher(entry for entry in self.tables.dated if entry.until <= now)
        self._has_ended = not self._ended.is_empty

    def pieces(self) -> list[object]:
        """Return the parts of the judge, so that a caller can free them in small steps."""
        return [*self.policy.entries, *self.tables.matcher.pieces(), *self._ended.pieces()]

    def match(self, name: bytes, site: Site) -> Match:
        """Return the match of a name in a response."""
        return self.tables.matcher.match(name, site.host, site.path, self.now, self.effort)

    def is_public(self, host: bytes) -> bool:
        """Check whether a host is one of the policy's public hosts."""
        return any(host_matches(pattern, host) for pattern in self.policy.public_hosts)

    # In a response

    def judge_set_cookie(
        self, line: bytes, situation: Situation, clock: ExpiresClock, match: Match | None = None
    ) -> tuple[bytes | None, Decision]:
        """Judge a Set-Cookie value. Return the resulting value (None if it is blocked) and the decision.

        `clock` has the times from which browsers count an Expires. `match` is the match of its name,
        if the caller has it. Raises TooMuchEffort."""
        # A caller that has the match has checked the line for control characters.
        cookie = parse_set_cookie(line) if match is None else read_set_cookie(line)
        if cookie is None:
            return self._malformed(line)
        match = match or self.match(cookie.name, situation.site)
        deletion = is_deletion(cookie, clock)
        if match.entry is not None:
            after, decision = self._decide_declared(line, cookie, match.entry, situation, clock, deletion)
        else:
            reason = self.why_undeclared(cookie.name, match.out_of_scope, situation.site)
            after, decision = self._decide_undeclared(line, cookie, reason, deletion, situation.site)
        self._count_edits(cookie, decision, deletion, situation.is_public)
        return after if decision.enforced else line, decision

    def _count_edits(self, cookie: SetCookie, decision: Decision, is_deletion: bool, is_public: bool) -> None:
        steps = len(decision.reasons) + len(cookie.names) // 3
        if is_deletion:
            steps += STEPS_OF_DELETION
        if decision.action is Action.BLOCK and decision.entry is not None:
            steps += STEPS_OF_REFUSAL
        if decision.supersedes:
            steps += STEPS_OF_SUPERSEDING
        if is_public and b"domain" in cookie.names:
            steps += STEPS_OF_DOMAIN
        self.effort.count(steps + steps_of_dates(sum([len(one[2]) for one in cookie.lifetime().all])))

    def _malformed(self, line: bytes) -> tuple[bytes | None, Decision]:
        # RFC 9110 5.5: CR, LF and NUL must not be forwarded. Control characters are removed in every mode.
        if self.mode is Mode.ENFORCE or CONTROL.search(line):
            return None, MALFORMED
        return line, Decision(Action.BLOCK, None, (Reason.MALFORMED,), enforced=False)

    def why_undeclared(self, name: bytes, out_of_scope: bool, site: Site, is_request: bool = False) -> Reason:
        path = None if is_request else site.path
        if self._has_ended:
            self.effort.spend(STEPS_OF_ENDED)
            if self._ended.match(name, site.host, path, effort=self.effort).entry is not None:
                return Reason.ENTRY_EXPIRED
        return Reason.OUT_OF_SCOPE if out_of_scope else Reason.UNDECLARED

    def _is_declared(self, name: bytes, site: Site) -> bool:
        return self.match(name, site).entry is not None

    def _decide_undeclared(
        self, line: bytes, cookie: SetCookie, reason: Reason, deletion: bool, site: Site
    ) -> tuple[bytes | None, Decision]:
        choice = self.policy.on_response
        # Firefox reads a line without `=` as a name without a value, which may be the name of an entry.
        is_ambiguous = b"=" not in cookie.pair and self._is_declared(cookie.value, site)
        if choice is OnUndeclaredResponse.PASS and not is_ambiguous:
            return line, Decision(Action.PASS)
        enforced = self.mode is Mode.ENFORCE and (choice is OnUndeclaredResponse.BLOCK or is_ambiguous)
        if deletion:
            after = bare_deletion(cookie)
            action = Action.PASS if after == line else Action.REWRITE
            return after, Decision(action, None, (reason, Reason.DELETION), enforced)
        return None, Decision(Action.BLOCK, None, (reason,), enforced)

    def _decide_declared(
        self, line: bytes, cookie: SetCookie, entry: Entry, situation: Situation, clock: ExpiresClock, deletion: bool
    ) -> tuple[bytes | None, Decision]:
        site, enforced = situation.site, self.mode is Mode.ENFORCE and not entry.report_only
        if entry.category in situation.denied and not deletion:
            return None, Decision(Action.BLOCK, entry, (situation.denied[entry.category],), enforced)
        sent, cookie = cookie, without_tabs(cookie) if deletion else cookie
        draft = Draft(cookie)
        draft.is_changed = cookie is not sent
        fits = True
        more: list[Reason] = []  # reasons that are not edits
        if entry.rename is not None and enforced:
            verbs.rename(draft, entry.rename.name.encode())
        verbs.edit_identity(draft, entry.rules)
        secure = takes_secure(site) if deletion else site.https
        verbs.edit_sending(draft, entry.rules, secure, deletion)
        if deletion:
            complete(draft)
            delete(draft)
            more.append(Reason.DELETION)
        else:
            verbs.edit_reading(draft, entry.rules)
            if entry.rules.bound is not None:
                verbs.bound_lifetime(draft, entry.rules.bound, clock)
            fits = self.transport.seal(draft, entry, site, enforced, clock.now)
            if entry.set_by is SetBy.SCRIPT:
                more.append(Reason.SET_BY_SERVER)
        refusals = verbs.certain_refusals(draft)
        if not refusals and situation.is_public and verbs.is_refused_at(draft, site.host):
            refusals = [Reason.BROWSER_WOULD_REFUSE]
        if not fits and not refusals:
            if entry.seal is not None and entry.seal.passes_too_large:
                more.append(Reason.SEALED_TOO_LARGE)
            else:
                refusals = [Reason.SEALED_TOO_LARGE]
        if refusals and not deletion:
            return None, Decision(Action.BLOCK, entry, (refusals[0],), enforced)
        superseded = b""
        moved = not verbs.IDENTITY.isdisjoint(draft.reasons)
        # Browsers rejected a cookie with certain refusals, so it need not be expired.
        # The same is true of a moved domain that is not the host's.
        refused = entry.rules.domain_moves and verbs.is_refused_at(cookie, site.host)
        if moved and enforced and entry.rules.supersede and not refused and not verbs.certain_refusals(cookie):
            superseded = bare_deletion(cookie)
            more.append(Reason.SUPERSEDED)
        # The order of reasons is fixed, because tests compare them and people read them.
        likely = verbs.likely_refusals(draft, site)
        if refusals:
            likely = [reason for reason in likely if reason not in refusals]
        reasons = (*draft.reasons, *more, *refusals, *likely)
        if not draft.reasons and not draft.is_changed:
            return line, Decision(Action.PASS, entry, reasons, enforced, superseded)
        return draft.text() if enforced else line, Decision(Action.REWRITE, entry, reasons, enforced, superseded)

    # In a request

    def judge_name(self, name: bytes, situation: Situation) -> Decision:
        """Judge a cookie in a request by its name."""
        tables, host = self.tables, situation.site.host
        plain_name = tables.plain_names.get(name, name)
        match = tables.matcher.match(plain_name, host, None, self.now, self.effort)
        if plain_name is not name and not _is_renamed_to(name, match.entry):
            # The cookie is renamed, but not for this host.
            self.effort.spend(STEPS_OF_RENAMED)
            found = tables.matcher.match(name, host, None, self.now, self.effort)
            match = found if found.entry is not None else ELSEWHERE
        if match.entry is not None:
            return self._decide_declared_name(match.entry, situation)
        return self._decide_undeclared_name(
            self.why_undeclared(name, match.out_of_scope, situation.site, is_request=True)
        )

    def _decide_declared_name(self, entry: Entry, situation: Situation) -> Decision:
        refused = situation.denied.get(entry.category, None if entry.forward else Reason.NOT_FORWARDED)
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

    # From a script

    def judge_script(self, name: bytes, situation: Situation) -> Decision | None:
        """Judge a cookie that a script of the page tries to set. Return None if it is allowed."""
        match = self.tables.matcher.match(name, situation.site.host, None, self.now, self.effort)
        if match.entry is not None:
            refused = situation.denied.get(match.entry.category)
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
        reason = self.why_undeclared(name, match.out_of_scope, situation.site, is_request=True)
        enforced = self.mode is Mode.ENFORCE and choice is OnUndeclaredResponse.BLOCK
        return Decision(Action.BLOCK, None, (reason,), enforced)


def _is_renamed_to(name: bytes, entry: Entry | None) -> bool:
    return entry is not None and entry.rename is not None and entry.rename.name.encode() == name
