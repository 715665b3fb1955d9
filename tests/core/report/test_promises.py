"""Promises of a register, and the evidence that each was held."""

import hashlib
import json

import pytest

from cookiewarden.core.report.promises import (
    Evidence,
    Promise,
    State,
    evidence,
    report_document,
    report_text,
    watched_part,
)
from cookiewarden.core.report.review import Period, PolicyInForce, Review, Series, period, review
from tests.support.policies import entries, policy
from tests.support.watched import NONE, NOW, answered

POLICY = entries(
    "name: sid, category: f, lifetime: 1h",
    "name: stats, category: a, lifetime: 13mo, renew: false",
    "name: js, category: f, lifetime: 1d, set_by: script",
    "name: free, category: f",
    "name: lb, category: f, set_by: infrastructure, lifetime: 1h",
    categories="{f: {basis: x}, a: {consent: opt-out, gpc: deny}}",
)
WATCHED = {"proxies": [Series({}, [1.0, 1.0])], "watched": [Series({}, [1.0, 0.5])]}


def violations(cookie: str, reason: str, enforced: str, *values: float | None) -> Series:
    return Series({"cookie": cookie, "reason": reason, "enforced": enforced}, values)


def reviewed(reasons: list[Series], cookies: list[Series] | None = None, **gauges: list[Series]) -> Review:
    found = answered(reasons=reasons, cookies=cookies or [], **gauges)
    return review(period(120, NOW), found, policy(POLICY), None, None, "en")


def told(reasons: list[Series], **gauges: list[Series]) -> dict[tuple[str, str], Evidence]:
    found = evidence(reviewed(reasons, **gauges), reasons, policy(POLICY))
    return {(one.promise.value, one.cookie): one for one in found if one.cookie}


def test_each_promise_of_the_register_is_listed() -> None:
    assert set(told([], **WATCHED)) == {
        ("lifetime", "sid"),
        ("lifetime", "stats"),
        ("renewal", "stats"),
        ("consent", "stats"),
        ("lifetime", "js"),
    }


@pytest.mark.parametrize(
    ("promise", "cookie", "reason", "enforced", "state"),
    [
        (Promise.LIFETIME, "sid", "lifetime-capped", "true", State.HELD),
        (Promise.LIFETIME, "sid", "lifetime-capped", "false", State.BROKEN),
        (Promise.LIFETIME, "sid", "lifetime-unreadable", "false", State.BROKEN),
        (Promise.LIFETIME, "sid", "secure-added", "false", State.HELD),
        (Promise.RENEWAL, "stats", "not-renewed", "true", State.HELD),
        (Promise.RENEWAL, "stats", "not-renewed", "false", State.BROKEN),
        (Promise.CONSENT, "stats", "gpc", "true", State.HELD),
        (Promise.CONSENT, "stats", "objected", "false", State.BROKEN),
        (Promise.LIFETIME, "js", "lifetime-capped", "true", State.UNKNOWN),
        (Promise.LIFETIME, "js", "lifetime-capped", "false", State.BROKEN),
    ],
)
def test_a_promise_is_held_if_no_violation_passed(
    promise: Promise, cookie: str, reason: str, enforced: str, state: State
) -> None:
    one = told([violations(cookie, reason, enforced, 3.0, None)], **WATCHED)[promise.value, cookie]
    count = 3 if reason != "secure-added" else 0
    assert (one.state, one.prevented, one.passed) == (
        state,
        count if enforced == "true" else 0,
        count if enforced == "false" else 0,
    )


def test_without_data_the_state_is_unknown() -> None:
    assert {one.state for one in told([]).values()} == {State.UNKNOWN}
    assert watched_part(reviewed([])) == 0.0 and watched_part(reviewed([], **WATCHED)) == 0.75


def test_undeclared_cookies_that_passed_break_the_promise() -> None:
    def row(action: str, direction: str) -> Series:
        return Series({"cookie": "__undeclared__", "direction": direction, "action": action}, [2.0, 1.0])

    rows = [row("block", "response"), row("pass", "response"), row("report", "request")]  # a deletion passes
    made = reviewed([], rows, **WATCHED)
    found = [(one.promised, one.state, one.prevented, one.passed) for one in evidence(made, [], None)]
    assert found == [
        ("set by the application", State.HELD, 3, 0),
        ("sent by browsers", State.BROKEN, 0, 3),
        ("set by scripts of pages", State.HELD, 0, 0),
    ]


@pytest.mark.parametrize("given", [True, False])
def test_the_document_has_the_hashes_of_policy_and_report(given: bool) -> None:
    register = policy(POLICY)
    made = reviewed([], enforcing=[Series({}, [1.0, 0.0])], **WATCHED)
    made.policies = [PolicyInForce("p", register.sha256, 0.0, NOW)]
    document = report_document(made, evidence(made, [], register), register if given else None)
    text = json.loads(report_text(document))
    assert (text["policy_sha256"], text["in_force"]) == ((register.sha256, True) if given else ("", False))
    assert (text["since"], text["until"], text["watched"], text["enforced"]) == (NOW - 120, NOW, 0.75, 0.5)
    sha256, text["sha256"] = text["sha256"], ""
    canonical = json.dumps(text, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == sha256


def test_a_period_without_steps_was_not_watched() -> None:
    made = review(Period(60, "minute", ()), NONE, None, None, None, "en")
    assert watched_part(made) == 0.0
