"""What the report's templates are filled with."""

from functools import partial
from typing import Any

from cookiewarden.core.report.review import MOSTLY, Review
from cookiewarden.pages.chart import ChartLine, bars, spark
from cookiewarden.pages.text import date

MAX_NAMES = 200


def values_of(review: Review, policy: str, now: float) -> dict[str, Any]:
    ends = review.period.ends
    return {
        "review": review,
        "policy": policy,
        "now": now,
        "max_names": MAX_NAMES,
        "bars": bars,
        "spark": spark,
        "enforced": partial(_enforced, review),
        "ends": (date(ends[0])[:16], date(ends[-1])[:16]),
        "undeclared": [ChartLine(word, row.drawn) for word, row in zip(_WORDS, review.undeclared, strict=True)],
        "all": ChartLine("requests", [value or 0.0 for value in review.requests]),
    }


def _enforced(review: Review, step: int) -> str:
    """Whether all proxies enforced, and of how much of the time that is said."""
    enforcing, watched = review.enforcing[step], review.watched[step]
    if enforcing is None:
        return "no data"
    told = "yes" if enforcing == 1 else "not all the time"
    part = 1.0 if watched is None else watched
    return told if part >= MOSTLY else f"{told} (watched: {max(1, round(part * 100))} % of it)"


_WORDS = ("block", "strip", "evict")
"""Their colours, for what the application set, what browsers sent, and what scripts set."""
