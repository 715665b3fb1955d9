"""Literals in scripts: strings, regular expressions, and the parts that a script computes."""

from typing import Any

import pytest

from cookiewarden.tools.lists.javascript import Expression, NotRead, Regex, literal, without_comments

COMPUTED = Expression()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # realistic
        ("{name: 'a', 'b-c': \"d\", 1: true, e: null,}", {"name": "a", "b-c": "d", "1": True, "e": None}),
        ("[/^_pk_.*$/, '/', 'x']", [Regex("^_pk_.*$", ""), "/", "x"]), ("[/a[/]b/gi]", [Regex("a[/]b", "gi")]),
        ("[`a\nb`, -1.5e2, 3]", ["a\nb", -150.0, 3.0]), ("['it\\'s', '\\x41\\u00e9\\u{1F36A}\\n']", ["it's", "Aé🍪\n"]),
        ("['\\ud83c\\udf6a', '\\ud83c']", ["🍪", "\ufffd"]), ("['a\\\nb']", ["ab"]), ("[]", []), ("{}", {}),
        # computed
        ("{a: f(1, ']'), b: 2}", {"a": COMPUTED, "b": 2.0}), ("['a' + b, 'c']", [COMPUTED, "c"]),
        ("{a: function (x) { return /}/.test(x) }, b: 2}", {"a": COMPUTED, "b": 2.0}),
        ("{a: (c) => { const d = `${c}}`; }, b: 2}", {"a": COMPUTED, "b": 2.0}), ("{a: 4 / 2, b: '/'}", {"a": COMPUTED, "b": "/"}),
        ("{a() { return '}' }, b: 2}", {"b": 2.0}), ("{...rest, b: 2}", {"b": 2.0}), ("{[k]: 1, b: 2}", {"b": 2.0}),
        ("{a, b: 2}", {"b": 2.0}), ("[window.location.hostname, 1]", [COMPUTED, 1.0]), ("[,1]", [None, 1.0]),
        ("{a: async () => ({x: [1]}), 'b': [{}]}", {"a": COMPUTED, "b": [{}]}), ("{a: x ? /,/ : 'b,', c: 1}", {"a": COMPUTED, "c": 1.0}),
    ],
)  # fmt: skip
def test_literals_are_read_and_expressions_are_not(text: str, value: Any) -> None:
    assert literal(text, 0) == (value, len(text))


def test_a_regular_expression_that_is_too_long_is_not_one() -> None:
    assert literal(f"[/{'a' * 298}/]", 0)[0] == [Regex("a" * 298, "")]
    assert literal(f"[/{'a' * 299}/]", 0)[0] == [COMPUTED]


@pytest.mark.parametrize("text", ["[", "{a: 1", "[1 2", "{a: f(", "{a: ')', b: (", "[`${", "[" * 80, "{a: [}"])
def test_text_that_is_not_a_literal_is_not_read(text: str) -> None:
    with pytest.raises(NotRead):
        literal(text, 0)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a // b\nc", "a     \nc"), ("a /* b\n */ c", "a     \n    c"), ("'// a' /* b", "'// a'     "),
        ("[/\\/*a/, 1] // x", "[/\\/*a/, 1]     "), ("4 / 2 / 1", "4 / 2 / 1"), ("`/* a */`", "`/* a */`"), ("return /'/ // x", "return /'/     "),
    ],
)  # fmt: skip
def test_comments_become_blanks(text: str, bare: str) -> None:
    assert without_comments(text) == bare
