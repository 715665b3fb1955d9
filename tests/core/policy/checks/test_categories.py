"""Categories, and the entries in them."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded

HERE = (Code.MISSING_CATEGORY, Code.UNKNOWN_CATEGORY, Code.NO_BASIS, Code.NO_EFFECT)


@pytest.mark.parametrize(
    ("categories", "line", "codes"),
    [
        ("{f: {basis: x}}", "name: a, category: f", []),
        ("{f: {basis: x}}", "name: a", []),
        ("{f: {basis: x}}", "name: a, category: g", [Code.UNKNOWN_CATEGORY]),
        ("{}", "name: a, category: g", []),
        ("{f: {}}", "name: a, category: f", [Code.NO_BASIS]),
        ("{f: {basis: x, gpc: deny, granted_by: [f]}}", "name: a", [Code.NO_EFFECT, Code.NO_EFFECT]),
        ("{f: {basis: x, unknown: grant}}", "name: a, category: f", [Code.NO_EFFECT]),
        ("{m: {consent: required, gpc: deny}}", "name: a", [Code.MISSING_CATEGORY]),
        ("{m: {consent: opt-out, unknown: deny}}", "name: a", [Code.MISSING_CATEGORY]),
        ("{m: {consent: required}}", "name: a, set_by: infrastructure", []),
    ],
)
def test_each_cookie_needs_a_complete_category(categories: str, line: str, codes: list[Code]) -> None:
    problems = loaded(entries(line, categories=categories)).problems
    assert [problem.code for problem in problems if problem.code in HERE] == codes
