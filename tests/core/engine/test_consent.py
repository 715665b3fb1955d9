"""Consent cookies as consent managers write them, and their meaning for a category.

Sources of the forms:

- OneTrust's groups: the documentation of sites that read OptanonConsent.
- Cookiebot's object, 0 and -1: its developers' pages on server-side use.
- Klaro: its source; the default storage writes JSON, percent-encoded.
- The TC string: IAB Europe's specification, and GDPR::IAB::TCFv2, whose documentation explains its example.
- vanilla-cookieconsent's `categories` (version 3) and `level` (version 2): its documentation.
- How frameworks write each of them: tests/data/consent/frameworks.json, with the library's call or documentation.
"""

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.engine.consent import (
    MAX_ANSWERS,
    MAX_VALUE,
    NOTHING,
    Denied,
    denied,
    denied_after,
    granted,
    stricter,
)
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.formats.structures import MAX_OPENED
from cookiewarden.core.policy.policy import Category, Consent, ConsentFormat, ConsentNeed, Gpc
from tests.support.answers import FRAMEWORKS, READ, WRITTEN


@pytest.mark.parametrize(("form", "value", "words"), READ)
def test_a_consent_cookie_is_read_as_its_manager_writes_it_or_not_at_all(
    form: str, value: str, words: set[str] | None
) -> None:
    assert granted(ConsentFormat(form), [value.encode()]) == words


@pytest.mark.parametrize(("writer", "form", "value", "words"), WRITTEN)
def test_a_consent_cookie_is_read_as_frameworks_write_it(
    writer: str, form: str, value: str, words: set[str] | None
) -> None:
    assert granted(ConsentFormat(form), [value.encode()]) == words


def test_the_table_of_frameworks_has_every_format_and_names_its_sources() -> None:
    assert len(FRAMEWORKS["writers"]) >= 12 and all(each["source"] for each in FRAMEWORKS["writers"])
    assert {form for _, form, _, words in WRITTEN if words} == {form.value for form in ConsentFormat}


@pytest.mark.parametrize("kind", FRAMEWORKS["answers"])
def test_this_pythons_cookie_writer_writes_as_the_one_in_the_table(kind: str) -> None:
    cookie: SimpleCookie = SimpleCookie()
    cookie["c"] = FRAMEWORKS["answers"][kind]
    assert cookie["c"].coded_value == FRAMEWORKS["writers"][0]["written"][kind]


@pytest.mark.parametrize("form", ConsentFormat)
@pytest.mark.parametrize("value", [b"\xff\xfe", b"%ff", b"a" * 100_000, b" " * 20_000])
def test_an_undecodable_or_too_long_value_is_unknown(form: ConsentFormat, value: bytes) -> None:
    assert granted(form, [value]) is None


@pytest.mark.parametrize(("over", "words"), [(0, {"m"}), (1, None)])
def test_a_value_is_read_up_to_its_limit(over: int, words: set[str] | None) -> None:
    value = b"m" + b"," * (MAX_VALUE - 1 + over)
    assert granted(ConsentFormat.LIST, [value]) == words


