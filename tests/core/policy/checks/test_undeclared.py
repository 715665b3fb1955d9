"""Rules for undeclared cookies."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import loaded


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        ("{}", []),
        ("{evict: host}", []),
        ("{evict: host, request: report}", ["evict"]),
        ("{evict: domain, evict_domains: [a.example]}", []),
        ("{evict: host, evict_domains: [a.example]}", ["evict_domains"]),
        ("{evict: host, request: pass, evict_domains: [a.example]}", ["evict", "evict_domains"]),
    ],
)
def test_a_rule_for_expiring_cookies_expires_some(rules: str, keys: list[str]) -> None:
    found = loaded(f"undeclared: {rules}\ncookies: [{{name: a}}]").problems
    told = [problem.message.partition(":")[0] for problem in found if problem.code is Code.NO_EFFECT]
    assert told == keys


def test_a_policy_declares_cookies() -> None:
    assert [problem.code for problem in loaded("cookies: []").problems] == [Code.NO_COOKIES]
