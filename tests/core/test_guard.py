"""The script guard: where its tag goes in a page, and what it is told of a policy."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.decision import Exchange
from cookiewarden.core.engine import Engine
from cookiewarden.core.guard import MAX_PROLOGUE, Injector, guard_rules
from cookiewarden.core.policy import Mode
from tests.policies_for_tests import entries, policy

TAG = b"<script src=x></script>"
PAGES = [
    # `|` stands where the tag goes
    "<!doctype html><html lang=en><head>|<title>x</title>",
    "<!DOCTYPE HTML>\n<HTML>\n<HEAD data-x='>'>|<script>1</script></HEAD>",
    '\ufeff<!-- a > b --> <!doctype html><html data-x="a>b"><head>|<meta charset=utf-8>',
    "<html>|<body>x",
    "<html>|<header>x</header>",
    "|<title>x</title>",
    "|plain text that says it is HTML",
    "|<!-->x",
    "<!doctype html>|",
    "|<!-- never ends",
    "<html><head>|",
    "|<script>document.cookie = 1</script><head>",
    "|<html a='>",
]


def injected(page: bytes, *cuts: int) -> bytes:
    injector = Injector(TAG)
    pieces = [page[begin:end] for begin, end in zip((0, *cuts), (*cuts, len(page)), strict=True)]
    return b"".join(map(injector.feed, pieces)) + injector.end()


@pytest.mark.parametrize("page", PAGES)
def test_the_tag_stands_before_everything_that_runs(page: str) -> None:
    text = page.replace("|", "").encode()
    expected = page.encode().replace(b"|", TAG)
    for size in (1, 2, 3, 7, 10_000):
        assert injected(text, *range(size, len(text), size)) == expected


@pytest.mark.parametrize(
    "page", [b"", "<html>".encode("utf-16"), "<html>".encode("utf-16-le"), "<html>".encode("utf-32")]
)
def test_what_ascii_would_spoil_and_what_is_empty_stay_as_they_are(page: bytes) -> None:
    assert injected(page) == page
    assert injected(page, *range(1, len(page))) == page


@given(
    st.one_of(st.binary(max_size=300), st.text("<>!-/ht mlead'\"", max_size=120).map(str.encode)),
    st.lists(st.integers(1, 300), max_size=6),
)
def test_however_a_page_is_cut_the_tag_is_all_that_comes_to_it(page: bytes, cuts: list[int]) -> None:
    got = injected(page, *sorted(cut for cut in set(cuts) if cut < len(page)))
    assert got == injected(page)
    assert got in (page, page[: (at := got.find(TAG))] + TAG + page[at:])


def test_a_beginning_without_end_is_held_only_so_long() -> None:
    injector = Injector(TAG)
    page = b"<!-- " + b"x" * (2 * MAX_PROLOGUE)
    assert injector.feed(page[:100]) == b""
    assert injector.feed(page[100:]) == TAG + page
    assert (injector.feed(b"more"), injector.end()) == (b"more", b"")


def test_the_script_is_told_entries_by_rank_and_gates_and_no_more() -> None:
    text = """
version: 1
mode: report
undeclared: {response: report}
consent: {cookie: answer, format: tcf, unknown: grant}
categories: {f: {basis: secret words}, a: {consent: required, granted_by: [8, 1], gpc: deny}}
cookies:
  - {name: x-*, category: a, stage: report, purpose: secret words}
  - {name: x-y*, category: f, scope: {hosts: ["*.shop.example"]}}
  - {name: answer, category: f}
  - {name: ended, category: f, until: 2001-01-01, owner: o, reason: r}
"""
    found = guard_rules(policy(text), Mode.REPORT, 1e9)
    assert found["entries"] == [
        ["answer", "", "f", True],
        ["x-y*", "*.shop.example", "f", True],
        ["x-*", "", "a", False],
    ]
    assert found["consent"] == {
        "cookie": "answer", "format": "tcf", "unknown": True, "gates": {"a": {"words": ["1", "8"], "gpc": "deny"}},
    }  # fmt: skip
    assert (found["undeclared"], found["enforce"]) == ("report", False)
    assert not re.search("secret", repr(found))
    assert guard_rules(policy(entries("name: a")), Mode.ENFORCE, 0)["consent"] is None


def test_what_a_script_wanted_to_set_is_judged_by_name() -> None:
    text = """
version: 1
consent: {cookie: answer}
categories: {f: {basis: needed}, a: {consent: required}}
cookies:
  - {name: answer, category: f}
  - {name: _ga, category: a}
  - {name: trial, category: a, stage: report}
  - {name: there, category: f, scope: {hosts: [other.example]}}
"""
    engine = Engine(policy(text))
    told = {}
    for name in (b"answer", b"_ga", b"trial", b"there", b"x", b""):
        decision = engine.on_script(name, engine.scope(Exchange()))
        told[name] = decision and ([reason.value for reason in decision.reasons], decision.enforced)
    assert told == {
        b"answer": None, b"_ga": (["no-consent"], True), b"trial": (["no-consent"], False),
        b"there": (["out-of-scope"], True), b"x": (["undeclared"], True), b"": (["undeclared"], True),
    }  # fmt: skip
    lenient = Engine(policy("undeclared: {response: pass}\ncookies: [{name: a}]"))
    assert lenient.on_script(b"x", lenient.scope(Exchange())) is None
