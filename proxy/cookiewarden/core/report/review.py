"""Review of a past period: the decisions on declared and undeclared cookies in each step.

The numbers are from Prometheus and cover all proxies. The names of undeclared cookies are from an inventory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cookiewarden.core.engine.decision import UNDECLARED
from cookiewarden.core.policy.policy import DAY, Policy, SetBy
from cookiewarden.core.report.forecast import where
from cookiewarden.core.report.inventory import Inventory, Record, Side
from cookiewarden.core.report.judge import Judged

STEPS = (("week", 7 * DAY), ("day", DAY), ("hour", 3600), ("minute", 60))
MIN_STEPS = 2
"""Minimum number of steps in a review. A month is divided into weeks, and three days into days."""

Number = float | None
"""A count, or None if data are missing, which differs from 0."""


@dataclass(frozen=True, slots=True)
class Period:
    """Steps of equal length, up to now."""

    step: int
    """Length of a step, in seconds."""
    name: str
    ends: tuple[float, ...]
    """End of each step, in seconds since the epoch."""
    silent: int = 0
    """Number of removed steps: they precede the first data."""


def period(since: float, now: float) -> Period:
    """Divide the last `since` seconds into the largest steps of which at least `MIN_STEPS` fit."""
    name, step = next(((n, s) for n, s in STEPS if since >= MIN_STEPS * s), STEPS[-1])
    count = max(1, -(-int(since) // step))
    return Period(step, name, tuple(now - step * back for back in reversed(range(count))))


@dataclass(frozen=True, slots=True)
class Series:
    """A combination of labels in Prometheus, with a number for each step."""

    labels: Mapping[str, str]
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy of any proxy, with the first and last time at which it was seen in force, in seconds since the epoch."""

    policy: str
    sha256: str
    first: float
    last: float


COUNTERS = {
    "cookies": ("cookiewarden_cookies_total", ("cookie", "direction", "action")),
    "reasons": ("cookiewarden_violations_total", ("cookie", "reason", "enforced")),
    "requests": ("cookiewarden_requests_total", ()),
}
"""Counters, with the labels by which they are summed. `increase` is not used, because it ignores the first value of a
series and loses increases between two steps."""
GAUGES = {
    "enforcing": "min (min_over_time(cookiewarden_policy_enforcing{where}[{step}s]))",
    "proxies": "count (last_over_time(cookiewarden_build_info{where}[{step}s]))",
    "watched": "count_over_time(count(cookiewarden_build_info{where})[{step}s:{fine}s]) * {fine} / {step}",
}
"""PromQL queries for each step. `{where}` selects the proxies; `{fine}` is a hundredth of a step, in seconds."""
POLICIES = "count by (policy, sha256) (count_over_time(cookiewarden_policy_info{where}[{step}s]))"
"""Query for the windows in which a policy was in force, even briefly."""
POLICY = "cookiewarden_policy_info{where}[{step}s]"
"""Query for the samples of one policy in a window."""
MOSTLY = 0.9
"""Scraped fraction of a step from which the step counts as complete, because a few scrapes may fail."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answers of Prometheus."""

    counted: Mapping[str, list[Series]]
    """Increase of each of `COUNTERS` in each step."""
    gauges: Mapping[str, list[Series]]
    policies: list[PolicyInForce]


def risen(before: Sequence[Number], ends: Sequence[Number], reset: Sequence[Number]) -> list[Number]:
    """Return the increase of a counter in each step, from its values before the first step and at each end.

    `reset` has the increase of steps in which the counter was reset. The first value of a new series counts as an
    increase."""
    last = before[0] if before else None
    found: list[Number] = []
    for end, fresh in zip(ends, reset, strict=True):
        if end is None:
            found.append(None)
            continue
        rose = end - (last or 0.0)
        found.append(fresh if fresh is not None else rose if rose >= 0 else end)
        last = end
    return found


def added_up(series: Iterable[Series], by: Sequence[str]) -> list[Series]:
    """Sum the series that have equal values of the labels `by`."""
    groups: dict[tuple[str, ...], list[Sequence[Number]]] = {}
    for one in series:
        groups.setdefault(tuple(one.labels.get(label, "") for label in by), []).append(one.values)
    return [Series(dict(zip(by, key, strict=True)), _added(rows)) for key, rows in groups.items()]


def without_silence(asked: Period, found: Found) -> tuple[Period, Found]:
    """Remove the steps before the first data. Without any data, keep all steps."""
    proxies = found.gauges["proxies"][0].values if found.gauges["proxies"] else ()
    first = next((at for at, count in enumerate(proxies) if count is not None), 0)

    def cut(series: Mapping[str, list[Series]]) -> dict[str, list[Series]]:
        return {name: [Series(s.labels, s.values[first:]) for s in rows] for name, rows in series.items()}

    return Period(asked.step, asked.name, asked.ends[first:], first), Found(
        cut(found.counted), cut(found.gauges), found.policies
    )


@dataclass(slots=True)
class CookieReview:
    """A declared cookie, or all undeclared cookies of one direction."""

    name: str
    purpose: str = ""
    category: str = ""
    promised: str = ""
    set_by: str = ""
    actions: dict[str, float] = field(default_factory=dict)
    """Count of each action."""
    reasons: dict[str, float] = field(default_factory=dict)
    steps: list[Number] = field(default_factory=list)
    """Count of the cookie in each step."""

    @property
    def count(self) -> float:
        return sum(self.actions.values())

    @property
    def drawn(self) -> list[float]:
        """The steps for a chart, in which a step without data is 0. `Review.gaps` counts such steps."""
        return [value or 0.0 for value in self.steps]

    @property
    def kept_out(self) -> float:
        return sum(self.actions.get(action, 0.0) for action in ("block", "strip", "evict"))


