"""Drafts that `check` accepts for any input."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Severity
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed, declared
from cookiewarden.tools.learn.learn import draft, new_policy
from tests.support.policies import loaded

NOW = 1_780_000_000.0
HEAD = "version: 1\ncookies:\n"


def errors(text: str) -> list[str]:
    return [p.message for p in loaded(text).problems if p.code.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("entries", "left"),
    [
        (["  - name: a\n", "  - name: b\n"], 2),
        (["  - name: a\n    lifetime: 1d\n\n", "  - name: a\n    lifetime: 2d\n"], 1),
        (["  - name: 'a*b*c'\n", "  - name: 'a*d*c'\n", "  - name: 'a*e*c'\n    # note\n    secure: true\n"], 1),
        (['  - name: "a;b"\n'], 0), (["  - name: a\n    lifetime: 1m\n"], 0), ([], 0),
    ],
)  # fmt: skip
def test_entries_that_would_be_errors_are_comments_with_the_reason(entries: list[str], left: int) -> None:
    found = accepted(HEAD, [DraftedEntry(text) for text in entries])
    assert errors(composed(HEAD, found)) == [] and declared(found) == left
    assert composed(HEAD, found).count("# left out: ") == len(entries) - left


def test_comments_above_an_entry_that_is_left_out_stay() -> None:
    entries = [
        DraftedEntry('  - name: "a;b"\n\n', above="  # line 3\n"),
        DraftedEntry("  # a*: by hand\n", False),
    ]
    first, second = accepted(HEAD, entries)
    assert first.text.startswith("  # line 3\n  # left out: ") and first.text.endswith('  # - name: "a;b"\n\n')
    assert second == entries[1]


def test_errors_above_the_entries_are_not_attributed_to_them() -> None:
    entries = [DraftedEntry("  - name: a\n")]
    assert accepted("version: 2\ncookies:\n", entries) == entries


NAMES = st.one_of(
    st.binary(min_size=1, max_size=8).filter(lambda name: not set(name) & set(b";=\0\r\n")),
    st.sampled_from([b"_ga_*", b"_ga_AB12CD34", b"_ga_EF56GH78", b"*", b"a*b*c", b"a*d*c", b"true", b"a\x01b", b"c\xffd", b"e\xc2\x85f", b"\xef\xbb\xbf", b"#", b"- a", b" "]),
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(NAMES, max_size=8), st.lists(NAMES, max_size=4))
def test_a_draft_of_any_traffic_is_a_policy(set_there: list[bytes], sent: list[bytes]) -> None:
    inventory, engine = Inventory(NOW), Engine(Policy("draft", ()))
    answered = [(b"Set-Cookie", name + b"=1; Path=/") for name in set_there]
    asked = [(b"Cookie", b"; ".join(name + b"=1" for name in sent))] if sent else []
    add_exchange(Keeper(inventory), engine, Exchange(b"shop.example", b"/"), asked, answered, NOW)
    made = draft(inventory, judge_all(inventory, engine, NOW), engine.policy, None, NOW)
    assert errors(new_policy("x", made)) == []
