"""Rules that break cookies of scripts, or remove protections."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded

PROMISED = "purpose: x, lifetime: 1d"


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("name: a, set_by: script, http_only: true", [Code.HTTP_ONLY_SCRIPT]),
        ("name: a, set_by: both, http_only: true", [Code.HTTP_ONLY_SCRIPT]),
        ("name: a, set_by: server, http_only: true", []),
        ("name: a, set_by: script, http_only: keep", []),
        ("name: csrftoken, http_only: true", [Code.HTTP_ONLY_READ]),
        ("name: csrftoken, http_only: keep", []),
        ("name: csrf_token_P23104, http_only: true", []),
        ("name: a, secure: remove", [Code.WEAKENS]),
        ("name: a, http_only: remove, partitioned: remove", [Code.WEAKENS, Code.WEAKENS]),
        ("name: a, same_site: None", [Code.WEAKENS]),
        ("name: a, same_site: {default: None}", []),
    ],
)
def test_each_rule_that_breaks_or_weakens_a_cookie_is_reported(line: str, codes: list[Code]) -> None:
    assert [problem.code for problem in loaded(entries(f"{line}, {PROMISED}")).problems] == codes


@pytest.mark.parametrize(
    ("name", "codes"),
    [("csrf_token_P23104", [Code.HTTP_ONLY_READ]), ("'wp-settings-*'", [Code.HTTP_ONLY_READ]), ("gala", [])],
)
def test_a_default_that_hides_a_name_which_scripts_read_is_reported(name: str, codes: list[Code]) -> None:
    text = entries(f"name: {name}, {PROMISED}", defaults="{http_only: true}")
    assert [problem.code for problem in loaded(text).problems] == codes


def test_defaults_that_remove_a_protection_are_reported_once() -> None:
    for rule in ("secure: remove", "http_only: remove", "partitioned: remove", "same_site: remove", "same_site: None"):
        found = loaded(entries("name: a", "name: b", defaults=f"{{{rule}}}")).problems
        (told,) = [problem for problem in found if problem.code is Code.WEAKENS]
        assert told.message.startswith(f"{rule.partition(':')[0]}: this removes a protection from every cookie")
