"""The status page: the policy in force, the effects of enforcing it, and undeclared cookies, on one screen."""

import itertools
import secrets
import time
from dataclasses import dataclass

from cookiewarden import __version__
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import Severity
from cookiewarden.core.report.drift import Finding, Kind, drift
from cookiewarden.core.report.forecast import Forecast, Verdict, forecast, where
from cookiewarden.core.report.inventory import Inventory, Record
from cookiewarden.core.report.judge import Judged, Judgement, judge_all
from cookiewarden.pages.chart import ChartLine
from cookiewarden.pages.render import render
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.history import STEP_SECONDS, History, Sample
from cookiewarden.serve.control.status import PolicyStatus, Reload, line_of, severity_of
from cookiewarden.serve.offload import in_short_turns

MAX_SHOWN = 50
"""Maximum number of rows in a table. The JSON pages have all rows."""
POINTS = 120
"""Number of points in a chart."""
ACTIONS = ("pass", "rewrite", "block", "strip", "evict", "report")


@dataclass(frozen=True, slots=True)
class InventorySummary:
    """Summary of the inventory for all cookies."""

    since: float
    left_out: int
    forecasts: list[Forecast]
    findings: list[Finding]
    rows: dict[str, "EntryRow"]


@dataclass(slots=True)
class EntryRow:
    """Observations of a declared cookie."""

    count: int = 0
    last: float = 0.0
    where: tuple[str, ...] = ()
    done: str = ""


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
        "charts": _charts(operation.history),
        "max_shown": MAX_SHOWN,
        "verdicts": list(Verdict),
        "paste": "".join(f.yaml for f in observed.findings if f.kind is Kind.UNDECLARED) if observed else "",
    }
    return await in_short_turns(lambda: render("status.html", values)), POLICY.format(nonce=nonce)


POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _summary(inventory: Inventory, engine: Engine) -> InventorySummary:
    judged = judge_all(inventory, engine, time.time())
    return InventorySummary(
        inventory.since,
        sum(inventory.left_out.values()),
        forecast(inventory, judged, is_in_force=True),
        drift(inventory, judged, engine.policy, time.time()),
        _rows(inventory, judged),
    )


def _rows(inventory: Inventory, judged: Judged) -> dict[str, EntryRow]:
    rows: dict[str, EntryRow] = {}
    for name, record in inventory.records.items():
        for entry in {judgement.entry for judgement in judged[name] if judgement.entry}:
            row = rows.setdefault(entry, EntryRow())
            row.count += record.count
            if record.last > row.last:
                row.last, row.where = record.last, where(record)
            row.done = _done(record) or row.done or _would(judged[name])
    return rows


def _done(record: Record) -> str:
    """Return the actions taken on a cookie, the most frequent first."""
    rows = [row for row in record.rows if row.direction != "evict"]
    return ", ".join(dict.fromkeys(row.action for row in sorted(rows, key=lambda row: -row.times.count)))


def _would(judgements: list[Judgement]) -> str:
    """Return the actions that this policy would take, for a cookie without decisions yet."""
    return "would " + ", ".join(dict.fromkeys(judgement.action.value for judgement in judgements))


def _charts(history: History) -> dict[str, object]:
    samples = list(history.samples)  # without the step that has just begun, which has too few counts
    pairs = list(itertools.pairwise(samples))
    requests = ChartLine("requests", _thinned([_rate(a, b, a.requests, b.requests) for a, b in pairs]))
    cookies = [
        ChartLine(action, _thinned([_rate(a, b, a.actions[action], b.actions[action]) for a, b in pairs]))
        for action in ACTIONS
    ]
    minutes = max(0, len(samples) - 1) * STEP_SECONDS / 60
    return {"requests": [requests], "cookies": cookies, "began": f"{max(1, round(minutes))} min ago"}


def _rate(one: Sample, other: Sample, before: int, after: int) -> float:
    return (after - before) / max(0.001, other.at - one.at)


def _thinned(values: list[float]) -> list[float]:
    """Reduce values to at most POINTS, each the mean of a group."""
    size = max(1, -(-len(values) // POINTS))
    groups = [values[at : at + size] for at in range(0, len(values), size)]
    return [sum(group) / len(group) for group in groups]
