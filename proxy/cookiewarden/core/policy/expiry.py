"""Ends of dated exceptions. An entry with an `until` counts as absent after that day."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cookiewarden.core.policy.policy import DAY, Entry, Policy
from cookiewarden.core.policy.problem import Code, Problem, counted

if TYPE_CHECKING:
    from cookiewarden.core.policy.source import Source

SOON = 30 * DAY
"""Seconds before the end at which `check` begins to warn."""


class Ends(NamedTuple):
    """The previous and the next end, in seconds since the epoch."""

    passed: float
    """The previous end, or minus infinity."""
    coming: float
    """The next end, or infinity."""


def next_expiry(policy: Policy, now: float) -> float:
    """Return the time of the next end of an entry or of its `accept_plain_until`.

    In seconds since the epoch; infinity if there is none.
    """
    return expiries_around(policy, now).coming


def expiries_around(policy: Policy, now: float) -> Ends:
    """Return the ends before and after a time in seconds since the epoch."""
    return ends_around(ends_of(policy), now)


def ends_of(policy: Policy) -> list[float]:
    """Return the times at which an entry or its `accept_plain_until` ends."""
    entries = policy.entries
    ends = {entry.until for entry in entries}
    ends.update([entry.seal.accept_plain_until for entry in entries if entry.seal is not None])
    ends.update([entry.rename.accept_plain_until for entry in entries if entry.rename is not None])
    return sorted(ends)


def ends_around(ends: Sequence[float], now: float) -> Ends:
    """Return the ends before and after a time in seconds since the epoch. `ends` are in order."""
    at = bisect_right(ends, now)
    return Ends(ends[at - 1] if at else -math.inf, ends[at] if at < len(ends) else math.inf)


def expiry_problems(policy: Policy, sources: "Mapping[str, Source]", now: float) -> list[Problem]:
    """Return warnings for entries that have ended or will end within `SOON`."""
    return [_expiry_problem(entry, sources, now) for entry in policy.entries if entry.until <= now + SOON]


def _expiry_problem(entry: Entry, sources: "Mapping[str, Source]", now: float) -> Problem:
    place = entry.places.get("until", entry.place)
    source = sources.get(place.path)
    excerpt = source.line(place.pos) if source else ""
    if entry.until <= now:
        message = "has ended, so its cookie counts as undeclared; set a later date, or remove the entry"
        return Problem(Code.ENTRY_EXPIRED, place, f'"{entry.name}" {message}', excerpt)
    days = int((entry.until - now) // DAY)
    message = f"ends in {counted(days, 'day')}; after that, its cookie counts as undeclared"
    return Problem(Code.EXPIRES_SOON, place, f'"{entry.name}" {message}', excerpt)
