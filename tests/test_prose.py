"""Every sentence of the project follows STYLE.md, as far as a program can see."""

import re
from pathlib import Path

import pytest
import yaml

from tests.prose.check import found
from tests.prose.rules import CODE, faults, mood, sentences, words

PAIRS = yaml.safe_load((Path(__file__).parent / "data/prose.yaml").read_text())
"""Sentences that this project had, and better ones, by habit."""

LEFT: dict[str, int] = {
    "README.md": 200, "policies": 200, "deploy": 100, "proxy/README.md": 40, "CHANGELOG.md": 80, "pyproject.toml": 10, "Makefile": 10,
    "proxy/cookiewarden/core": 665, "proxy/cookiewarden/serve": 701, "proxy/cookiewarden/tools": 360, "proxy/cookiewarden/cli": 165,
    "proxy/cookiewarden": 2100, "tests": 1000, ".ci": 2,
}  # fmt: skip
"""Faults that are still there, for each path: this list becomes empty."""


def is_flagged(texts: list[str]) -> bool:
    """Check texts as the documents are checked."""
    return any(list(faults(each)) for text in texts for each in sentences(re.sub(r"`[^`]*`", CODE, text)))


def test_the_rules_know_the_bad_sentences_and_let_the_better_ones_pass() -> None:
    assert len(PAIRS) == 59
    assert sum(is_flagged(pair["before"]) for pair in PAIRS) >= 50
    assert sum(is_flagged(pair["after"]) for pair in PAIRS) <= 6


def test_every_sentence_follows_the_style() -> None:
    by_path: dict[str, list[str]] = {}
    for fault in found():
        path = max((path for path in LEFT if fault.where.startswith(path)), key=len, default="")
        by_path.setdefault(path, []).append(str(fault))
    assert [fault for path, faults in by_path.items() if len(faults) > LEFT.get(path, 0) for fault in faults] == []


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("What does not open is not forwarded.", "opening"),
        ("Whether a name is valid.", "opening"),
        ("The log tells the reason.", "saying"),
        ('"abc" is no number.', "negated-noun"),
        ("The mode reverts by itself.", "idiom"),
        ("The proxy prints what it found.", "free-relative"),
        ("One: two: three.", "colons"),
        (" ".join(["word"] * 26) + ".", "long"),
    ],
)
def test_each_rule_finds_its_kind(sentence: str, rule: str) -> None:
    assert rule in {fault.rule for fault in faults(sentence)}


@pytest.mark.parametrize(
    "sentence",
    [
        "What is blocked?",
        "The policy is no longer valid.",
        "As JSON, one line per cookie.",
        " ".join(["word"] * 25) + ".",
    ],
)
def test_good_sentences_pass(sentence: str) -> None:
    assert not list(faults(sentence))


def test_a_docstring_begins_with_a_verb() -> None:
    assert list(mood("The name."))
    assert list(mood("Whether it is valid."))
    assert not list(mood("Return the name."))


def test_sentences_end_where_the_next_begins() -> None:
    assert sentences("One. Two, e.g. three. Four? Five") == ["One.", "Two, e.g. three.", "Four?", "Five"]
    assert words("Set `max-age` to 3.5 or 1,000.".replace("`max-age`", CODE)) == 6
