"""Dated exceptions: entries with an `until`, which count as absent once it has passed."""

import math
from collections.abc import Mapping

from cookiewarden.core.policy.policy import DAY, Policy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source

SOON = 30 * DAY
"""Seconds before the end from which on `check` warns."""


def next_expiry(policy: Policy, now: float) -> float:
    """When the next entry, or the grace for plain values of one, ends, in seconds since the epoch; infinity where none does."""
    return expiries_around(policy, now)[1]


def expiries_around(policy: Policy, now: float) -> tuple[float, float]:
    """The last such end that has passed and the next one: between the two, nothing ends and nothing that has ended lives again."""
    ends = [entry.until for entry in policy.entries]
    ends += [entry.seal.accept_plain_until for entry in policy.entries if entry.seal is not None]
    ends += [entry.rename.accept_plain_until for entry in policy.entries if entry.rename is not None]
    passed = max((end for end in ends if end <= now), default=-math.inf)
    return passed, min((end for end in ends if end > now), default=math.inf)


def expiry_problems(policy: Policy, sources: Mapping[str, Source], now: float) -> list[Problem]:
    """Warnings for entries that have ended or will soon."""
    found = []
    for entry in policy.entries:
        if entry.until > now + SOON:
            continue
        place = entry.places["until"]
        if entry.until <= now:
            code, told = (
                Code.ENTRY_EXPIRED,
                "has ended: its cookie counts as undeclared; give it another date or take it out",
            )
        else:
            days = int((entry.until - now) // DAY)
            code, told = (
                Code.EXPIRES_SOON,
                f"ends in {days} days: its cookie counts as undeclared from then on",
            )
        source = sources.get(place.path)
        excerpt = source.line(place.pos) if source else ""
        found.append(Problem(code, place, f'"{entry.name}" {told}', excerpt))
    return found
