"""Promises of a register, and the counters' evidence that each was held in a period.

A violation that was enforced did not reach a browser or the application, so the promise was held. A violation that was
only reported did, so it was broken. Without data, and for lifetimes that scripts set, the state is unknown."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal

from cookiewarden.core.engine.decision import DENIED_BY_ANSWER, Reason
from cookiewarden.core.policy.policy import Entry, Policy, SetBy
from cookiewarden.core.report.review import PolicyInForce, Review, Series, total


class Promise(StrEnum):
    LIFETIME = "lifetime"
    """Browsers keep the cookie no longer than declared."""
    RENEWAL = "renewal"
    """Visits do not extend the cookie's life."""
    CONSENT = "consent"
    """The cookie passes only if the visitor's answer allows it."""
    UNDECLARED = "undeclared"
    """Undeclared cookies do not reach browsers and the application."""


class State(StrEnum):
    HELD = "held"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A promise with its evidence. The counts are of cookies, and rounded."""

    promise: Promise
    cookie: str
    """Name of the entry; empty for all undeclared cookies."""
    promised: str
    """The lifetime, the category or the direction that the promise is about."""
    state: State
    prevented: int
    """Violations that the proxy prevented."""
    passed: int
    """Violations that passed, because the proxy only reported them."""


LONGER = frozenset({Reason.LIFETIME_CAPPED, Reason.LIFETIME_UNREADABLE})
LEAST = 0.5
"""Least count that is not a rounding error of Prometheus."""


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """The evidence for each promise in a period, as JSON."""

    since: float
    """Start of the period, in seconds since the epoch."""
    until: float
    watched: float
    """Fraction of the period in which Prometheus scraped a proxy. The counts cover only that time."""
    enforced: float
    """Fraction of the period in which every scraped proxy enforced all the time."""
    policy: str
    """Name of the register; empty if the report was made without one."""
    policy_sha256: str
    in_force: bool
    """True if each policy that was in force had the hash of the register."""
    policies: list[PolicyInForce]
    promises: list[Evidence]
    sha256: str = ""
    """Hash of this document in the canonical form: keys in order, no blanks, and this hash empty."""
    cookiewarden: Literal["report"] = "report"
    format: Literal[1] = 1
    """Version of the format."""


def report_document(review: Review, promises: list[Evidence], policy: Policy | None) -> ReportDocument:
    """Return the document of a review, without its hash."""
    period = review.period
    steps = len(period.ends) + period.silent
    sha256 = policy.sha256 if policy is not None else ""
    return ReportDocument(
        since=period.ends[-1] - steps * period.step,
        until=period.ends[-1],
        watched=round(watched_part(review), 4),
        enforced=round(sum(part == 1 for part in review.enforcing) / steps, 4),
        policy=policy.name if policy is not None else "",
        policy_sha256=sha256,
        in_force=bool(review.policies) and all(one.sha256 == sha256 for one in review.policies),
        policies=review.policies,
        promises=promises,
    )


def report_text(document: ReportDocument) -> str:
    """Return a document as JSON, with its hash."""
    bare = asdict(document)
    canonical = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    bare["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    return json.dumps(bare, indent=2, ensure_ascii=False) + "\n"


def evidence(review: Review, reasons: Sequence[Series], policy: Policy | None) -> list[Evidence]:
    """Return the promises of `policy` with the evidence of a review. `reasons`: the violations, with their labels."""
    is_watched = watched_part(review) > 0
    found = list(_undeclared(review, is_watched))
    if policy is not None:
        found += [one for entry in policy.entries for one in _of_entry(entry, policy, reasons, is_watched)]
    return found


def watched_part(review: Review) -> float:
    """Return the fraction of the asked period in which Prometheus scraped a proxy, from 0 to 1."""
    steps = len(review.watched) + review.period.silent
    return sum(part or 0.0 for part in review.watched) / steps if steps else 0.0


def _of_entry(entry: Entry, policy: Policy, reasons: Sequence[Series], is_watched: bool) -> Iterator[Evidence]:
    if entry.set_by is SetBy.INFRASTRUCTURE:
        return
    category = policy.categories.get(entry.category)
    by_server = entry.set_by is SetBy.SERVER
    if entry.rules.bound is not None:
        yield _told(Promise.LIFETIME, entry, entry.rules.bound.text, LONGER, reasons, is_watched and by_server)
    if not entry.rules.renew:
        yield _told(Promise.RENEWAL, entry, "", frozenset({Reason.NOT_RENEWED}), reasons, is_watched and by_server)
    if category is not None and category.is_gated:
        yield _told(Promise.CONSENT, entry, category.name, DENIED_BY_ANSWER, reasons, is_watched)


def _told(
    promise: Promise,
    entry: Entry,
    promised: str,
    broken_by: frozenset[Reason],
    reasons: Sequence[Series],
    is_known: bool,
) -> Evidence:
    counts = {"true": 0.0, "false": 0.0}
    for series in reasons:
        labels = series.labels
        if labels.get("cookie") == entry.name and labels.get("reason") in broken_by:
            counts[labels.get("enforced", "false")] += total(series.values)
    return _evidence(promise, entry.name, promised, counts["true"], counts["false"], is_known)


def _undeclared(review: Review, is_watched: bool) -> Iterator[Evidence]:
    for row in review.undeclared:
        # Deletions always pass, and so do cookies that the policy permits.
        passed = row.actions.get("report", 0.0)
        yield _evidence(Promise.UNDECLARED, "", row.name, row.kept_out, passed, is_watched)


def _evidence(
    promise: Promise, cookie: str, promised: str, prevented: float, passed: float, is_known: bool
) -> Evidence:
    state = State.BROKEN if passed >= LEAST else State.HELD if is_known else State.UNKNOWN
    return Evidence(promise, cookie, promised, state, round(prevented), round(passed))
