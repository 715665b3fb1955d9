"""What the report's templates are filled with."""

from typing import Any

from cookiewarden.core.report.review import Review
from cookiewarden.pages.chart import Line, bars, spark
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
        "ends": (date(ends[0])[:16], date(ends[-1])[:16]),
        "undeclared": [Line(word, row.drawn) for word, row in zip(_WORDS, review.undeclared, strict=True)],
        "all": Line("requests", [value or 0.0 for value in review.requests]),
    }


_WORDS = ("block", "strip", "evict")
"""Their colours, for what the application set, what browsers sent, and what scripts set."""
