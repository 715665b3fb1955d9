"""Client of a Prometheus server."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from cookiewarden.core.policy.problem import printable, shown_url
from cookiewarden.core.report.review import (
    COUNTERS,
    GAUGES,
    POLICIES,
    POLICY,
    Found,
    Number,
    Period,
    PolicyInForce,
    Series,
    added_up,
    risen,
)
from cookiewarden.core.report.wire import LAST_MOMENT, MOST
from cookiewarden.tools.http import NoAnswer, fetch

SLACK = 0.25
"""Maximum distance of a sample from its time, as a part of a step."""
FINEST = 15
"""Shortest step in seconds."""
MOST_POINTS = 5000
"""Maximum points of a query; Prometheus refuses more than 11,000."""
MOST_POLICIES = 50
"""Maximum number of policies whose exact times are queried, with two queries each."""


class Prometheus:
    """Prometheus server at a URL. Every method raises NoAnswer."""

    def __init__(self, url: str, where: str, on_answer: Callable[[], None] = lambda: None) -> None:
        """Store the URL, and `where`: label matchers of the proxies, such as `job="shop"`.

        `on_answer` is called for each answer."""
        self._on_answer = on_answer
        self.url = url.rstrip("/")
        self.shown = shown_url(self.url)
        self.where = "{" + where + "}"

    def found(self, asked: Period) -> Found:
        """Query the data of a review."""
        counted = {name: self._counted(metric, by, asked) for name, (metric, by) in COUNTERS.items()}
        gauges = {
            name: _at(self._range(_filled(q, self.where, asked.step), asked.ends), asked.ends, asked.step)
            for name, q in GAUGES.items()
        }
        if not any(counted.values()) and not any(gauges.values()):
            raise NoAnswer(f"Prometheus at {self.shown} has no series of cookiewarden{self.where} for this period")
        return Found(counted, gauges, self._policies(asked))

    def _counted(self, metric: str, by: Sequence[str], asked: Period) -> list[Series]:
        step, selector = asked.step, f"{metric}{self.where}[{asked.step}s]"
        times = (asked.ends[0] - step, *asked.ends)
        values = _at(self._range(f"last_over_time({selector})", times), times, step)
        resets = _at(self._range(f"increase({selector}) and resets({selector}) > 0", asked.ends), asked.ends, step)
        fresh = {_key(series): series.values for series in resets}
        nothing: list[Number] = [None] * len(asked.ends)
        rose = (Series(s.labels, risen(s.values[:1], s.values[1:], fresh.get(_key(s), nothing))) for s in values)
        return added_up(rose, by)

    def _policies(self, asked: Period) -> list[PolicyInForce]:
        """Query the policies in force. Windows find policies of any duration; samples give the exact ends."""
        begin, end = asked.ends[0] - asked.step, asked.ends[-1]
        step = max(FINEST, math.ceil((end - begin) / MOST_POINTS))
        times = (end - step * (math.ceil((end - begin) / step) - 1), end)
        found = self._range(_filled(POLICIES, self.where, step), times, step)
        return [self._policy(s, step, exactly=number < MOST_POLICIES) for number, s in enumerate(found) if s["values"]]

    def _policy(self, series: dict[str, Any], step: int, exactly: bool) -> PolicyInForce:
        name, sha256 = (series["metric"].get(label, "") for label in ("policy", "sha256"))
        windows = [moment for moment, _ in series["values"]]
        first, last = min(windows) - step, max(windows)
        if exactly:
            chosen = ",".join(f"{label}={json.dumps(value)}" for label, value in (("policy", name), ("sha256", sha256)))
            where = f"{self.where[:-1]}{',' if self.where != '{}' else ''}{chosen}}}"
            expression = _filled(POLICY, where, step)
            first = min(self._moments(expression, min(windows)), default=first)
            last = max(self._moments(expression, last), default=last)
        return PolicyInForce(name, sha256, first, last)

    def _moments(self, expression: str, at: float) -> list[float]:
        """Return the times of the samples in a range that ends at `at`."""
        found = self._ask("query", {"query": expression, "time": at})
        return [moment for series in found for moment, _ in series["values"]]

    def _range(self, expression: str, times: Sequence[float], step: float | None = None) -> list[dict[str, Any]]:
        width = step if step is not None else times[1] - times[0] if len(times) > 1 else 60.0
        return self._ask("query_range", {"query": expression, "start": times[0], "end": times[-1], "step": width})

    def _ask(self, what: str, parameters: dict[str, str | float]) -> list[dict[str, Any]]:
        found = fetch(f"{self.url}/api/v1/{what}?{urlencode(parameters)}")
        self._on_answer()
        try:
            answer: Any = json.loads(found.body)
            if answer["status"] != "success":
                raise NoAnswer(
                    f"Prometheus at {self.shown} rejected the query: {printable(str(answer['error']))[:300]}"
                )
            return [_checked(series) for series in answer["data"]["result"]]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise NoAnswer(f"{self.shown} is not a Prometheus server (status {found.status})") from None


def _filled(question: str, where: str, step: int) -> str:
    fine = max(FINEST, step // 100)
    return question.replace("{where}", where).replace("{step}", str(step)).replace("{fine}", str(fine))


def _checked(found: Any) -> dict[str, Any]:
    """Parse a series. Raises ValueError, KeyError, TypeError or OverflowError if it is not valid."""
    return {
        "metric": {str(name): str(value) for name, value in found["metric"].items()},
        "values": [(_moment(moment), _number(value)) for moment, value in found["values"]],
    }


def _moment(moment: Any) -> float:
    """Parse seconds since the epoch. Raises ValueError, TypeError, OverflowError."""
    if not 0 <= float(moment) < LAST_MOMENT:
        raise ValueError("not a time")
    return float(moment)


def _number(value: Any) -> Number:
    """Parse a sample; NaN and infinities become None. Raises ValueError, TypeError, OverflowError."""
    number = float(value)
    return number if abs(number) < MOST else None


def _key(series: Series) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in series.labels.items() if name != "__name__")


def _at(found: list[dict[str, Any]], times: Sequence[float], step: float) -> list[Series]:
    """Take the sample nearest to each time, or None if it is further away than SLACK."""
    series = []
    for one in found:
        values: list[Number] = []
        for time in times:
            near = min(one["values"], key=lambda sample: abs(sample[0] - time), default=None)
            close = near is not None and abs(near[0] - time) <= SLACK * step
            values.append(near[1] if close and near is not None else None)
        series.append(Series(one["metric"], values))
    return series