@dataclass(frozen=True, slots=True)
class UndeclaredName:
    """An undeclared cookie that the inventory has seen."""

    name: str
    sides: tuple[str, ...]
    count: int
    first: float
    last: float
    where: tuple[str, ...]

    @property
    def who(self) -> str:
        """The origin of the cookie, in words."""
        return " and ".join(_BROUGHT[side] for side in self.sides)


_BROUGHT = {"server": "set by the application", "request": "sent by browsers", "script": "set by scripts"}


@dataclass(slots=True)
class Review:
    """The complete review."""

    period: Period
    requests: list[Number]
    enforcing: list[Number]
    """1 for steps in which every proxy enforced all the time, else 0."""
    proxies: list[Number]
    watched: list[Number]
    """Fraction of each step in which Prometheus scraped a proxy. The numbers cover only that time."""
    policies: list[PolicyInForce]
    declared: list[CookieReview]
    undeclared: list[CookieReview]
    names: list[UndeclaredName]
    inventory_since: float | None

    @property
    def gaps(self) -> int:
        """Number of steps without data."""
        return sum(proxies is None for proxies in self.proxies)

    @property
    def partly(self) -> int:
        """Number of steps of which Prometheus scraped only a part."""
        return sum(watched is not None and watched < MOSTLY for watched in self.watched)

    @property
    def not_enforced(self) -> int:
        """Number of steps in which a proxy did not enforce."""
        return sum(enforcing == 0 for enforcing in self.enforcing)


def review(
    asked: Period,
    found: Found,
    policy: Policy | None,
    inventory: Inventory | None,
    judged: Judged | None,
    language: str,
) -> Review:
    """Build the review of a period from the answers of Prometheus (`found`).

    Without a policy, all names in the `cookie` label count as declared. `judged` has the policy's judgements of the
    inventory's cookies."""
    nothing: list[Number] = [None] * len(asked.ends)

    def only(series: list[Series]) -> list[Number]:
        return list(series[0].values) if series else nothing

    counted = found.counted
    labels = {series.labels.get("cookie", "") for series in counted["cookies"]} - {"", UNDECLARED}
    declared = _declared(policy, language) if policy is not None else [CookieReview(name) for name in sorted(labels)]
    listed = {cookie.name for cookie in declared}
    if policy is not None:
        declared += [CookieReview(name, purpose="from an earlier policy") for name in sorted(labels - listed)]
    for cookie in declared:
        _fill(cookie, counted, lambda s, name=cookie.name: s.labels.get("cookie") == name)  # type: ignore[misc]
    return Review(
        asked,
        only(counted["requests"]),
        only(found.gauges["enforcing"]),
        only(found.gauges["proxies"]),
        _watched(only(found.gauges["proxies"]), only(found.gauges["watched"])),
        sorted(found.policies, key=lambda p: (p.first, p.last, p.sha256)),
        declared,
        _undeclared(counted),
        _names(inventory, judged) if inventory is not None else [],
        inventory.since if inventory is not None else None,
    )


def _watched(proxies: list[Number], watched: list[Number]) -> list[Number]:
    """Replace missing fractions by 0 in steps that have a proxy but no sample at the hundred points examined."""
    pairs = zip(proxies, watched, strict=True)
    return [None if count is None else part or 0.0 for count, part in pairs]


def _declared(policy: Policy, language: str) -> list[CookieReview]:
    return [
        CookieReview(
            entry.name,
            entry.purpose.get(language) or next(iter(entry.purpose.values()), ""),
            entry.category,
            entry.rules.bound.text if entry.rules.bound else "",
            entry.set_by.value,
        )
        for entry in policy.entries
        if entry.set_by is not SetBy.INFRASTRUCTURE
    ]


_DIRECTIONS = {
    "response": "set by the application",
    "request": "sent by browsers",
    "script": "set by scripts of pages",
}


def _undeclared(found: Mapping[str, list[Series]]) -> list[CookieReview]:
    rows = []
    for direction, told in _DIRECTIONS.items():
        row = CookieReview(told)

        def belongs(series: Series, direction: str = direction) -> bool:
            return series.labels.get("cookie") == UNDECLARED and series.labels.get("direction") == direction

        _fill(row, found, belongs)
        rows.append(row)
    return rows


def _fill(cookie: CookieReview, found: Mapping[str, list[Series]], belongs: Callable[[Series], bool]) -> None:
    series = [s for s in found["cookies"] if belongs(s)]
    for one in series:
        action = one.labels.get("action", "")
        cookie.actions[action] = cookie.actions.get(action, 0.0) + total(one.values)
    for one in found["reasons"]:
        if belongs(one):
            reason = one.labels.get("reason", "")
            cookie.reasons[reason] = cookie.reasons.get(reason, 0.0) + total(one.values)
    cookie.steps = _added([s.values for s in series])


def total(values: Iterable[Number]) -> float:
    """Return the sum of the values, without steps that have no data."""
    return sum(value for value in values if value is not None)


def _added(rows: Sequence[Sequence[Number]]) -> list[Number]:
    """Sum rows for each step; None if a step has no data in any row."""
    return [None if all(value is None for value in column) else total(column) for column in zip(*rows, strict=True)]


def _names(inventory: Inventory, judged: Judged | None) -> list[UndeclaredName]:
    def declared(record: Record) -> bool:
        if judged is None:
            return record.entry != ""
        return any(judgement.entry for judgement in judged[record.name])

    undeclared = [record for record in inventory.records.values() if record.sides and not declared(record)]
    return [
        UndeclaredName(r.name, tuple(str(side) for side in Side if side in r.sides), r.count, r.first, r.last, where(r))
        for r in sorted(undeclared, key=lambda record: (not record.by_server, -record.count, record.name))
    ]
