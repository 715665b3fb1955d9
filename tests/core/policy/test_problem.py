"""The printed form of problems."""

import pytest

from cookiewarden.core.policy.problem import (
    Code,
    Place,
    Pos,
    Problem,
    counted,
    in_order,
    printable,
    render_caret,
    render_line,
)


def at(line: int, column: int, excerpt: str = "", code: Code = Code.UNKNOWN_KEY, message: str = "m") -> Problem:
    return Problem(code, Place("p.yaml", Pos(line, column)), message, excerpt)


def test_a_problem_is_one_line_with_file_line_column_severity_and_code() -> None:
    assert (
        render_line(at(12, 5, message='unknown key "samesit"'))
        == 'p.yaml:12:5: error: unknown key "samesit" [unknown-key]'
    )


def test_the_caret_stands_under_the_column() -> None:
    assert render_caret(at(1, 3, "a: b")).splitlines()[1:] == ["    a: b", "      ^"]


def test_a_long_line_is_cut_around_the_caret_and_a_blank_one_is_not_shown() -> None:
    _, shown, caret = render_caret(at(1, 501, "x" * 500 + "HERE" + "y" * 500)).splitlines()
    assert shown[caret.index("^")] == "H" and len(shown) < 130
    assert "\n" not in render_caret(at(1, 1, "  "))


def test_control_and_direction_characters_are_escaped_and_the_caret_still_fits() -> None:
    _, shown, caret = render_caret(at(1, 4, "\x1b[\u202eX")).splitlines()
    assert shown[caret.index("^")] == "X"
    assert printable("a\x1b\u202e\n") == "a\\x1b\\u202e\\n"


def test_problems_are_sorted_and_reported_once() -> None:
    assert in_order([at(9, 1), at(2, 7), at(2, 3), at(2, 7)]) == [at(2, 3), at(2, 7), at(9, 1)]


def test_a_problem_has_the_same_content_as_json_fields() -> None:
    assert at(12, 5, code=Code.NO_PURPOSE).as_json() == {
        "path": "p.yaml",
        "line": 12,
        "column": 5,
        "severity": "warning",
        "code": "no-purpose",
        "message": "m",
    }


def test_a_seal_key_in_a_policy_is_not_repeated_in_the_message() -> None:
    line = "    seal: cookiewarden-key-1:CANARY_-CANARY"
    told = render_caret(Problem(Code.KEY_IN_POLICY, Place("p.yaml", Pos(1, 5)), "no", line))
    assert "CANARY" not in told and "cookiewarden-key-1:…" in told


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "error", "0 errors"),
        (1, "cookie", "1 cookie"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "family", "2 families"),
        (1, "day", "1 day"),
        (2, "day", "2 days"),
        (2, "key", "2 keys"),
        (2, "survey", "2 surveys"),
        (2, "policy", "2 policies"),
        (2, "match", "2 matches"),
        (2, "hash", "2 hashes"),
        (2, "address", "2 addresses"),
        (2, "suffix", "2 suffixes"),
        (2, "path", "2 paths"),
    ],
)
def test_a_number_has_its_noun_in_the_right_form(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text
