"""The wording of found values, and suggestions."""

import pytest

from cookiewarden.core.policy.wording import did_you_mean, kind_of, quote


@pytest.mark.parametrize(
    ("word", "choices", "told"),
    [
        ("samesit", ["name", "path", "domain", "secure", "same_site"], ', did you mean "same_site"?'),
        ("x", ["only"], ", expected only"),
        ("x", ["a", "b"], ", expected one of a, b"),
        ("Laxx", ["None", "Lax", "Strict"], ', did you mean "Lax"?'),
        ("grin", ["green", "red"], ", expected one of green, red"),
        ("x", [], ""),
        ("x", [f"c{n}" for n in range(17)], ""),
        ("c1", [f"c{n}" for n in range(101)], ""),  # pathological: too many to compare
    ],
)
def test_the_nearest_choice_is_suggested_and_few_choices_are_listed(word: str, choices: list[str], told: str) -> None:
    assert did_you_mean(word, choices) == told


@pytest.mark.parametrize(
    ("value", "kind"), [(True, "true or false"), (1, "a number"), ({}, "a mapping"), (b"", "bytes")]
)
def test_kinds_are_named_in_terms_of_yaml(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_a_long_value_is_cut() -> None:
    assert quote("é") == '"é"' and quote("x" * 99) == '"' + "x" * 56 + "…"
