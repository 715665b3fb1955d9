"""Memo of decisions: plans for lines, for runs of lines and for Cookie headers of one shape.

A plan contains no cookie value. All other inputs of a decision are in the key of the plan."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress, groupby
from operator import itemgetter
from typing import Final

from cookiewarden.core.cookies.cookie import build_cookie
from cookiewarden.core.cookies.date import ExpiresClock, imf_fixdate, parse_cookie_date
from cookiewarden.core.engine.consent import NOTHING, Denied
from cookiewarden.core.engine.decision import Decision
from cookiewarden.core.engine.judge import Situation

MAX_PLANS = 8192
"""Maximum number of plans and names in an engine, over all scopes. At the limit, all are removed."""
MAX_NEW = 32
"""Maximum number of plans that one response adds. Storing the plans of a hostile response costs as much as a fifth of
judging it."""
MAX_SCOPES = 256
MAX_KEY = 512
"""Maximum length of a tail and name with a plan, in octets. With MAX_PLANS, it limits the memo's memory."""

MAX_SHAPE = 1024
"""Maximum length, without values, of a Cookie header or of the Set-Cookie fields of a head with a plan, in octets."""

OFTEN = 16
"""Number of uses after which the plan of a Cookie header gets a form."""
MAX_FORM = 512
"""Maximum size of a header with a form: the octets of all names, and eight for each. It takes about 1.5 ms to
compile."""
MAX_RECENT = 4
"""Maximum number of plans of a scope whose forms are tried."""

MAX_SEARCHED = 1 << 20
"""Maximum product of the lengths of two texts, one of which is searched for parts of the other. Above it, the pieces
of one are looked up, because a search for `aaab` in a text of many `a` takes this number of steps."""

SHAPE_WEIGHT = 8
"""Number of plans that the plan of a whole head counts for."""

EXPIRES = re.compile(rb";[ \t]*expires[ \t]*=([^;]*)", re.IGNORECASE)


# Classes of dates. They are plain numbers, because the hash of an enum costs more than the look-up.
INVALID, PAST, WITHIN, OVER, UNUSUAL_PAST, UNUSUAL_WITHIN, SKEWED = range(7)
"""UNUSUAL dates are in a form that not all browsers read alike. This matters only with a bound. The result of SKEWED
dates has no date (`bound_lifetime`)."""


Answer = tuple[Denied, bool]
"""Denied categories, and True if the browser sent `Sec-GPC: 1`."""

NO_ANSWER: Answer = (NOTHING, False)
"""Answer for policies without consent."""

ScopeKey = tuple[bytes, bool, bytes, Answer]
"""Host, True for HTTPS, the path as far as the policy distinguishes paths, and the visitor's answer."""

Plan = tuple[bytes | None, Decision]
"""Resulting tail (None if the line is blocked) and decision for lines of one scope, name and tail, without values.
It is a tuple, because it is unpacked for every cookie (0.1 µs faster than attributes)."""


@dataclass(slots=True, frozen=True)
class DatedPlan:
    """Plan for lines with an Expires attribute and one class of dates. It contains no computed date."""

    decision: Decision
    before: bytes | None
    """The tail up to the date, or None if the line is blocked."""
    after: bytes | None = None
    """The tail after the date, or None if the result has no date."""
    bound: int | None = None
    """Seconds from now of the resulting date, or None for the original date."""
    normalizes: bool = False
    """True if the original date is rewritten as an IMF-fixdate."""

    def apply(self, pair: bytes, date: bytes, clock: ExpiresClock) -> bytes | None:
        if self.before is None:
            return None
        if self.after is None:
            return pair + self.before
        if self.bound is not None:
            date = imf_fixdate(int(clock.earliest) + self.bound)
        elif self.normalizes:
            date = imf_fixdate(parse_cookie_date(date.strip(b" \t")) or 0)
        return pair + self.before + date + self.after


