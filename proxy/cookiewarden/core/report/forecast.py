"""Forecast: the effect that enforcing a policy now would have on each cookie seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.engine.decision import DENIED_BY_ANSWER, MEANINGS, Action, Reason
from cookiewarden.core.report.evidence import changes_at_each_visit, hidden_cookies, sent_from_other_sites
from cookiewarden.core.report.inventory import SIDES, Inventory, Record, Row, Side
from cookiewarden.core.report.judge import Judged, Judgement
from cookiewarden.core.report.risk import Risk, risks


class Verdict(StrEnum):
    """Severity of the effect on a cookie, the worst first."""

    BREAKS = "breaks"
    """The application sets it, but browsers would not get it, or would not return it where they did."""
    HIDDEN = "hidden"
    """Browsers send it, but the application would not get it."""
    MAY_BREAK = "may-break"
    """It passes with an edit that can take something away from the application, and that its entry does not state."""
    WAITS = "waits"
    """It passes after the visitor has consented."""
    CHANGES = "changes"
    """It passes with changed attributes."""
    REPORTED = "reported"
    """It violates the policy, which only reports it."""
    KEPT = "kept"
    """It is not forwarded to the application, in accordance with its entry."""
    FINE = "fine"


UNSAFE = frozenset({Verdict.BREAKS, Verdict.HIDDEN, Verdict.MAY_BREAK})
"""Verdicts that need a decision by a person."""
WAITING = DENIED_BY_ANSWER
READS_VALUE = frozenset(
    {
        Reason.MALFORMED,
        Reason.TOO_LARGE,
        Reason.SEAL_INVALID,
        Reason.SEAL_EXPIRED,
        Reason.SEALED_TOO_LARGE,
        Reason.PLAIN_NAME,
    }
)
"""Reasons that depend on the value. Only the decisions recorded in the inventory's rows can have them."""
READS_REQUEST = DENIED_BY_ANSWER | {
    Reason.OUT_OF_SCOPE,
    Reason.NOT_RENEWED,
    Reason.NONE_WITHOUT_SECURE,
    Reason.SECURE_OVER_HTTP,
}
"""Reasons that depend on the place, the scheme or the headers of a request. Of these an inventory has only examples, so
that rows are more certain."""
LOST_ANYWAY = frozenset({Reason.MALFORMED, Reason.TOO_LARGE})
KEPT_BY_ENTRY = frozenset({Reason.NOT_FORWARDED, Reason.SEAL_EXPIRED})


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a cookie."""

    name: str
    entry: str
    verdict: Verdict
    advice: str
    action: str
    reasons: tuple[str, ...]
    responses: int
    """Number of responses seen that set the cookie."""
    requests: int
    where: tuple[str, ...]
    since: float
    """Time when it was first seen, in seconds since the epoch."""
    last: float
    against: tuple[str, ...] = ()
    """Observations against an edit that can take something away."""
    in_favour: tuple[str, ...] = ()
    """Observations for such an edit."""


def forecast(inventory: Inventory, judged: Judged, is_in_force: bool) -> list[Forecast]:
    """Return the forecasts of all cookies, the worst first.

    If `is_in_force`, the inventory's rows are decisions of the same policy and are included."""
    hidden = hidden_cookies(inventory)
    found = [_forecast(record, judged[name], is_in_force, hidden) for name, record in inventory.records.items()]
    order = list(Verdict)
    return sorted(found, key=lambda f: (order.index(f.verdict), -f.responses, -f.requests, f.name))


def breaks(forecasts: Iterable[Forecast]) -> bool:
    """Check whether a forecast needs a decision by a person before the policy is enforced."""
    return any(f.verdict in UNSAFE for f in forecasts)


