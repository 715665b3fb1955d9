"""The forecast: what would happen to each cookie that was seen, if a policy were enforced now."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.engine.decision import MEANINGS, Action, Reason
from cookiewarden.core.policy.problem import counted
from cookiewarden.core.report.inventory import Inventory, Record, Row, Side
from cookiewarden.core.report.judge import Judged, Judgement


class Verdict(StrEnum):
    """What a person should make of it, the worst first."""

    BREAKS = "breaks"
    """The application sets it, and browsers would not get it."""
    HIDDEN = "hidden"
    """Browsers send it, and the application would not see it."""
    WAITS = "waits"
    """It passes once the visitor has consented."""
    CHANGES = "changes"
    """It would pass with other attributes."""
    REPORTED = "reported"
    """It is not as declared, and the policy only wants that reported."""
    KEPT = "kept"
    """It is kept from the application, as its entry says."""
    FINE = "fine"


WAITING = frozenset({Reason.NO_CONSENT, Reason.GPC})
READS_VALUE = frozenset({Reason.MALFORMED, Reason.TOO_LARGE, Reason.SEAL_INVALID, Reason.PLAIN_NAME})
"""Reasons that only a decision on the very cookie can have: the inventory's rows tell of them."""
LOST_ANYWAY = frozenset({Reason.MALFORMED, Reason.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Forecast:
    """One cookie's."""

    name: str
    entry: str
    verdict: Verdict
    advice: str
    action: str
    reasons: tuple[str, ...]
    responses: int
    """How many set it, of those that were seen."""
    requests: int
    where: tuple[str, ...]
    since: float
    """When it was first seen, in seconds since the epoch."""
    last: float


def forecast(inventory: Inventory, judged: Judged, is_in_force: bool) -> list[Forecast]:
    """For all cookies, the worst first. `is_in_force`: the policy that judged is the one by which the inventory's rows
    were decided, and so these count too."""
    found = [_forecast(record, judged[name], is_in_force) for name, record in inventory.records.items()]
    order = list(Verdict)
    return sorted(found, key=lambda f: (order.index(f.verdict), -f.responses, -f.requests, f.name))


def breaks(forecasts: Iterable[Forecast]) -> bool:
    """Whether somebody should look before enforcing."""
    return any(f.verdict in (Verdict.BREAKS, Verdict.HIDDEN) for f in forecasts)


def _forecast(record: Record, judged: list[Judgement], is_in_force: bool) -> Forecast:
    judgements = judged.copy()
    if is_in_force:
        judgements += [_of(row) for row in record.rows if not READS_VALUE.isdisjoint(row.reasons)]
    order = list(Verdict)
    worst = min(judgements, key=lambda j: (order.index(_verdict(j)), not j.reasons), default=None)
    counts = {side: times.count for side, times in record.sides.items()}
    return Forecast(
        record.name,
        next((j.entry for j in judgements if j.entry), ""),
        _verdict(worst) if worst else Verdict.FINE,
        _advice(record, worst, judgements) if worst else "",
        worst.action.value if worst else "",
        worst.reasons if worst else (),
        counts.get(Side.SERVER, 0),
        counts.get(Side.REQUEST, 0),
        where(record),
        record.first,
        record.last,
    )


def where(record: Record) -> tuple[str, ...]:
    """Some places where it was seen."""
    return (*(host + path for host, path in record.places), *(["…"] if record.more_places else []))


def _of(row: Row) -> Judgement:
    """A decision that was made, as one that would be made again."""
    side = {"request": Side.REQUEST, "script": Side.SCRIPT}.get(row.direction, Side.SERVER)
    reasons = tuple(Reason(reason) for reason in row.reasons)
    return Judgement(side, row.entry, Action(row.action), reasons, True, row.times.count)


def _verdict(judgement: Judgement) -> Verdict:
    if judgement.action in (Action.PASS, Action.EVICT) or Reason.DELETION in judgement.reasons:
        return Verdict.FINE
    if not judgement.enforced:
        return Verdict.REPORTED
    if not WAITING.isdisjoint(judgement.reasons):
        return Verdict.WAITS
    if judgement.action is Action.REWRITE:
        return Verdict.CHANGES
    if Reason.NOT_FORWARDED in judgement.reasons:
        return Verdict.KEPT
    if not LOST_ANYWAY.isdisjoint(judgement.reasons):
        return Verdict.FINE
    return Verdict.BREAKS if judgement.side is Side.SERVER else Verdict.HIDDEN


_TODO = {
    Reason.UNDECLARED: "no entry declares it: declare it if the application needs it, or leave it to be {done}",
    Reason.OUT_OF_SCOPE: "its entry is for other hosts or paths: widen its scope, or leave it to be {done}",
    Reason.ENTRY_EXPIRED: "its entry has ended: give it another date, or leave it to be {done}",
    Reason.MALFORMED: "browsers ignore such a line: nothing is lost",
    Reason.TOO_LARGE: "browsers ignore a cookie of more than 4096 bytes: nothing is lost",
    Reason.NONE_WITHOUT_SECURE: "browsers refuse it as it is: let the entry say secure: true",
    Reason.PREFIX_RULE: "browsers refuse the name without what its prefix promises: let the entry give that",
    Reason.NO_CONSENT: "passes once the visitor has consented",
    Reason.GPC: "passes for visitors whose browser does not say Sec-GPC: 1",
    Reason.SEAL_INVALID: "not sealed by these keys: such browsers log in anew, unless accept_plain_until lets it in",
    Reason.PLAIN_NAME: "comes under the name that is renamed: it is accepted until the entry's date",
}
_DONE = {Action.BLOCK: "blocked", Action.STRIP: "kept from the application"}


_CHANGED = {
    Reason.SAME_SITE_CHANGED: "SameSite given",
    Reason.SECURE_ADDED: "Secure added",
    Reason.HTTP_ONLY_ADDED: "HttpOnly added: scripts could no longer read it",
    Reason.LIFETIME_CAPPED: "lifetime cut to what the policy promises",
    Reason.LIFETIME_UNREADABLE: "a Max-Age or Expires that is not valid removed: without another one the cookie ends "
    "with the browser's session",
    Reason.LIFETIME_NORMALIZED: "lifetime written in the form that all browsers read alike",
    Reason.SEALED: "value encrypted: scripts could no longer read it",
    Reason.RENAMED: "kept by browsers under another name",
    Reason.SUPERSEDED: "what browsers hold of before is expired",
}


def _advice(record: Record, worst: Judgement, judgements: list[Judgement]) -> str:
    told = [
        _TODO[reason].format(done=_DONE.get(worst.action, worst.action.value))
        for reason in worst.reasons
        if reason in _TODO and worst.action in _DONE
    ]
    if worst.action is Action.REWRITE and Reason.DELETION not in worst.reasons:
        told += dict.fromkeys(_CHANGED.get(reason, MEANINGS[reason]) for reason in worst.reasons)
    if not worst.enforced and worst.action is not Action.PASS:
        told.append("the policy wants this only reported")
    same_site = any(Reason.SAME_SITE_CHANGED in j.reasons for j in judgements)
    if record.cross_site and same_site:
        told.append(
            f"it came with {counted(record.cross_site, 'request')} of other sites (logins by form, payments, frames), "
            "which SameSite=Lax would end"
        )
    return "; ".join(told)