@dataclass(slots=True, frozen=True)
class SetCookieLines:
    """Consecutive Set-Cookie fields of a head."""

    shape: tuple[bytes, ...]
    """Three items per field: the octets before the line, the line up to its first `=`, and the tail after the value.
    The tail is empty or begins with `;`."""
    values: list[bytes]

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the octets before each line, and the line."""
        shape = self.shape
        for lead, name, value, tail in zip(shape[::3], shape[1::3], self.values, shape[2::3], strict=True):
            yield lead, name + value + tail


@dataclass(slots=True, frozen=True)
class RunPlan:
    """Plan for all lines of one shape in one scope. It contains no value."""

    decisions: tuple[Decision, ...]
    kept: tuple[bool, ...]
    ends: tuple[tuple[int, bytes], ...]
    """Number and `name=` in browsers of each line that must not extend the life of a cookie."""
    parts: list[bytes]
    """Four items per kept line: the octets before it, its name, a placeholder for its value, and its tail."""

    def apply(self, values: list[bytes]) -> list[bytes]:
        parts = self.parts.copy()
        parts[2::4] = compress(values, self.kept)
        return parts


@dataclass(slots=True, eq=False)
class CookiesPlan:
    """Plan for Cookie headers of one scope with the same names in the same order. It contains no value."""

    decisions: tuple[Decision, ...]
    kept: tuple[bool, ...] | None
    """True for each piece between two `;` that is kept; None if the header is unchanged."""
    any_left: bool
    uses: int = 0
    form: re.Pattern[bytes] | None = None
    """Matches the headers of this plan, with each run of kept pieces as a group. It is compiled for a plan that is
    often used, because that takes a millisecond."""

    def apply(self, header: bytes, pieces: list[bytes]) -> bytes | None:
        """Return the remaining header. `pieces`: the header, split at each `;`."""
        return self._built(header, compress(pieces, self.kept or ()))

    def apply_form(self, header: bytes, found: re.Match[bytes]) -> bytes | None:
        """Return the remaining header. `found`: its match by the form."""
        return self._built(header, found.groups())

    def _built(self, header: bytes, pieces: Iterable[bytes]) -> bytes | None:
        if self.kept is None:
            return header
        return build_cookie(list(pieces), not self.kept[0]) if self.any_left else None


# They stand for the name of a piece without a `=`, and of white space between two `;`. Names have no `=`.
NAMELESS: Final = b"="
BLANK: Final = b"=="


def form_of(names: tuple[bytes, ...], kept: tuple[bool, ...] | None) -> re.Pattern[bytes]:
    """Return a pattern of the Cookie headers with these names, and a group for each run of kept pieces.

    The groups are possessive: a value ends at its `;`, so that a header which does not match takes linear time."""
    runs: list[bytes] = []
    keeps = kept if kept is not None else (False,) * len(names)
    for keep, run in groupby(zip(keeps, names, strict=True), key=itemgetter(0)):
        pieces = (rb"[ \t]*+" if name == BLANK else re.escape(name) + rb"=[^;]*+" for _, name in run)
        text = b";".join(pieces)
        runs.append(b"(%b)" % text if keep else text)
    return re.compile(b";".join(runs))


@dataclass(slots=True, eq=False)
class Scope(Situation):
    """Exchanges with one host, scheme, `path_key` and answer, with their plans."""

    key: ScopeKey
    parents: list[bytes] | None = None
    """The host and the domains above it at which a cookie can be set, or None if not yet computed."""
    plans: dict[tuple[bytes, bytes, bytes], Plan] = field(default_factory=dict)
    dated: dict[tuple[bytes, bytes, bytes, int], DatedPlan] = field(default_factory=dict)
    bounds: dict[bytes, int | None] = field(default_factory=dict)
    """By name, the bound in seconds with which dates are classified."""
    names: dict[bytes, Decision] = field(default_factory=dict)
    runs: dict[tuple[bytes, ...], RunPlan] = field(default_factory=dict)
    headers: dict[tuple[bytes, ...], CookiesPlan] = field(default_factory=dict)
    """Plans by the names in a Cookie header."""
    recent: list[CookiesPlan] = field(default_factory=list)
    """Plans with a form, the last used first."""

    def use(self, plan: CookiesPlan) -> None:
        """Move a plan with a form to the front."""
        self.recent = [plan, *[other for other in self.recent if other is not plan][: MAX_RECENT - 1]]

    def forget(self) -> None:
        for memo in (self.plans, self.dated, self.bounds, self.names, self.runs, self.headers):
            memo.clear()
        self.recent = []


def plan_dated(
    pair: bytes, date_class: int, date: bytes, after: bytes | None, decision: Decision, bound: int | None
) -> DatedPlan:
    """Return the plan for lines like one whose result is `after` (None if it is blocked).

    `date` is the date of that line and `date_class` its class under `bound`, in seconds."""
    becomes = None if after is None else after[len(pair) :]
    found = None if becomes is None else EXPIRES.search(becomes)
    if becomes is None or found is None:
        return DatedPlan(decision, becomes)  # blocked, or without its date
    before, rest = becomes[: found.start(1)], becomes[found.end(1) :]
    if found[1] == date:
        return DatedPlan(decision, before, rest)
    is_cut = date_class == OVER
    return DatedPlan(decision, before, rest, bound if is_cut else None, normalizes=not is_cut)


def class_of(date: bytes, bound: int | None, clock: ExpiresClock) -> int:
    """Return the class of a date, which is the input of decisions."""
    text = date.strip(b" \t")
    at = parse_cookie_date(text)
    if at is None:
        return INVALID
    is_past = at <= clock.sent
    if bound is None:
        return PAST if is_past else WITHIN
    last = int(clock.earliest) + bound
    if at > last:
        if bound and (is_past or last <= clock.latest):  # without a bound of seconds, the result has no date
            return SKEWED
        return PAST if is_past else OVER
    is_usual = text == imf_fixdate(at)
    if is_past:
        return PAST if is_usual else UNUSUAL_PAST
    return WITHIN if is_usual else UNUSUAL_WITHIN
