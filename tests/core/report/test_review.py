"""The review combines the numbers of Prometheus with the names of an inventory."""

import pytest

from cookiewarden.core.report.review import (
    PolicyInForce,
    Series,
    added_up,
    period,
    review,
    risen,
    without_silence,
)
from tests.support.policies import entries, policy
from tests.support.watched import NONE, NOW, Watched, answered

DAY = 86400.0
POLICY = entries(
    "name: sid, purpose: {en: The session., nl: De sessie.}, lifetime: 1h",
    "name: '_ga', set_by: script",
    "name: AWSALB, set_by: infrastructure",
)


@pytest.mark.parametrize(
    ("since", "name", "count"),
    [(30 * DAY, "week", 5), (14 * DAY, "week", 2), (13 * DAY, "day", 13), (2 * DAY, "day", 2), (86400, "hour", 24), (300, "minute", 5), (10, "minute", 1)],
)  # fmt: skip
def test_a_period_has_the_largest_steps_of_which_there_are_some(since: float, name: str, count: int) -> None:
    found = period(since, NOW)
    assert (found.name, len(found.ends), found.ends[-1]) == (name, count, NOW)
    assert all(b - a == found.step for a, b in zip(found.ends, found.ends[1:], strict=False))


def cookies(cookie: str, action: str, *values: float | None, direction: str = "response") -> Series:
    return Series({"cookie": cookie, "direction": direction, "action": action}, values)


def test_every_declared_cookie_is_listed_with_its_actions() -> None:
    found = answered(
        cookies=[cookies("sid", "pass", 1.0, None), cookies("sid", "rewrite", 2.0, 3.0), cookies("sid", "block", 0.0, 1.0), cookies("gone", "pass", 1.0, 1.0)],
        reasons=[
            Series({"cookie": "sid", "reason": "secure-added", "enforced": "true"}, [2.0, 3.0]),
            Series({"cookie": "sid", "reason": "secure-added", "enforced": "false"}, [1.0, None]),
        ],
    )  # fmt: skip
    told = review(period(120, NOW), found, policy(POLICY), None, None, "nl")
    sid, ga, gone = told.declared
    assert (sid.purpose, sid.promised, sid.set_by) == ("De sessie.", "1h", "server")
    assert sid.actions == {"pass": 1.0, "rewrite": 5.0, "block": 1.0} and sid.reasons == {"secure-added": 6.0}
    assert (sid.count, sid.kept_out, sid.steps, sid.drawn) == (7.0, 1.0, [3.0, 4.0], [3.0, 4.0])
    assert (ga.name, ga.count, ga.steps, ga.purpose, ga.promised) == ("_ga", 0, [], "", "")
    assert (gone.name, gone.purpose) == ("gone", "from an earlier policy")


def test_a_purpose_in_another_language_is_better_than_none() -> None:
    told = review(period(120, NOW), NONE, policy(POLICY), None, None, "fr")
    assert told.declared[0].purpose == "The session."


def test_without_a_policy_the_cookies_are_those_that_prometheus_knows() -> None:
    found = answered(cookies=[cookies("b", "pass", 1.0), cookies("a", "pass", 1.0), cookies("__undeclared__", "block", 1.0), Series({}, [1.0])])  # fmt: skip
    told = review(period(60, NOW), found, None, None, None, "en")
    assert [cookie.name for cookie in told.declared] == ["a", "b"]


def test_undeclared_cookies_are_listed_by_their_source() -> None:
    found = answered(
        cookies=[
            cookies("__undeclared__", "block", 4.0, None),
            cookies("__undeclared__", "strip", None, None, direction="request"),
            cookies("__undeclared__", "report", 2.0, 1.0, direction="script"),
        ],
    )  # fmt: skip
    set_by_application, sent, scripts = review(period(120, NOW), found, None, None, None, "en").undeclared
    assert (set_by_application.kept_out, set_by_application.steps) == (4.0, [4.0, None])
    assert (sent.count, sent.steps, sent.drawn) == (0.0, [None, None], [0.0, 0.0])
    assert scripts.actions == {"report": 3.0}


