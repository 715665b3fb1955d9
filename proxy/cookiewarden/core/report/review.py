"""The review of a time that has passed: what was enforced of each declared cookie, and what came undeclared, step by
step.

The numbers are Prometheus's, that is of all proxies together; the names of undeclared cookies are an inventory's."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cookiewarden.core.engine.decision import UNDECLARED
from cookiewarden.core.policy.policy import DAY, Policy, SetBy
from cookiewarden.core.report.forecast import where
from cookiewarden.core.report.inventory import Inventory, Record, Side
from cookiewarden.core.report.judge import Judged

STEPS = (("week", 7 * DAY), ("day", DAY), ("hour", 3600), ("minute", 60))
MIN_STEPS = 2
"""Of which a review consists: a month is told by weeks, three days by days."""

Number = float | None
"""None: there is no data, which is not the same as nothing."""


@dataclass(frozen=True, slots=True)
class Period:
    """Equal steps up to now."""

    step: int
    """Seconds."""
    name: str
    ends: tuple[float, ...]
    """Of each step, in seconds since the epoch."""


def period(since: float, now: float) -> Period:
    """`since`: seconds back from now. The largest steps of which there are some."""
    name, step = next(((n, s) for n, s in STEPS if since >= MIN_STEPS * s), STEPS[-1])
    count = max(1, -(-int(since) // step))
    return Period(step, name, tuple(now - step * back for back in reversed(range(count))))


@dataclass(frozen=True, slots=True)
class Series:
    """What Prometheus has of one combination of labels, a number for each step."""

    labels: Mapping[str, str]
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy that some proxy had, and when one was first and last seen to have it."""

    policy: str
    sha256: str
    first: float
    last: float


COUNTERS = {
    "cookies": ("cookiewarden_cookies_total", ("cookie", "direction", "action")),
    "reasons": ("cookiewarden_violations_total", ("cookie", "reason", "enforced")),
    "requests": ("cookiewarden_requests_total", ()),
}
"""Counters, with the labels by which they are added up. Not by `increase`: it knows nothing of what a series had when
it was born, and loses what falls between two steps."""
GAUGES = {
    "enforcing": "min (min_over_time(cookiewarden_policy_enforcing{where}[{step}s]))",
    "proxies": "count (last_over_time(cookiewarden_build_info{where}[{step}s]))",
    "watched": "count_over_time(count(cookiewarden_build_info{where})[{step}s:{fine}s]) * {fine} / {step}",
}
"""What else Prometheus is asked of each step, in its own language; `{where}` chooses the proxies, `{fine}` is a
hundredth of a step."""
POLICIES = "count by (policy, sha256) (count_over_time(cookiewarden_policy_info{where}[{step}s]))"
"""In which windows a policy was in force, for however short a time."""
POLICY = "cookiewarden_policy_info{where}[{step}s]"
"""The samples of one policy in one of them."""
MOSTLY = 0.9
"""Part of a step that Prometheus watched from which on it is taken for all of it: a scrape may fail."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Prometheus answered."""

    counted: Mapping[str, list[Series]]
    """By COUNTERS: how much they rose in each step."""
    gauges: Mapping[str, list[Series]]
    policies: list[PolicyInForce]


def risen(before: Sequence[Number], ends: Sequence[Number], reset: Sequence[Number]) -> list[Number]:
    """How much one counter rose in each step, by its value before the first and at each end; `reset`: what rose in
    steps in which it began anew. What a series has when it is first seen, it had risen to since."""
    last = before[0] if before else None
    found: list[Number] = []
    for end, anew in zip(ends, reset, strict=True):
        if end is None:
            found.append(None)
            continue
        rose = end - (last or 0.0)
        found.append(anew if anew is not None else rose if rose >= 0 else end)
        last = end
    return found


def added_up(series: Iterable[Series], by: Sequence[str]) -> list[Series]:
    """Those that have these labels in common, as one."""
    groups: dict[tuple[str, ...], list[Sequence[Number]]] = {}
    for one in series:
        groups.setdefault(tuple(one.labels.get(label, "") for label in by), []).append(one.values)
    return [Series(dict(zip(by, key, strict=True)), _added(rows)) for key, rows in groups.items()]


