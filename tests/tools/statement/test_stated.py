"""A published statement against a policy, and a policy drafted from one."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.policy.problem import Code, Severity
from cookiewarden.files import PolicyFiles
from cookiewarden.tools.statement.lines import NoStatement
from cookiewarden.tools.statement.published import read_page
from cookiewarden.tools.statement.stated import StatementFindingKind, compare, draft
from tests.support.conformance import CONFORMANCE
from tests.support.policies import entries, loaded, policy

NOW = 1_780_000_000.0
PAGE = "Last edit: 2026-01-02\n\n# Cookies\n\n| Name | Purpose | Kept for |\n|---|---|---|\n| sid | The session. | session |\n| _ga | Statistics. | 2 years |\n"
CARERIX = CONFORMANCE.parent / "statement" / "carerix-5-privacy-statement.txt"
POLICIES = Path(__file__).parents[3] / "policies"


def differences(text: str, page: str = PAGE) -> list[tuple[StatementFindingKind, str, int]]:
    found = compare(read_page(page.encode()), policy(text), NOW)
    return [(f.kind, f.name, f.line) for f in found if f.kind is not StatementFindingKind.WORDING]


SID, GA = (
    "name: sid, lifetime: session, purpose: The session.",
    "name: _ga, lifetime: 2y, purpose: Statistics.",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (entries(SID, GA), []),
        (entries(SID, GA.replace("2y", "24mo")), []),
        (entries(SID, GA.replace("_ga", "_g*")), []),
        (entries(SID), [(StatementFindingKind.UNDECLARED, "_ga", 8)]),
        (entries(SID, GA, "name: more"), [(StatementFindingKind.UNSTATED, "more", 0)]),
        (entries(SID, GA.replace("2y", "1y")), [(StatementFindingKind.LIFETIME, "_ga", 8)]),
        ("ceiling: 1y\n" + entries(SID, GA), [(StatementFindingKind.LIFETIME, "_ga", 8)]),
        (entries(SID.replace("session,", "1h,"), GA), [(StatementFindingKind.LIFETIME, "sid", 7)]),
        (entries("name: sid, purpose: The session.", GA), [(StatementFindingKind.LIFETIME, "sid", 7)]),
        ("statement: {edited: 2026-01-02}\n" + entries(SID, GA), []),
        ("statement: {edited: 2026-01-03}\n" + entries(SID, GA), [(StatementFindingKind.EDITED, "", 0)]),
        (entries(SID, GA, "name: old, until: 2020-01-01"), []),
        (entries(SID, GA, "name: AWSALB, set_by: infrastructure"), []),
        (entries(SID + ", rename_to: __Host-sid", GA), []),
    ],
)  # fmt: skip
def test_differences_of_page_and_policy_are_reported(
    text: str, found: list[tuple[StatementFindingKind, str, int]]
) -> None:
    assert differences(text) == found


def test_a_lifetime_that_the_policy_calls_stated_must_be_on_the_page() -> None:
    page = PAGE.replace("2 years", "")
    assert differences(entries(SID, GA), page) == []
    assert differences(entries(SID, GA + ", lifetime_source: stated"), page) == [
        (StatementFindingKind.NO_LIFETIME, "_ga", 8)
    ]


def test_nearly_equal_names_are_reported() -> None:
    found = compare(read_page(b"* _GA: x"), policy(entries("name: _ga")), NOW)
    assert [(f.kind, f.told.partition("; ")[2]) for f in found] == [
        (StatementFindingKind.UNDECLARED, 'the policy has "_ga", and names are case-sensitive'),
        (StatementFindingKind.UNSTATED, 'the page has "_GA"'),
    ]


def test_names_in_running_text_are_marked() -> None:
    found = compare(read_page(b"We also use more (1 day).\n\n* sid_1: x"), policy(entries("name: more", "name: sid_1", "name: mor")), NOW)  # fmt: skip
    told = {f.name: f.told for f in found if f.kind is StatementFindingKind.UNSTATED}
    assert told["more"].endswith("only outside of lists and tables, which cannot be compared")
    assert told["mor"] == "declared, but not on the page"


def test_differently_worded_purposes_are_reported_and_distinguished() -> None:
    found = compare(read_page(PAGE.encode()), policy(entries(SID.replace("The session", "the SESSION"), GA.replace("Statistics", "Numbers"))), NOW)  # fmt: skip
    assert [(f.kind, f.name) for f in found] == [(StatementFindingKind.WORDING, "_ga")]


def test_a_draft_is_a_policy_that_matches_the_page() -> None:
    text = draft(read_page(PAGE.encode()), "shop: 1")
    found = loaded(text)
    assert found.policy is not None and not differences(text)
    assert (found.policy.name, found.policy.mode.value, found.policy.statement.edited) == ("shop: 1", "report", "2026-01-02")  # fmt: skip
    assert [(e.name, e.category, e.lifetime_source) for e in found.policy.entries] == [
        ("sid", "group-1", "stated"),
        ("_ga", "group-1", "stated"),
    ]
    assert {p.code for p in found.problems} == {Code.NO_BASIS, Code.LIFETIME_OVER_400D}


@pytest.mark.parametrize(
    "page",
    [
        "* a_b: \"quoted\" 'text' # no comment: {x} [y] \\ \u202e\n* no_1: yes\n* x_%: - a",
        "## 2020\n\nWe use cookies:\n\n* on_1: x\n\n## 2020\n\nWe use cookies:\n\n* on_2: y",
        "<p>Cookies:</p><ul><li>a_<id>: &lt;b&gt; &#27;[31m</ul>",
        "Cookies that are used:\n\n* xxx: anything\n* a_1: x",
        "## Null\n\n* a_1: x\n\n## True\n\n* b_1: y\n\n## 1e3\n\n* c_1: z\n\n## null\n\n* d_1: z\n\n## 0x1f\n\n* e_1: y",
        "* a*b*c_: x\n* a*d*c_: y\n* _ga_*: z\n* _ga_[id]: z",
        "# a\n\n* a_1: x\n\n# a\n\n* b_1: x\n\n# a 2\n\n* c_1: x",
    ],
)
def test_a_draft_of_a_hostile_page_is_a_policy(page: str) -> None:
    text = draft(read_page(page.encode()), "\u202e")
    found = loaded(text)
    assert [p for p in found.problems if p.code.severity is Severity.ERROR] == []
    assert "\x1b" not in text and "\u202e" not in text


# The statement of Carerix


@pytest.fixture(scope="module")
def carerix() -> bytes:
    if not CARERIX.exists():
        pytest.skip("the Carerix statement is not beside this checkout")
    return CARERIX.read_bytes()


def test_all_17_cookies_of_the_carerix_statement_and_its_4_lifetimes_are_found(carerix: bytes) -> None:
    page = read_page(carerix)
    stated = {c.name: c.lifetime.text for c in page.claims if c.lifetime}
    assert len(page.claims) == 17 and page.edited == "2020-07-16"
    assert stated == {"_ga": "2y", "_gid": "24h", "intercom-id-*": "9mo", "intercom-session-*": "1w"}
    assert [c.group for c in page.claims].count(0) == 12 and len(page.groups) == 3


def test_the_carerix_policy_matches_the_statement(carerix: bytes) -> None:
    register = PolicyFiles(str(POLICIES / "carerix.yaml")).load().policy
    assert register is not None
    assert [f for f in compare(read_page(carerix), register, NOW) if f.kind is not StatementFindingKind.WORDING] == []


def test_a_draft_of_the_carerix_statement_declares_what_the_carerix_policy_does(carerix: bytes) -> None:
    register = PolicyFiles(str(POLICIES / "carerix.yaml")).load().policy
    drafted = loaded(draft(read_page(carerix), "carerix")).policy
    assert register is not None and drafted is not None
    assert {e.name for e in drafted.entries} == {e.name for e in register.entries}
    assert all(e.until == math.inf for e in drafted.entries)


# Any page

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
LINE = st.one_of(
    st.builds("* {}_: {}".format, TEXT, TEXT),
    st.builds("| {} | {} | {} |".format, TEXT, TEXT, st.sampled_from(["1 day", "session", "99999999 years", ""])),
    st.builds("<li><b>{}</b>: {}</li>".format, TEXT, TEXT),
    st.builds("# {}".format, TEXT),
    st.sampled_from(["", "We use cookies:", "| Name | Purpose | Kept for |", "<table><tr><td>a_b<td>c", "Last edit: 1 May 2020", "Name    Purpose    Kept for"]),
    TEXT,
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(LINE, max_size=12))
def test_a_draft_of_any_page_is_a_policy(lines: list[str]) -> None:
    try:
        page = read_page("\n".join(lines).encode())
    except NoStatement:
        return
    text = draft(page, "x")
    assert [p for p in loaded(text).problems if p.code.severity is Severity.ERROR] == [], text