def test_a_step_without_data_differs_from_a_step_with_zero() -> None:
    found = answered(
        proxies=[Series({}, [None, 2.0, 2.0])],
        enforcing=[Series({}, [None, 1.0, 0.0])],
        requests=[Series({}, [None, 0.0, 5.0])],
    )
    told = review(period(180, NOW), found, None, None, None, "en")
    assert (told.gaps, told.not_enforced, told.requests) == (1, 1, [None, 0.0, 5.0])
    assert review(period(180, NOW), NONE, None, None, None, "en").gaps == 3


def test_a_partly_observed_step_is_marked() -> None:
    found = answered(
        proxies=[Series({}, [None, 1.0, 1.0, 1.0])],
        enforcing=[Series({}, [None, 1.0, 1.0, 1.0])],
        watched=[Series({}, [None, None, 0.5, 1.0])],
    )
    told = review(period(240, NOW), found, None, None, None, "en")
    assert (told.watched, told.partly, told.not_enforced) == ([None, 0.0, 0.5, 1.0], 2, 0)


def test_policies_are_listed_in_the_order_of_their_time() -> None:
    found = answered([PolicyInForce("p", "new", NOW - 60, NOW), PolicyInForce("p", "old", NOW - 900, NOW - 60)])
    assert [p.sha256 for p in review(period(180, NOW), found, None, None, None, "en").policies] == [
        "old",
        "new",
    ]


@pytest.mark.parametrize(
    ("before", "ends", "reset", "rose"),
    [
        ([5.0], [7.0, 7.0, 9.0], [None] * 3, [2.0, 0.0, 2.0]),
        ([None], [3.0, 4.0], [None] * 2, [3.0, 1.0]),  # began in the first step, and had risen to 3
        ([], [3.0], [None], [3.0]),
        ([5.0], [None, 9.0], [None] * 2, [None, 4.0]),  # a gap loses nothing
        ([5.0], [2.0], [None], [2.0]),  # the counter restarted, and its last value is unknown
        ([5.0], [2.0], [6.5], [6.5]),
    ],
)
def test_the_increase_of_a_counter_is_computed(before: list, ends: list, reset: list, rose: list) -> None:
    assert risen(before, ends, reset) == rose


def test_series_of_many_proxies_are_added_up() -> None:
    one, other = (
        Series({"cookie": "a", "pod": "1"}, [1.0, None]),
        Series({"cookie": "a", "pod": "2"}, [2.0, None]),
    )
    assert added_up([one, other], ("cookie",)) == [Series({"cookie": "a"}, [3.0, None])]


def test_steps_before_there_was_anything_are_left_out() -> None:
    asked = period(240, NOW)
    found = answered(
        proxies=[Series({}, [None, None, 1.0, None])], cookies=[cookies("a", "pass", None, None, 1.0, None)]
    )
    shorter, cut = without_silence(asked, found)
    assert (shorter.ends, shorter.silent) == (asked.ends[2:], 2) and list(cut.counted["cookies"][0].values) == [
        1.0,
        None,
    ]
    assert without_silence(asked, NONE)[0] == asked


def test_names_of_undeclared_cookies_come_from_the_inventory() -> None:
    seen = Watched(POLICY).sets("t=1", times=2).sends("t=1; often=1; sid=1", times=5).sends("_ga=1")
    by_rows = review(period(60, NOW), NONE, seen.engine.policy, seen.inventory, None, "en")
    by_policy = review(period(60, NOW), NONE, seen.engine.policy, seen.inventory, seen.judged, "en")
    for told in (by_rows, by_policy):
        assert [(n.name, n.sides, n.count) for n in told.names] == [
            ("t", ("server", "request"), 7),
            ("often", ("request",), 5),
        ]
        assert told.inventory_since == NOW
    seen.inventory.new_policy(NOW)  # decisions are cleared, but the policy still has its declared names
    told = review(period(60, NOW), NONE, seen.engine.policy, seen.inventory, seen.judged, "en")
    assert [n.name for n in told.names] == ["t", "often"]
