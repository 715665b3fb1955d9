"""Globs: `*` is zero or more characters."""

import pytest

from cookiewarden.core.cookies.glob import name_matches


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("sid", "sid", True),
        ("sid", "Sid", False),
        ("g-*", "g-", True),
        ("g-*", "h-1", False),
        ("*-x", "a-x", True),
        ("a*a", "a", False),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c", False),
        ("[a]*", "ab", False),
        ("é*", "éa", True),
        ("a" + "*a" * 40 + "b", "a" * 4000, False),  # pathological
    ],
)
def test_a_pattern_matches_the_names_that_it_describes(pattern: str, name: str, matches: bool) -> None:
    assert name_matches(pattern, name) is matches
