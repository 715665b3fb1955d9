"""Renewal: under `renew: false`, a later visit does not extend the life of a cookie that the browser holds.

The proxy stores nothing. The request shows the names and values that the browser holds, but no attributes. So a line
with a value that the browser holds is dropped, and the first end stands. Changed attributes reach browsers with a new
value, which begins a new life, also within one response. A sealed cookie carries its date of birth, and a new value
does not change that date."""

from typing import NamedTuple

from cookiewarden.core.cookies.cookie import WSP, SetCookie, parse_cookie, read_set_cookie, with_value
from cookiewarden.core.cookies.date import ExpiresClock
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.effort import STEPS_OF_RENEWAL, Effort
from cookiewarden.core.engine.transport import MAX_OPENED, Transport, has_ended
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


class Live(NamedTuple):
    """The application's values of a cookie that a browser sent, and the dates of birth of sealed ones."""

    values: frozenset[bytes]
    births: list[int]

    def has(self, value: bytes) -> bool:
        """Check whether a browser that got a value sent it back. Firefox replaces octets that are not UTF-8."""
        return value in self.values or (
            not value.isascii() and value.decode("utf-8", "replace").encode() in self.values
        )


class Held:
    """The cookies that a browser sent with one request."""

    def __init__(self, cookies: bytes, at: float) -> None:
        self.cookies, self.at = cookies, at
        self.room = MAX_OPENED
        """Number of values that may still be decrypted."""
        self.values: dict[bytes, list[bytes]] = {}
        for name, piece in parse_cookie(cookies):
            self.values.setdefault(name, []).append(piece.partition(b"=")[2].strip(WSP))
        self.live: dict[tuple[int, bytes, bytes], Live] = {}
        """The application's values, by entry, host and name."""
        self.replaced: set[bytes] = set()
        """Names to which the response has given another value."""


class Renewal:
    """The judgement on lines that may renew a cookie."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._refusals: dict[tuple[int, bool], Decision] = {}
        """One decision for each entry, because metrics count by object."""
        self._request = Held(b"", 0.0)
        """The last request, because a response has several lines."""

    def judge(
        self,
        line: bytes,
        after: bytes | None,
        decision: Decision,
        entry: Entry,
        site: Site,
        clock: ExpiresClock,
        cookies: bytes,
        now: float,
        effort: Effort,
    ) -> tuple[bytes | None, Decision]:
        """Drop a line with the value that the browser holds. A sealed value gets a date of birth, or inherits it.

        `after` and `decision` are the result without regard to the browser, and `entry` is their `not_renewable` one.
        `clock` has the times from which browsers count an Expires. `now` is the time, and `cookies` the request's
        Cookie field. `effort`: the limits of the response."""
        if self._request.cookies is not cookies or self._request.at != now:
            self._request = Held(cookies, now)
            effort.count(cookies.count(b";"))
        own, _, value = line.partition(b";")[0].partition(b"=")
        name, value = entry.name.encode() if entry.rename is not None else own.strip(WSP), value.strip(WSP)
        sent_as = kept_as(entry, name)
        if sent_as not in self._request.values:
            self._request.replaced.add(name)
            return after, decision
        effort.count(STEPS_OF_RENEWAL)
        live = self._live(sent_as, name, entry, site, now)
        if name not in self._request.replaced and live.has(value):
            return None if decision.enforced else line, self._refused(entry, decision.enforced)
        self._request.replaced.add(name)
        if live.births and after is not None and Reason.SEALED in decision.reasons:
            after = self._born_at(min(live.births), value, name, after, entry, site, clock, now)
        return after, decision

    def _live(self, sent_as: bytes, name: bytes, entry: Entry, site: Site, now: float) -> Live:
        """Return the application's values of the cookies that the browser sent.

        At most MAX_OPENED of a request are decrypted, as for the application."""
        request, key = self._request, (id(entry), site.host, sent_as)
        if key not in request.live:
            values = request.values[sent_as]
            if entry.seal is not None:
                values = values[: request.room]
                request.room -= len(values)
            found = [self._transport.held(name, value, entry, site) for value in dict.fromkeys(values)]
            live = [one for one in found if one is not None and not has_ended(entry, one[1], now)]
            births = [birth for _, birth in live if birth is not None]
            request.live[key] = Live(frozenset([value for value, _ in live]), births)
        return request.live[key]

    def _refused(self, entry: Entry, enforced: bool) -> Decision:
        key = (id(entry), enforced)
        found = self._refusals.get(key)
        if found is None:
            found = self._refusals[key] = Decision(Action.BLOCK, entry, (Reason.NOT_RENEWED,), enforced)
        return found

    def _born_at(
        self,
        birth: int,
        value: bytes,
        name: bytes,
        after: bytes,
        entry: Entry,
        site: Site,
        clock: ExpiresClock,
        now: float,
    ) -> bytes:
        """Return a line whose sealed value and lifetime count from `birth`."""
        again, bound = self._transport.born_at(birth, value, name, entry, site), entry.rules.bound
        if bound is None or bound.is_session:
            pair, semicolon, rest = after.partition(b";")
            return with_value(pair, again) + semicolon + rest
        draft = Draft(parsed(after))
        draft.become(with_value(draft.pair, again), draft.name, again)
        bound_lifetime(draft, Lifetime(bound.text, birth + bound.seconds - int(now)), clock)
        return draft.text()


def parsed(line: bytes) -> SetCookie:
    """Parse a line that the engine wrote."""
    return read_set_cookie(line) or SetCookie(line, b"", b"", [], [])