def without_silence(asked: Period, found: Found) -> tuple[Period, Found]:
    """The same without the steps before there was any data. All of it where there is none."""
    proxies = found.gauges["proxies"][0].values if found.gauges["proxies"] else ()
    first = next((at for at, count in enumerate(proxies) if count is not None), 0)

    def cut(series: Mapping[str, list[Series]]) -> dict[str, list[Series]]:
        return {name: [Series(s.labels, s.values[first:]) for s in rows] for name, rows in series.items()}

    return Period(asked.step, asked.name, asked.ends[first:]), Found(
        cut(found.counted), cut(found.gauges), found.policies
    )


@dataclass(slots=True)
class CookieReview:
    """One declared cookie, or all undeclared ones of one direction."""

    name: str
    purpose: str = ""
    category: str = ""
    promised: str = ""
    set_by: str = ""
    actions: dict[str, float] = field(default_factory=dict)
    """How often each was taken."""
    reasons: dict[str, float] = field(default_factory=dict)
    steps: list[Number] = field(default_factory=list)
    """How often the cookie came."""

    @property
    def count(self) -> float:
        return sum(self.actions.values())

    @property
    def drawn(self) -> list[float]:
        """The steps for a chart: a gap is drawn as nothing, and told elsewhere."""
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
        """Who brought it up, in words."""
        return " and ".join(_BROUGHT[side] for side in self.sides)


_BROUGHT = {"server": "set by the application", "request": "sent by browsers", "script": "set by scripts"}


@dataclass(slots=True)
class Review:
    """All of it."""

    period: Period
    requests: list[Number]
    enforcing: list[Number]
    """1: every proxy enforced all the time; 0: one did not, at some time."""
    proxies: list[Number]
    watched: list[Number]
    """The part of each step in which Prometheus saw any proxy: all that can be said is of that."""
    policies: list[PolicyInForce]
    declared: list[CookieReview]
    undeclared: list[CookieReview]
    names: list[UndeclaredName]
    inventory_since: float | None

    @property
    def gaps(self) -> int:
        """Steps without any data."""
        return sum(proxies is None for proxies in self.proxies)

    @property
    def partly(self) -> int:
        """Steps in which Prometheus watched for a part of the time."""
        return sum(watched is not None and watched < MOSTLY for watched in self.watched)

    @property
    def not_enforced(self) -> int:
        """Steps in which a proxy did not enforce."""
        return sum(enforcing == 0 for enforcing in self.enforcing)


def review(
    asked: Period,
    found: Found,
    policy: Policy | None,
    inventory: Inventory | None,
    judged: Judged | None,
    language: str,
) -> Review:
    """`found`: what Prometheus answered. Without a policy the declared cookies are those that Prometheus knows.
    `judged`: the inventory's cookies, by that policy."""
    nothing: list[Number] = [None] * len(asked.ends)

    def only(series: list[Series]) -> list[Number]:
        return list(series[0].values) if series else nothing

    counted = found.counted
    labels = {series.labels.get("cookie", "") for series in counted["cookies"]} - {"", UNDECLARED}
    declared = _declared(policy, language) if policy is not None else [CookieReview(name) for name in sorted(labels)]
    listed = {cookie.name for cookie in declared}
    if policy is not None:
        declared += [CookieReview(name, purpose="of an earlier policy") for name in sorted(labels - listed)]
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
    """Nearly nothing, where there was a proxy in none of the hundred moments that were looked at."""
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
        cookie.actions[action] = cookie.actions.get(action, 0.0) + _total(one.values)
    for one in found["reasons"]:
        if belongs(one):
            reason = one.labels.get("reason", "")
            cookie.reasons[reason] = cookie.reasons.get(reason, 0.0) + _total(one.values)
    cookie.steps = _added([s.values for s in series])


def _total(values: Iterable[Number]) -> float:
    return sum(value for value in values if value is not None)


def _added(rows: Sequence[Sequence[Number]]) -> list[Number]:
    """Step by step; None where none has data."""
    return [None if all(value is None for value in column) else _total(column) for column in zip(*rows, strict=True)]


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
