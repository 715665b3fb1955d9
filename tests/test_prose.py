"""Every sentence of the project follows STYLE.md, as far as a program can see."""

import re
from pathlib import Path

import pytest
import yaml

from tests.prose.check import found
from tests.prose.rules import CODE, faults, mood, sentences, words

PAIRS = yaml.safe_load((Path(__file__).parent / "data/prose.yaml").read_text())
"""Sentences that this project had, and better ones, by habit."""


def is_flagged(texts: list[str]) -> bool:
    """Check texts as the documents are checked."""
    return any(list(faults(each)) for text in texts for each in sentences(re.sub(r"`[^`]*`", CODE, text)))


def test_the_rules_know_the_bad_sentences_and_let_the_better_ones_pass() -> None:
    assert len(PAIRS) == 59
    assert sum(is_flagged(pair["before"]) for pair in PAIRS) >= 50
    assert sum(is_flagged(pair["after"]) for pair in PAIRS) <= 6


def test_every_sentence_follows_the_style() -> None:
    assert [str(fault) for fault in found()] == []


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
