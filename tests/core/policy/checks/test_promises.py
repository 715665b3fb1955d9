"""The promises that a statement needs."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("name: sid, purpose: x, lifetime: 1d", []),
        ("name: sid, lifetime: 1d", [Code.NO_PURPOSE]),
        ("name: sid, purpose: x", [Code.NO_LIFETIME]),
        ("name: sid, purpose: x, lifetime: 400d", []),
        ("name: sid, purpose: x, lifetime: 401d", [Code.LIFETIME_OVER_400D]),
        ("name: sid, purpose: x, lifetime: 1d, until: 2026-12-31", [Code.NO_OWNER]),
        ("name: sid, purpose: x, lifetime: 1d, until: 2026-12-31, owner: o", [Code.NO_OWNER]),
        ("name: sid, purpose: x, lifetime: 1d, until: 2026-12-31, owner: o, reason: r", []),
        ("name: lb, set_by: infrastructure", []),
        ("name: lb, set_by: infrastructure, lifetime: 2y", []),
    ],
)
def test_each_entry_needs_a_purpose_and_a_lifetime(line: str, codes: list[Code]) -> None:
    assert [problem.code for problem in loaded(entries(line)).problems] == codes


def test_a_default_and_a_ceiling_are_lifetimes_too() -> None:
    for head in ({"defaults": "{lifetime: 1d}"}, {"ceiling": "1d"}):
        assert loaded(entries("name: sid, purpose: x", **head)).problems == []


@pytest.mark.parametrize(
    ("line", "head", "codes"),
    [
        ("name: v, renew: false, renewed: on each visit", "", [Code.WRONG_VALUE]),
        ("name: v, renew: true, renewed: on each visit", "", []),
        ("name: v, renew: false", "", []),
        ("name: v, renew: false, set_by: script", "", [Code.NO_EFFECT]),
        ("name: v, renew: false, set_by: both", "", [Code.NO_EFFECT]),
        ("name: v, renew: false, set_by: script", "inject_guard: true\n", []),
        ("name: v, set_by: script", "defaults: {renew: false}\n", []),
    ],
)
def test_a_life_that_is_not_extended_has_no_event_that_restarts_it(line: str, head: str, codes: list[Code]) -> None:
    found = loaded(head + entries(line)).problems
    assert [problem.code for problem in found if problem.code in (Code.WRONG_VALUE, Code.NO_EFFECT)] == codes