def _forecast(record: Record, judged: list[Judgement], is_in_force: bool, hidden: int) -> Forecast:
    judgements = _with_decisions(record, judged) if is_in_force else judged
    order = list(Verdict)
    found = [(_verdict(j, found), j, found) for j in judgements for found in [_risks(j, record, hidden)]]
    verdict, worst, _ = min(
        found, key=lambda one: (order.index(one[0]), not one[1].reasons), default=(Verdict.FINE, None, [])
    )
    changing = changes_at_each_visit(record) if any(j.ends_once for j in judgements) else ""
    at_risk = list(dict.fromkeys(risk for _, _, risks_of in found for risk in risks_of))
    counts = {side: times.count for side, times in record.sides.items()}
    return Forecast(
        record.name,
        next((j.entry for j in judgements if j.entry), ""),
        verdict,
        "; ".join(filter(None, [_advice(record, worst, judgements, at_risk) if worst else "", changing])),
        worst.action.value if worst else "",
        worst.reasons if worst else (),
        counts.get(Side.SERVER, 0),
        counts.get(Side.REQUEST, 0),
        where(record),
        record.first,
        record.last,
        tuple(dict.fromkeys(told for risk in at_risk for told in risk.against)),
        tuple(dict.fromkeys(told for risk in at_risk for told in risk.in_favour)),
    )


def _risks(judgement: Judgement, record: Record, hidden: int) -> list[Risk]:
    """Return the risks of a judgement that enforcement would bring."""
    is_edited = judgement.enforced and judgement.action is Action.REWRITE and Reason.DELETION not in judgement.reasons
    return risks(judgement, record, hidden) if is_edited else []


def where(record: Record) -> tuple[str, ...]:
    """Return some places where the cookie was seen, as host and path."""
    return (*(host + path for host, path in record.places), *(["…"] if record.more_places else []))


def _with_decisions(record: Record, judged: list[Judgement]) -> list[Judgement]:
    """Add the recorded decisions that depend on more than the inventory has. For a scope they replace the judgements,
    because a scope needs complete paths and all hosts."""
    decided = [_of(row, judged) for row in record.rows]
    known = {judgement.side for judgement in decided}
    kept = [j for j in judged if Reason.OUT_OF_SCOPE not in j.reasons or j.side not in known]
    unknown = {judgement.side for judgement in judged} - {judgement.side for judgement in kept}
    needed = READS_VALUE | READS_REQUEST
    return kept + [j for j in decided if j.side in unknown or not needed.isdisjoint(j.reasons)]


def _of(row: Row, judged: list[Judgement]) -> Judgement:
    """Convert a recorded decision to a judgement. It states the same keys as the judgements of its entry."""
    side = SIDES.get(row.direction, Side.SERVER)
    reasons = tuple(Reason(reason) for reason in row.reasons)
    same = next((j for j in judged if j.entry == row.entry and j.side is side), None)
    enforced, stated = (same.enforced, same.stated) if same is not None else (True, frozenset[str]())
    return Judgement(side, row.entry, Action(row.action), reasons, enforced, row.times.count, stated)


def _verdict(judgement: Judgement, at_risk: list[Risk]) -> Verdict:
    if judgement.action in (Action.PASS, Action.EVICT) or Reason.DELETION in judgement.reasons:
        return Verdict.FINE
    if not judgement.enforced:
        return Verdict.REPORTED
    if at_risk:
        return Verdict.BREAKS if any(risk.is_certain for risk in at_risk) else Verdict.MAY_BREAK
    if not WAITING.isdisjoint(judgement.reasons):
        return Verdict.WAITS
    if judgement.action is Action.REWRITE:
        return Verdict.CHANGES
    if Reason.NOT_RENEWED in judgement.reasons:
        return Verdict.FINE
    if not KEPT_BY_ENTRY.isdisjoint(judgement.reasons):
        return Verdict.KEPT
    if not LOST_ANYWAY.isdisjoint(judgement.reasons) and not _outgrown(judgement):
        return Verdict.FINE
    return Verdict.BREAKS if judgement.side is Side.SERVER else Verdict.HIDDEN


def _outgrown(judgement: Judgement) -> bool:
    """Check for a cookie that browsers accept, and that only its new name makes too large. Lines that are judged again
    have a size that browsers accept."""
    return Reason.TOO_LARGE in judgement.reasons and judgement.shape is not None


