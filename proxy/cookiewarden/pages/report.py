"""Values of the report's templates."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from cookiewarden.core.report.promises import Evidence, Promise, watched_part
from cookiewarden.core.report.review import MOSTLY, Review
from cookiewarden.pages.chart import ChartLine, bars, spark
from cookiewarden.pages.text import date

MAX_NAMES = 200
PROMISES = {
    Promise.LIFETIME: "browsers keep it no longer",
    Promise.RENEWAL: "visits do not extend its life",
    Promise.CONSENT: "it passes only if the visitor's answer allows it",
    Promise.UNDECLARED: "undeclared cookies are kept out",
}


def values_of(review: Review, policy: str, now: float, promises: Sequence[Evidence] = ()) -> dict[str, Any]:
    """Return the values of `report.html` and `report.md`. `policy` is a name, or "". `now`: seconds since the epoch."""
    ends = review.period.ends
    return {
        "review": review,
        "policy": policy,
        "promises": promises,
        "told": PROMISES,
        "watched": round(100 * watched_part(review)),
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
    """Describe how much of a step every proxy enforced, and how much of it Prometheus scraped."""
    enforcing, watched = review.enforcing[step], review.watched[step]
    if enforcing is None:
        return "no data"
    told = "yes" if enforcing == 1 else "not all the time"
    part = 1.0 if watched is None else watched
    return told if part >= MOSTLY else f"{told} (data for {max(1, round(part * 100))} % of it)"


_WORDS = ("block", "strip", "evict")
"""Classes that colour cookies set by the application, sent by browsers, and set by scripts."""
