"""The status page: traffic and errors, the policy in force, the effects of enforcing it, and undeclared cookies."""

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from cookiewarden import __version__
from cookiewarden.core.engine.decision import Action
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import Severity
from cookiewarden.core.report.drift import Finding, Kind, drift
from cookiewarden.core.report.forecast import Forecast, Verdict, forecast, where
from cookiewarden.core.report.inventory import Inventory, Record, Row
from cookiewarden.core.report.judge import Judged, judge_all
from cookiewarden.pages.chart import ChartLine
from cookiewarden.pages.failures import CLIENT_FAILURES, UPSTREAM_FAILURES, Failure
from cookiewarden.pages.render import render
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.history import RECENT_SECONDS, STEP_SECONDS, Sample, increase, recent_of
from cookiewarden.serve.control.status import PolicyStatus, Reload, line_of, severity_of
from cookiewarden.serve.offload import in_short_turns

TEMPLATE = "status.html"
MAX_SHOWN = 50
"""Maximum number of rows in a table. The JSON pages have all rows."""
POINTS = 120
"""Number of points in a chart."""
ACTIONS = ("pass", "rewrite", "block", "strip", "evict", "report")


@dataclass(frozen=True, slots=True)
class InventorySummary:
    """Summary of the inventory for all cookies."""

    since: float
    policy_since: float
    """Time since which the policy in force decides, in seconds since the epoch."""
    left_out: int
    groups: list["ForecastGroup"]
    findings: list[Finding]
    rows: dict[str, "EntryRow"]


@dataclass(frozen=True, slots=True)
class ForecastGroup:
    """Cookies with the same verdict and the same advice."""

    verdict: Verdict
    action: str
    reasons: tuple[str, ...]
    advice: str
    cookies: list[Forecast]


@dataclass(slots=True)
class EntryRow:
    """Observations of the cookies of an entry."""

    count: int = 0
    names: int = 0
    last: float = 0.0
    where: tuple[str, ...] = ()
    actions: dict[str, Counter[str]] = field(default_factory=dict)
    """Number of cookies by direction and action."""
    reasons: Counter[str] = field(default_factory=Counter)
    would: list[str] = field(default_factory=list)
    """Actions that the policy would take, for cookies without decisions yet."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Errors of one reason."""

    side: str
    reason: str
    failure: Failure
    count: int
    """Number since the start of the proxy."""
    recent: int
    """Number in the last minute."""


@dataclass(frozen=True, slots=True)
class ReloadRow:
    """A reload, successful or not."""

    at: float
    """Time in seconds since the epoch."""
    successful: bool
    severities: list[Severity | None]
    lines: list[str]
    """One line per cause."""
    why: list[str]
    """Lines with the reasons of a failure. Warnings are left out, unless there is no other cause."""


def _reload_row(reload: Reload) -> ReloadRow:
    failed = [cause for cause in reload.causes if severity_of(cause) not in MILD]
    return ReloadRow(
        reload.at,
        reload.successful,
        list(map(severity_of, reload.causes)),
        list(map(line_of, reload.causes)),
        list(map(line_of, failed or reload.causes)),
    )


MILD = frozenset({Severity.WARNING, Severity.INFO})


def _reload_rows(status: PolicyStatus | None) -> list[ReloadRow]:
    """Return the recent reloads, oldest first."""
    return list(map(_reload_row, status.reloads)) if status is not None else []


async def page(operation: Operation, unready: str, address: str) -> tuple[str, str]:
    """Return the page and its Content-Security-Policy. `address`: of the admin listener, for the commands shown."""
    observed = await operation.computed(_summary)
    nonce = secrets.token_urlsafe(16)
    now = time.time()
    samples = [*operation.history.samples, operation.history.sample()]
    values = {
        "version": __version__,
        "now": now,
        "nonce": nonce,
        "unready": unready,
        "address": address,
        "policy": await operation.policy(),
        "reloads": _reload_rows(operation.status),
        "shadow_reloads": _reload_rows(operation.status.shadow),
        "observed": observed,
        "charts": _charts(samples[:-1]),  # without the step that has just begun, which has too few counts
        "recent": recent_of(samples),
        "errors": _errors(samples),
        "failures": UPSTREAM_FAILURES,
        "max_shown": MAX_SHOWN,
        "brief": BRIEF,
        "fine": FINE,
        "paste": "".join(f.yaml for f in observed.findings if f.kind is Kind.UNDECLARED) if observed else "",
    }
    return await in_short_turns(lambda: render(TEMPLATE, values)), POLICY.format(nonce=nonce)


POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


