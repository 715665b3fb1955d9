"""Entries that claim the same cookie."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded

SCOPED = "name: sid, scope: {{hosts: [{}], paths: [{}]}}"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["name: sid", "name: sid"], [Code.DUPLICATE_ENTRY]),
        (["name: sid", "name: SID"], []),
        ([SCOPED.format("a.example", "/"), "name: sid"], []),
        (
            [SCOPED.format("a.example, b.example", "/"), SCOPED.format("b.example, a.example", "/")],
            [Code.DUPLICATE_ENTRY],
        ),
        (
            [SCOPED.format("a.example, b.example", "/"), SCOPED.format("b.example, c.example", "/")],
            [Code.DUPLICATE_ENTRY],
        ),
        ([SCOPED.format("a.example", "/a"), SCOPED.format("a.example", "/b")], []),
        (["name: gat-*-x", "name: gat-*b*-x"], [Code.AMBIGUOUS_GLOB]),
        (["name: gat-*-x", "name: gat-*-y"], []),
        (["name: ab*"], [Code.GLOB_TOO_BROAD]),
        (["name: abc*"], []),
    ],
)
def test_two_entries_never_claim_one_cookie(lines: list[str], codes: list[Code]) -> None:
    found = [p.code for p in loaded(entries(*lines)).problems]
    here = (Code.DUPLICATE_ENTRY, Code.AMBIGUOUS_GLOB, Code.GLOB_TOO_BROAD)
    assert [code for code in found if code in here] == codes


def test_two_included_files_declare_no_cookie_twice_and_the_main_file_overlays() -> None:
    text = "include: [v.yaml, w.yaml]\ncookies: [{name: sid}]"
    (problem,) = [
        p
        for p in loaded(text, v_yaml="cookies: [{name: sid}]", w_yaml="cookies: [{name: sid}]").problems
        if p.code is Code.DUPLICATE_ENTRY
    ]
    assert (problem.place.path, "at v.yaml:1:12" in problem.message) == ("w.yaml", True)
