"""YAML 1.2 core scalars, positions, and exact texts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.policy.problem import Code, Pos, render_line
from cookiewarden.core.policy.source import parse_source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("y", "y"), ("true", True), ("FALSE", False), ("tRue", "tRue"),
        ("~", None), ("null", None), ("", None), ("1", 1), ("007", 7), ("0o17", 15), ("0x1F", 31), ("-3", -3), ("+3", 3),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1_000", "1_000"), ("12:30", "12:30"), ("2026-12-31", "2026-12-31"),
        ("'1'", "1"), ('"true"', "true"), ("9" * 500, "9" * 500), ("é", "é"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    source = parse_source("p.yaml", f"a: {text}\n".encode())
    assert source.problems == []
    assert source.data == {"a": value} and type(source.data["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "told"),
    [
        ("a: b: c", 1, 5, 'unexpected ":"'), ("a:\n  b: 1\n c: 2", 3, 2, "correct its indentation"), ("a:\n  - 1\n  b", 4, 1, "a key has no colon"),
        ("a: [1, 2", 2, 1, "[ ] is not closed"), ("a: {b: 1", 2, 1, "{ } is not closed"), ("\ta: 1", 1, 1, "indent with spaces instead of tabs"), ("a: @x", 1, 4, "begins with @"),
        ("a: 'x\nb: c\n", 1, 4, "a quoted text is not closed"), ('a: "\\q"', 1, 5, "begins an escape"), ("- *", 1, 4, 'as in "*_id"'), ("a: *_ga", 1, 4, "quote a name that begins with *"),
        ("a: - b", 1, 4, "write it on a new line below its key"), ("a: 1\n...\nb", 3, 1, "a policy is one document"), ("a: |\n\tb\n  c", 2, 1, "a tab is not allowed here"),
        ("a: }", 1, 4, "quote it"), ("- a\nb: 1", 2, 1, "begin it with -"), ("%YAML 3.0\na: b", 1, 1, "remove the %YAML line"), ("a: !<x", 1, 7, "which is not allowed"),
    ],
)  # fmt: skip
def test_a_yaml_error_is_reported_with_its_place_and_a_fix(text: str, line: int, column: int, told: str) -> None:
    (problem,) = parse_source("p.yaml", text.encode()).problems
    assert (problem.place.pos, told in problem.message) == (Pos(line, column), True), problem
    assert not re.search("while|did not|could not", problem.message)


def test_every_key_and_value_has_its_place_and_unquoted_numbers_their_text() -> None:
    source = parse_source("p.yaml", b"\xef\xbb\xbfa:\n  - b: 007\n    c: [x, \xc3\xa9, y]\n")
    assert source.key_pos(("a", 0, "c")) == Pos(3, 5)
    assert source.value_pos(("a", 0, "c", 2)) == Pos(3, 15)
    assert source.text(("a", 0, "b")) == "007"
    assert source.text(("a", 0, "c")) is source.text(("a", 1, "b")) is None
    assert source.value_pos(("a", 0, "c", 9, "z")) == Pos(3, 8)
    assert source.line(Pos(99)) == ""


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    source = parse_source("p.yaml", raw)
    assert source.problems or source.data is None or source.data is not None


@given(st.text(alphabet="ab:-[]{},*&!?#|>'\"% \n\t\\", max_size=60))
def test_no_yaml_raises(text: str) -> None:
    for problem in parse_source("p.yaml", text.encode()).problems:
        assert problem.place.pos.line >= 1 and problem.place.pos.column >= 1


@pytest.mark.parametrize(
    ("text", "data", "messages"),
    [
        ("a: 1\na: {b: [1, {c: 2}]}\nd: 3\n", {"a": 1, "d": 3}, ['duplicate key "a", first given on line 1; remove one of them']),
        ("a: 1\na: " + "[" * 99, None, ['duplicate key "a", first given on line 1; remove one of them', "more than 32 levels of nesting; remove levels"]),
        ("[" * 100_000, None, ["more than 32 levels of nesting; remove levels"]),
        ("{" * 100_000, None, ["a list or a mapping is not a valid key; use text", "more than 32 levels of nesting; remove levels"]),
    ],
)  # fmt: skip
def test_dropped_values_are_skipped_and_too_much_depth_ends_the_reading(
    text: str, data: object, messages: list[str]
) -> None:
    source = parse_source("p.yaml", text.encode())
    assert (source.data, [problem.message for problem in source.problems]) == (data, messages)


@pytest.mark.parametrize("text", ["# éé\x01", "# éé\x01zzzzzz\n", "a: 1\n# éé\x01 é"])
def test_a_character_that_is_not_allowed_has_its_place_in_characters(text: str) -> None:
    (problem,) = parse_source("p.yaml", text.encode()).problems
    assert "U+0001" in problem.message
    at = text.index("\x01")
    assert problem.place.pos == Pos(text[:at].count("\n") + 1, at - text.rfind("\n", 0, at))


@pytest.mark.parametrize(
    ("text", "count", "last"),
    [
        ("version: 1\npolicy: x\ncookies:\n" + "- *a\n" * 1003, 1001, "1004:3: error: 3 more problems not listed"),
        ("a: [" + "*a, " * 1001 + "!x 1]\n", 1001, "1:4005: error: 2 more problems not listed"),
        ("- *a\n" * 1001 + "[" * 200, 1002, "more problem"),
    ],
)  # fmt: skip
def test_thousands_of_problems_are_counted_and_not_kept(text: str, count: int, last: str) -> None:
    source = parse_source("p.yaml", text.encode())
    told = [render_line(problem) for problem in source.problems]
    assert len(told) == count and any(last in line for line in told[-2:]), told[-2:]


def test_a_quoted_merge_key_is_a_key() -> None:
    source = parse_source("p.yaml", b"\"<<\": x\n'<<': y\n")
    assert source.data == {"<<": "x"} and [problem.code for problem in source.problems] == [Code.DUPLICATE_KEY]


def test_a_cleared_source_has_no_data_and_no_places() -> None:
    source = parse_source("p.yaml", b"cookies: [a, {name: b}]\n")
    source.clear()
    assert (source.lines, source.data, source.members(("cookies",))) == ([], {"cookies": []}, None)
    assert source.key_pos(("cookies",)) == source.value_pos(()) == Pos()