FINE = frozenset({Verdict.FINE, Verdict.KEPT})
"""Verdicts that the page does not list."""
BRIEF = frozenset({Verdict.CHANGES, Verdict.REPORTED})
"""Verdicts of which the page lists the names only."""


def _summary(inventory: Inventory, engine: Engine) -> InventorySummary:
    judged = judge_all(inventory, engine, time.time())
    return InventorySummary(
        inventory.since,
        inventory.policy_since,
        sum(inventory.left_out.values()),
        _groups(forecast(inventory, judged, is_in_force=True)),
        drift(inventory, judged, engine.policy, time.time()),
        _rows(inventory, judged),
    )


def _groups(forecasts: list[Forecast]) -> list[ForecastGroup]:
    """ForecastGroup the cookies that the page lists, the worst first."""
    found: dict[tuple[object, ...], ForecastGroup] = {}
    for f in forecasts:
        if f.verdict not in FINE:
            alike = (f.verdict, f.advice, f.action, f.reasons)
            found.setdefault(alike, ForecastGroup(f.verdict, f.action, f.reasons, f.advice, [])).cookies.append(f)
    return sorted(found.values(), key=lambda group: list(Verdict).index(group.verdict))


def _rows(inventory: Inventory, judged: Judged) -> dict[str, EntryRow]:
    """Add up the records of each entry: a glob has many, and a renamed cookie has two."""
    rows: dict[str, EntryRow] = {}
    for name, record in inventory.records.items():
        for entry in {judgement.entry for judgement in judged[name] if judgement.entry}:
            row = rows.setdefault(entry, EntryRow())
            row.count += record.count
            row.names += 1
            if record.last > row.last:
                row.last, row.where = record.last, where(record)
            row.would += [j.action.value for j in judged[name] if j.action.value not in row.would]
        _count_actions(record, rows)
    return rows


def _count_actions(record: Record, rows: dict[str, EntryRow]) -> None:
    for decided in record.rows:
        if decided.entry:
            row = rows.setdefault(decided.entry, EntryRow())
            row.actions.setdefault(decided.direction, Counter()).update(_done(decided))
            row.reasons.update(dict.fromkeys(decided.reasons, decided.times.count))


def _done(row: Row) -> dict[str, int]:
    """Return the number of cookies by action taken. `report`: the policy asks for an action, which was not taken."""
    if row.action == Action.PASS:
        return {row.action: row.times.count}
    taken = {row.action: row.enforced, "report": row.times.count - row.enforced}
    return {action: count for action, count in taken.items() if count}


def _errors(samples: Sequence[Sample]) -> list[ErrorRow]:
    """Return the errors since the start by reason, the most frequent first."""
    now = samples[-1]
    before = next((sample for sample in samples if sample.at >= now.at - RECENT_SECONDS), now)
    return [
        *_error_rows("application", UPSTREAM_FAILURES, before.upstream_errors, now.upstream_errors),
        *_error_rows("clients", CLIENT_FAILURES, before.client_errors, now.client_errors),
    ]


def _error_rows(
    side: str, failures: Mapping[str, Failure], before: Mapping[str, int], now: Mapping[str, int]
) -> list[ErrorRow]:
    recent = increase(before, now)
    return [
        ErrorRow(side, reason, failures[reason], count, recent.get(reason, 0))
        for reason, count in increase({}, now).items()
    ]


def _charts(samples: Sequence[Sample]) -> dict[str, object]:
    pairs = list(itertools.pairwise(samples))

    def line(name: str, count: Callable[[Sample], int]) -> ChartLine:
        return ChartLine(name, _thinned([_rate(a, b, count(a), count(b)) for a, b in pairs]))

    minutes = max(0, len(samples) - 1) * STEP_SECONDS / 60
    return {
        "requests": [line("requests", lambda s: s.requests), line("5xx", lambda s: s.responses["5xx"])],
        "errors": [
            line("application", lambda s: sum(s.upstream_errors.values())),
            line("clients", lambda s: sum(s.client_errors.values())),
        ],
        "cookies": [line(action, partial(_of_action, action)) for action in ACTIONS],
        "began": f"{max(1, round(minutes))} min ago",
    }


def _of_action(action: str, sample: Sample) -> int:
    return sample.actions[action]


def _rate(one: Sample, other: Sample, before: int, after: int) -> float:
    return (after - before) / max(0.001, other.at - one.at)


def _thinned(values: list[float]) -> list[float]:
    """Reduce values to at most POINTS, each the mean of a group."""
    size = max(1, -(-len(values) // POINTS))
    groups = [values[at : at + size] for at in range(0, len(values), size)]
    return [sum(group) / len(group) for group in groups]