_OUTGROWN = (
    "with its new name it has more than 4096 bytes; remove rename_to from its entry, otherwise it will be {done}"
)
_TODO = {
    Reason.UNDECLARED: "undeclared; add an entry if the application needs it, otherwise it will be {done}",
    Reason.OUT_OF_SCOPE: "its entry is for other hosts or paths; widen the scope, otherwise it will be {done}",
    Reason.ENTRY_EXPIRED: "its entry has ended; set a later date, otherwise it will be {done}",
    Reason.MALFORMED: "browsers ignore such a line, so blocking it has no effect",
    Reason.TOO_LARGE: "browsers ignore cookies of more than 4096 bytes, so blocking it has no effect",
    Reason.NONE_WITHOUT_SECURE: "browsers reject it without Secure; set secure to true in its entry",
    Reason.PREFIX_RULE: "browsers reject the name without the attributes of its prefix; set them in its entry",
    Reason.NO_CONSENT: "passes after the visitor has consented",
    Reason.CONSENT_UNREADABLE: "passes after the visitor has consented, with a consent cookie that can be read",
    Reason.OBJECTED: "passes for visitors who have not objected",
    Reason.GPC: "passes for visitors whose browser does not send Sec-GPC: 1",
    Reason.SEAL_INVALID: "not sealed with these keys; such visitors log in again, unless accept_plain_until allows it",
    Reason.NOT_RENEWED: "the browser holds it with this value, and its first end stands",
    Reason.SEAL_EXPIRED: "older than its entry allows, so the application does not receive it",
    Reason.SEALED_TOO_LARGE: "sealed values have more than 4096 bytes; set seal: {{too_large: pass}} in its entry "
    "to send them unsealed, otherwise they will be {done}",
    Reason.PLAIN_NAME: "sent under the application's own name; accepted until accept_plain_until of its entry",
}
_OWN_WORDS = frozenset({Reason.SEALED_TOO_LARGE, Reason.BROWSER_WOULD_REFUSE})
"""Reasons of cookies that pass, with their own sentence."""
_DONE = {Action.BLOCK: "blocked", Action.STRIP: "stripped from requests"}


_CHANGED = {
    Reason.SAME_SITE_CHANGED: "SameSite set",
    Reason.SECURE_ADDED: "Secure added",
    Reason.HTTP_ONLY_ADDED: "HttpOnly added, so scripts cannot read it",
    Reason.LIFETIME_CAPPED: "lifetime reduced to the policy's maximum",
    Reason.LIFETIME_UNREADABLE: "invalid Max-Age or Expires removed; without a valid one, the cookie ends with the "
    "browser's session",
    Reason.LIFETIME_NORMALIZED: "lifetime rewritten in a form that all browsers read alike",
    Reason.SEALED: "value encrypted, so scripts cannot read it",
    Reason.RENAMED: "kept by browsers under a new name",
    Reason.SUPERSEDED: "the previous cookie in browsers is expired",
}


def _advice(record: Record, worst: Judgement, judgements: list[Judgement], at_risk: list[Risk]) -> str:
    told = [risk.edit for risk in at_risk]
    told += [
        (_OUTGROWN if _outgrown(worst) else _TODO[reason]).format(done=_DONE.get(worst.action, worst.action.value))
        for reason in worst.reasons
        if reason in _TODO and worst.action in _DONE
    ]
    if Reason.BROWSER_WOULD_REFUSE in worst.reasons and worst.action not in _DONE:
        told.append("browsers refuse it because of its Domain, with or without the proxy")
    if any(Reason.SEALED_TOO_LARGE in j.reasons and j.action not in _DONE for j in judgements):
        told.append("values whose sealed form has more than 4096 bytes pass unsealed")
    if worst.action is Action.REWRITE and not at_risk and Reason.DELETION not in worst.reasons:
        told += dict.fromkeys(
            _CHANGED.get(reason, MEANINGS[reason]) for reason in worst.reasons if reason not in _OWN_WORDS
        )
    if not worst.enforced and worst.action is not Action.PASS:
        told.append("the policy only reports it")
    if record.cross_site and Reason.SAME_SITE_CHANGED in worst.reasons and not at_risk:
        told.append(sent_from_other_sites(record))
    return "; ".join(told)
