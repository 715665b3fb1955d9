"""Renewal: under `renew: false`, a later visit does not extend the life of a cookie that the browser holds.

The proxy stores nothing. The request shows the names and values that the browser holds, but no attributes. So a line
with a value that the browser holds is dropped, and the first end stands. Changed attributes reach browsers with a new
value, which begins a new life. A sealed cookie carries its date of birth, and a new value does not change that date."""

from cookiewarden.core.cookies.cookie import WSP, parse_cookie, parse_set_cookie, with_value
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.transport import Transport, has_ended
from cookiewarden.core.engine.verbs import Draft, Site, bound_lifetime
from cookiewarden.core.policy.policy import Entry, Lifetime

PASSES = frozenset({Action.PASS, Action.REWRITE})


def not_renewable(decision: Decision) -> Entry | None:
    """Return the entry if browsers get a cookie whose life must not be extended, else None."""
    entry = decision.entry
    if entry is None or entry.rules.renew or decision.action not in PASSES or Reason.DELETION in decision.reasons:
        return None
    return entry


def kept_as(entry: Entry, name: bytes) -> bytes:
    """Return the name under which browsers keep a cookie with this name of the application."""
    return entry.rename.name.encode() if entry.rename is not None else name


class Renewal:
    """The judgement on lines that may renew a cookie."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._refusals: dict[tuple[int, bool], Decision] = {}
        """One decision for each entry, because metrics count by object."""

    def judge(
        self, line: bytes, after: bytes | None, decision: Decision, entry: Entry, site: Site, now: float, cookies: bytes
    ) -> tuple[bytes | None, Decision]:
        """Drop a line with the value that the browser holds. Another sealed value inherits its date of birth.

        `after` and `decision` are the result without regard to the browser, and `entry` is their `not_renewable` one.
        `now` is the time from which browsers count an Expires, and `cookies` the request's Cookie field."""
        own, _, value = line.partition(b";")[0].partition(b"=")
        name, value = entry.name.encode() if entry.rename is not None else own.strip(WSP), value.strip(WSP)
        live = self._held(cookies, frozenset([kept_as(entry, name), name]), name, entry, site, abs(now))
        if any(value == other for other, _ in live):
            return None if decision.enforced else line, self._refused(entry, decision.enforced)
        births = [birth for _, birth in live if birth is not None]
        if births and after is not None and decision.enforced:
            after = self._born_at(min(births), value, name, after, entry, site, now)
        return after, decision

    def _held(
        self, cookies: bytes, names: frozenset[bytes], name: bytes, entry: Entry, site: Site, now: float
    ) -> list[tuple[bytes, int | None]]:
        """Return the application's values of the cookies that the browser sent, with their dates of birth."""
        values = [piece.partition(b"=")[2].strip(WSP) for found, piece in parse_cookie(cookies) if found in names]
        opened = [self._transport.opened(name, value, entry, site) for value in values]
        return [(value, birth) for value, birth in opened if not has_ended(entry, birth, now)]

    def _refused(self, entry: Entry, enforced: bool) -> Decision:
        key = (id(entry), enforced)
        found = self._refusals.get(key)
        if found is None:
            found = self._refusals[key] = Decision(Action.BLOCK, entry, (Reason.NOT_RENEWED,), enforced)
        return found

    def _born_at(
        self, birth: int, value: bytes, name: bytes, after: bytes, entry: Entry, site: Site, now: float
    ) -> bytes:
        """Return a line whose sealed value and lifetime count from `birth`."""
        sealed = parse_set_cookie(after)
        if sealed is None or not value:
            return after
        draft, bound = Draft(sealed), entry.rules.bound
        again = self._transport.born_at(birth, value, name, entry, site)
        draft.become(with_value(draft.pair, again), draft.name, again)
        if bound is not None and not bound.is_session:
            bound_lifetime(draft, Lifetime(bound.text, birth + bound.seconds - int(abs(now))), now)
        return draft.text()