@pytest.mark.parametrize(("over", "words"), [(0, {"m"}), (1, None)])
def test_json_is_read_up_to_so_many_lists_and_objects(over: int, words: set[str] | None) -> None:
    others = b",".join([b"[]", b"{}"] * (MAX_OPENED // 2 - 1) + [b"[]"] * over)
    value = b'{"categories": ["m"], "x": 0, "y": 1' + b"".join(b', "n%d": %b' % (n, x) for n, x in enumerate(others.split(b","))) + b"}"  # fmt: skip
    assert value.count(b"[") + value.count(b"{") == MAX_OPENED + over
    assert granted(ConsentFormat.JSON, [value]) == words


@given(st.sampled_from(ConsentFormat), st.binary(max_size=200))
def test_no_value_makes_reading_fail(form: ConsentFormat, value: bytes) -> None:
    words = granted(form, [value])
    assert words is None or all(isinstance(word, str) for word in words)


def test_two_values_that_disagree_are_unknown_and_two_that_agree_are_one() -> None:
    assert granted(ConsentFormat.LIST, [b"a,b", b"b|a"]) == {"a", "b"}
    assert granted(ConsentFormat.LIST, [b"a", b"b"]) is None
    assert granted(ConsentFormat.LIST, [b"a", b"{}"]) is None
    assert granted(ConsentFormat.LIST, []) is None


NO, GPC = Reason.NO_CONSENT, Reason.GPC
GATES = [
    # gpc, words, unknown grants, Sec-GPC, reason of a denial
    (Gpc.IGNORE, "a,b", False, False, None),
    (Gpc.IGNORE, "a,b", False, True, None),
    (Gpc.IGNORE, "a", False, False, NO),  # all of granted_by
    (Gpc.IGNORE, "", False, True, NO),
    (Gpc.IGNORE, None, False, False, NO),
    (Gpc.IGNORE, None, True, True, None),
    (Gpc.DENY, "a,b", False, False, None),
    (Gpc.DENY, "a,b", False, True, GPC),
    (Gpc.DENY, None, True, True, GPC),
    (Gpc.DEFAULT, "a,b", False, True, None),
    (Gpc.DEFAULT, "", False, True, NO),
    (Gpc.DEFAULT, None, True, True, GPC),
    (Gpc.DEFAULT, None, True, False, None),
]


@pytest.mark.parametrize(("gpc", "words", "unknown_grants", "header", "reason"), GATES)
def test_a_gate_needs_all_its_words_and_gpc_closes_it_where_the_policy_asks(
    gpc: Gpc, words: str | None, unknown_grants: bool, header: bool, reason: Reason | None
) -> None:
    gate = Category("x", {}, ConsentNeed.REQUIRED, frozenset("ab"), gpc)
    consent = Consent("c", ConsentFormat.LIST, unknown_grants, (gate,))
    values = [] if words is None else [words.encode()]
    assert denied(consent, values, header) == ({("x", reason)} if reason else NOTHING)


OBJECTIONS = [
    # gpc of the category, its unknown, values of the consent cookie, Sec-GPC: 1, reason
    (Gpc.IGNORE, None, [], False, None),
    (Gpc.IGNORE, None, [], True, None),
    (Gpc.IGNORE, True, [b"a,b"], True, None),
    (Gpc.IGNORE, True, [b"a"], False, Reason.OBJECTED),
    (Gpc.IGNORE, True, [b""], False, Reason.OBJECTED),
    (Gpc.IGNORE, True, [b"{"], False, None),
    (Gpc.IGNORE, False, [b"{"], False, Reason.CONSENT_UNREADABLE),
    (Gpc.IGNORE, False, [b"a,b", b"a,b,c"], False, Reason.CONSENT_UNREADABLE),
    (Gpc.IGNORE, True, [b"a,b", b"a"], False, Reason.OBJECTED),
    (Gpc.IGNORE, True, [b"{", b"a"], False, Reason.OBJECTED),
    (Gpc.IGNORE, True, [b"{", b"a,b"], False, None),
    (Gpc.IGNORE, False, [], False, NO),
    (Gpc.DENY, True, [], True, GPC),
    (Gpc.DENY, True, [b"a,b"], True, GPC),
    (Gpc.DEFAULT, True, [], True, GPC),
    (Gpc.DEFAULT, True, [b"a,b"], True, None),
    (Gpc.DEFAULT, True, [b"a"], True, Reason.OBJECTED),
]


@pytest.mark.parametrize(("gpc", "unknown", "values", "header", "reason"), OBJECTIONS)
def test_an_opt_out_category_passes_until_the_visitor_objects(
    gpc: Gpc, unknown: bool | None, values: list[bytes], header: bool, reason: Reason | None
) -> None:
    gate = Category("x", {}, ConsentNeed.OPT_OUT, frozenset("ab"), gpc, unknown)
    assert denied(Consent("c", ConsentFormat.LIST, gates=(gate,)), values, header) == (
        {("x", reason)} if reason else NOTHING
    )


def test_of_two_states_the_stricter_counts() -> None:
    one: Denied = frozenset({("x", NO)})
    other: Denied = frozenset({("x", GPC), ("y", GPC)})
    assert stricter(one, other) == {("x", NO), ("y", GPC)}
    assert stricter(NOTHING, one) == one


@pytest.mark.parametrize(("over", "expected"), [(0, {"c"}), (1, {"c", "o"})])
def test_more_different_answers_than_are_read_count_as_an_objection(over: int, expected: set[str]) -> None:
    gates = (
        Category("c", consent=ConsentNeed.REQUIRED, granted_by=frozenset({"m"})),
        Category("o", consent=ConsentNeed.OPT_OUT, granted_by=frozenset({"m"})),
    )
    asked = Consent("answer", ConsentFormat.LIST, gates=gates)
    values = [b"m,%d" % number for number in range(MAX_ANSWERS + over)]
    assert {category for category, _ in denied(asked, [*values, *values], gpc=False)} == expected
    assert {category for category, _ in denied_after(asked, values, False, gpc=False)} == (
        {"c", "o"} if over else set()
    )
