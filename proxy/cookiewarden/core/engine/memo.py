"""What was decided and is remembered: how to answer every line, every run of lines and every Cookie header of one
shape.

No plan holds a value. What a decision reads besides is in the key that the engine looks it up by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

from cookiewarden.core.cookies.cookie import build_cookie
from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date
from cookiewarden.core.engine.consent import NOTHING, Denied
from cookiewarden.core.engine.decision import Decision
from cookiewarden.core.engine.judge import Situation

MAX_PLANS = 8192
"""Plans and names that one engine remembers over all scopes; at the limit all are forgotten."""
MAX_SCOPES = 256
MAX_KEY = 512
"""Octets of a tail or name above which nothing is remembered: with MAX_PLANS it bounds the memo's memory."""

MAX_SHAPE = 1024
"""The same for a Cookie header without its values, or the Set-Cookie fields of a head without theirs."""

SHAPE_WEIGHT = 8
"""For how many plans one of a whole head counts."""

EXPIRES = re.compile(rb";[ \t]*expires[ \t]*=([^;]*)", re.IGNORECASE)


# What the engine reads of a date. Plain numbers: an enum's hash costs more than the look-up it is part of.
INVALID, PAST, WITHIN, OVER, UNUSUAL_PAST, UNUSUAL_WITHIN = range(6)
"""UNUSUAL: in another form than the one that every browser reads alike. It matters where there is a bound."""


Answer = tuple[Denied, bool]
"""What a visitor does not consent to, and whether the browser says Sec-GPC: 1."""

NO_ANSWER: Answer = (NOTHING, False)
"""For policies that ask for none."""

ScopeKey = tuple[bytes, bool, tuple[bytes, ...] | None, Answer]
"""Host, whether by HTTPS, which of the policy's paths match, and the visitor's answer."""

Plan = tuple[bytes | None, Decision]
"""How to answer every line of one scope, name and tail: what the tail becomes (None: the line is dropped), and
why. Holds no value. A tuple because it is unpacked for every cookie (0.1 µs less than attributes)."""


@dataclass(slots=True, frozen=True)
class DatedPlan:
    """The same for lines with an Expires attribute and one class of dates. Holds no computed date."""

    decision: Decision
    before: bytes | None
    """The tail up to the date; None: the line is dropped."""
    after: bytes | None = None
    """The tail after the date; None where no date has to be put in."""
    bound: int | None = None
    """Seconds from now for the date that is put in; None: the date that came."""
    normalizes: bool = False
    """The date that came is put in as an IMF-fixdate."""

    def apply(self, pair: bytes, date: bytes, now: float) -> bytes | None:
        if self.before is None:
            return None
        if self.after is None:
            return pair + self.before
        if self.bound is not None:
            date = imf_fixdate(int(now) + self.bound)
        elif self.normalizes:
            date = imf_fixdate(parse_cookie_date(date.strip(b" \t")) or 0)
        return pair + self.before + date + self.after


@dataclass(slots=True, frozen=True)
class SetCookieLines:
    """Set-Cookie fields that stand together in a head."""

    shape: tuple[bytes, ...]
    """For each three: what leads up to the line, the line up to its first `=`, and what follows the value (empty or
    from the `;` on)."""
    values: list[bytes]

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """What leads up to each line, and the line."""
        shape = self.shape
        for lead, name, value, tail in zip(shape[::3], shape[1::3], self.values, shape[2::3], strict=True):
            yield lead, name + value + tail


@dataclass(slots=True, frozen=True)
class RunPlan:
    """How to answer all lines of one shape in one scope. Holds no value."""

    decisions: tuple[Decision, ...]
    kept: tuple[bool, ...]
    parts: list[bytes]
    """For each line that is kept: what leads up to it, its name, a place for its value, its tail."""

    def apply(self, values: list[bytes]) -> list[bytes]:
        parts = self.parts.copy()
        parts[2::4] = compress(values, self.kept)
        return parts


@dataclass(slots=True, frozen=True)
class CookiesPlan:
    """How to answer every Cookie header of one scope that has these names, in this order. Holds no value."""

    decisions: tuple[Decision, ...]
    kept: tuple[bool, ...] | None
    """For each piece between two `;`; None: the header goes on as it came."""
    any_left: bool

    def apply(self, header: bytes) -> bytes | None:
        if self.kept is None:
            return header
        if not self.any_left:
            return None
        return build_cookie(list(compress(header.split(b";"), self.kept)), not self.kept[0])


@dataclass(slots=True, eq=False)
class Scope(Situation):
    """All exchanges of one host, scheme and set of policy paths, with what was decided for them."""

    key: ScopeKey
    parents: list[bytes] | None = None
    """The domains above the host at which a cookie can be, where anybody has asked."""
    plans: dict[tuple[bytes, bytes, bytes], Plan] = field(default_factory=dict)
    dated: dict[tuple[bytes, bytes, bytes, int], DatedPlan] = field(default_factory=dict)
    bounds: dict[bytes, int | None] = field(default_factory=dict)
    """By name: the bound in seconds against which dates are classed."""
    names: dict[bytes, Decision] = field(default_factory=dict)
    runs: dict[tuple[bytes, ...], RunPlan] = field(default_factory=dict)
    headers: dict[bytes, CookiesPlan] = field(default_factory=dict)
    """By a Cookie header without its values."""

    def forget(self) -> None:
        for memo in (self.plans, self.dated, self.bounds, self.names, self.runs, self.headers):
            memo.clear()


def plan_dated(
    pair: bytes, date_class: int, date: bytes, after: bytes | None, decision: Decision, bound: int | None
) -> DatedPlan:
    """The plan for every line like one that has become `after`: with this `date`, of this class, under this bound in
    seconds."""
    becomes = None if after is None else after[len(pair) :]
    found = None if becomes is None else EXPIRES.search(becomes)
    if becomes is None or found is None:
        return DatedPlan(decision, becomes)  # dropped, or the date was taken away
    before, rest = becomes[: found.start(1)], becomes[found.end(1) :]
    if found[1] == date:
        return DatedPlan(decision, before, rest)
    is_cut = date_class == OVER
    return DatedPlan(decision, before, rest, bound if is_cut else None, normalizes=not is_cut)


def class_of(date: bytes, bound: int | None, now: float) -> int:
    """What `date` means at `now`: all that a decision reads of it."""
    text = date.strip(b" \t")
    at = parse_cookie_date(text)
    if at is None:
        return INVALID
    if bound is None:
        return PAST if at <= now else WITHIN
    if at > int(now) + bound:
        return OVER
    is_usual = text == imf_fixdate(at)
    if at <= now:
        return PAST if is_usual else UNUSUAL_PAST
    return WITHIN if is_usual else UNUSUAL_WITHIN
