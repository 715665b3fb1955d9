"""The review of a time that has passed: what was enforced of each declared cookie, and what came undeclared, step by step.

The numbers are Prometheus's, that is of all proxies together; the names of undeclared cookies are an inventory's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cookiewarden.core.decision import UNDECLARED
from cookiewarden.core.policy import DAY, Policy, SetBy
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


QUESTIONS = {
    "cookies": "sum by (cookie, direction, action) (increase(cookiewarden_cookies_total{where}[{step}s]))",
    "reasons": "sum by (cookie, reason, enforced) (increase(cookiewarden_violations_total{where}[{step}s]))",
    "requests": "sum (increase(cookiewarden_requests_total{where}[{step}s]))",
    "enforcing": "min (min_over_time(cookiewarden_policy_enforcing{where}[{step}s]))",
    "policies": "count by (policy, sha256) (last_over_time(cookiewarden_policy_info{where}[{step}s]))",
    "proxies": "count (last_over_time(cookiewarden_build_info{where}[{step}s]))",
}
"""What Prometheus is asked, in its own language; `{where}` chooses the proxies."""


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


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy that some proxy had, with the ends of the first and the last step in which one did."""

    policy: str
    sha256: str
    first: float
    last: float


@dataclass(slots=True)
class Review:
    """All of it."""

    period: Period
    requests: list[Number]
    enforcing: list[Number]
    """1: every proxy enforced all the time; 0: one did not, at some time."""
    proxies: list[Number]
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
    def not_enforced(self) -> int:
        """Steps in which a proxy did not enforce."""
        return sum(enforcing == 0 for enforcing in self.enforcing)


def review(
    asked: Period,
    found: Mapping[str, list[Series]],
    policy: Policy | None,
    inventory: Inventory | None,
    judged: Judged | None,
    language: str,
) -> Review:
    """`found`: the answers to QUESTIONS. Without a policy the declared cookies are those that Prometheus knows. `judged`: the
    inventory's cookies, by that policy."""
    nothing: list[Number] = [None] * len(asked.ends)

    def only(question: str) -> list[Number]:
        return list(found[question][0].values) if found[question] else nothing

    labels = {series.labels.get("cookie", "") for series in found["cookies"]} - {"", UNDECLARED}
    declared = (
        _declared(policy, language) if policy is not None else [CookieReview(name) for name in sorted(labels)]
    )
    listed = {cookie.name for cookie in declared}
    if policy is not None:
        declared += [CookieReview(name, purpose="of an earlier policy") for name in sorted(labels - listed)]
    for cookie in declared:
        _fill(cookie, found, lambda s, name=cookie.name: s.labels.get("cookie") == name)  # type: ignore[misc]
    return Review(
        asked,
        only("requests"),
        only("enforcing"),
        only("proxies"),
        _policies(asked, found["policies"]),
        declared,
        _undeclared(found),
        _names(inventory, judged) if inventory is not None else [],
        inventory.since if inventory is not None else None,
    )


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
    return [
        None if all(value is None for value in column) else _total(column)
        for column in zip(*rows, strict=True)
    ]


def _policies(asked: Period, found: list[Series]) -> list[PolicyInForce]:
    policies = []
    for series in found:
        ends = [end for end, value in zip(asked.ends, series.values, strict=True) if value]
        if ends:
            policies.append(
                PolicyInForce(
                    series.labels.get("policy", ""), series.labels.get("sha256", ""), ends[0], ends[-1]
                )
            )
    return sorted(policies, key=lambda policy: (policy.first, policy.last, policy.sha256))


def _names(inventory: Inventory, judged: Judged | None) -> list[UndeclaredName]:
    def declared(record: Record) -> bool:
        if judged is None:
            return record.entry != ""
        return any(judgement.entry for judgement in judged[record.name])

    undeclared = [record for record in inventory.records.values() if record.sides and not declared(record)]
    return [
        UndeclaredName(
            r.name, tuple(str(side) for side in Side if side in r.sides), r.count, r.first, r.last, where(r)
        )
        for r in sorted(undeclared, key=lambda record: (not record.by_server, -record.count, record.name))
    ]
