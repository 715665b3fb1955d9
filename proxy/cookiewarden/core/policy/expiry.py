"""When do dated exceptions end? Entries with an `until` count as absent once it has passed."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cookiewarden.core.policy.policy import DAY, Entry, Policy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source

SOON = 30 * DAY
"""Seconds before the end from which on `check` warns."""


class Ends(NamedTuple):
    """Two moments, in seconds since the epoch. Between them nothing ends, and nothing lives again."""

    passed: float
    """The last end that has passed; minus infinity where none has."""
    coming: float
    """The next end; infinity where there is none."""


def next_expiry(policy: Policy, now: float) -> float:
    """When the next entry ends, or the grace for plain values of one.

    In seconds since the epoch; infinity where none does.
    """
    return expiries_around(policy, now).coming


def expiries_around(policy: Policy, now: float) -> Ends:
    """The ends before and after a moment."""
    ends = [end for entry in policy.entries for end in _ends(entry)]
    passed = max((end for end in ends if end <= now), default=-math.inf)
    return Ends(passed, min((end for end in ends if end > now), default=math.inf))


def _ends(entry: Entry) -> Iterator[float]:
    yield entry.until
    if entry.seal is not None:
        yield entry.seal.accept_plain_until
    if entry.rename is not None:
        yield entry.rename.accept_plain_until


def expiry_problems(policy: Policy, sources: Mapping[str, Source], now: float) -> list[Problem]:
    """Warnings for entries that have ended or will soon."""
    return [_expiry_problem(entry, sources, now) for entry in policy.entries if entry.until <= now + SOON]


def _expiry_problem(entry: Entry, sources: Mapping[str, Source], now: float) -> Problem:
    place = entry.places["until"]
    source = sources.get(place.path)
    excerpt = source.line(place.pos) if source else ""
    if entry.until <= now:
        message = "has ended: its cookie counts as undeclared; give it another date or take it out"
        return Problem(Code.ENTRY_EXPIRED, place, f'"{entry.name}" {message}', excerpt)
    days = int((entry.until - now) // DAY)
    message = f"ends in {days} days: its cookie counts as undeclared from then on"
    return Problem(Code.EXPIRES_SOON, place, f'"{entry.name}" {message}', excerpt)
