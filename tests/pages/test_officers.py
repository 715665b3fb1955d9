"""Rows for officers' tools: columns, claims in each mode, languages, and cells that spreadsheets do not execute."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report.statement import statement
from cookiewarden.pages.officers import COLUMNS, OFFICERS, for_officers
from cookiewarden.pages.record_words import RECORD_WORDS
from cookiewarden.pages.words import WORDS
from tests.support.policies import entries, policy

NOW = 1_780_000_000.0
HEAD = (
    "statement: {edited: 2026-06-01, languages: [en, nl], publisher: Shop Ltd, title: {en: Shop, nl: Winkel}, contact: Call us}\n"
    "categories:\n  needed: {title: {en: Needed, nl: Nodig}, basis: {en: to log in, nl: om in te loggen}}\n"
    "  ads: {title: {en: Ads, nl: Reclame}, consent: required, granted_by: [ads]}\n"
    "consent: {cookie: choice, format: list}\n"
)
TEXT = HEAD + entries(
    "name: sid, category: needed, lifetime: session, purpose: {en: The session., nl: De sessie.}, http_only: true, same_site: {at_least: Lax}, rename_to: __Host-sid",
    "name: choice, category: needed, lifetime: 30d, purpose: x, set_by: both, secure: true",
    "name: _fbp, category: ads, lifetime: 90d, purpose: Adverts, set_by: script, party: Meta",
    "name: old*, category: needed, lifetime: 2h, purpose: x, scope: {hosts: [a.example, b.example]}, until: 2026-12-31, renewed: at visits, stage: report, seal: true",
    "name: free, category: needed",
)  # fmt: skip


def made(form: str, text: str = TEXT, language: str = "en", mode: Mode = Mode.ENFORCE) -> str:
    return for_officers(statement(policy(text), language, mode, NOW), form)


def rows(form: str, *arguments: Any, **keys: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(form, *arguments, **keys), newline="")))


def column(found: list[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in found]


def test_csv_has_one_row_for_each_cookie_with_stable_columns() -> None:
    found = rows("csv")
    assert tuple(found[0]) == COLUMNS == (
        "policy", "sha256", "category", "category_title", "consent", "basis", "name", "purpose", "lifetime", "lifetime_seconds",
        "lifetime_enforced", "renewed", "set_by", "party", "hosts", "until", "attributes", "entry_enforced", "list_enforced",
        "extended_by_visits",
    )  # fmt: skip
    assert column(found, "name") == ["__Host-sid", "choice", "old*", "free", "_fbp"]
    assert column(found, "lifetime") == ["until you close the browser", "30 days", "2 hours", "", "90 days"]
    assert column(found, "lifetime_seconds") == ["0", "2592000", "7200", "", "7776000"]
    assert column(found, "consent") == ["exempt"] * 4 + ["required"]
    assert column(found, "basis") == ["to log in"] * 4 + [""]
    assert column(found, "attributes") == ["HttpOnly; SameSite=Lax or Strict", "Secure", "sealed", "", ""]
    assert [found[2][key] for key in ("hosts", "until", "renewed")] == [
        "a.example b.example",
        "2026-12-31",
        "at visits",
    ]
    bare = rows("csv", entries("name: sid"))[0]
    assert [bare[key] for key in ("category", "category_title", "consent")] == ["", "", ""]
    objected = TEXT.replace("consent: required, ", "consent: opt-out, basis: x, ")
    assert [(row["consent"], row["basis"]) for row in rows("csv", objected)][4] == ("opt-out", "")


UNSTAGED = TEXT.replace("stage: report, ", "")


@pytest.mark.parametrize(
    ("text", "mode", "lifetimes", "listed", "whole"),
    [
        (TEXT, Mode.ENFORCE, ["yes", "partly", "no", "", "no"], ["yes", "yes", "no", "yes", "yes"], "no"),
        (UNSTAGED, Mode.ENFORCE, ["yes", "partly", "yes", "", "no"], ["yes"] * 5, "yes"),
        (TEXT, Mode.REPORT, ["no", "no", "no", "", "no"], ["no"] * 5, "no"),
        ("undeclared: {response: pass}\n" + UNSTAGED, Mode.ENFORCE, ["yes", "partly", "yes", "", "no"], ["yes"] * 5, "no"),
    ],
)  # fmt: skip
def test_csv_claims_enforcement_only_where_it_is_enforced(
    text: str, mode: Mode, lifetimes: list[str], listed: list[str], whole: str
) -> None:
    found = rows("csv", text, mode=mode)
    assert column(found, "lifetime_enforced") == lifetimes and column(found, "entry_enforced") == listed
    assert set(column(found, "list_enforced")) == {whole}


def test_the_lifetime_is_limited_by_the_ceiling() -> None:
    assert column(rows("csv", "ceiling: 7d\n" + TEXT), "lifetime")[1:] == ["7 days", "2 hours", "7 days", "7 days"]


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("rule", "mode", "extends"),
    [
        ("", Mode.ENFORCE, "not prevented"),
        (", renew: false", Mode.ENFORCE, "no"),
        (", renew: false", Mode.REPORT, "not prevented"),
    ],
)
def test_a_lifetime_that_visits_do_not_extend_is_counted_from_the_first_time(
    rule: str, mode: Mode, extends: str, language: str
) -> None:
    text, words = entries(f"name: v, lifetime: 1d, purpose: x{rule}"), RECORD_WORDS[language]
    assert column(rows("csv", text, language, mode), "extended_by_visits") == [extends]
    (row,) = rows("ropa", text, language, mode)
    assert (words.first_set in str(row)) == (extends == "no")
    assert (words.last_set in str(row)) == (extends != "no" and mode is Mode.ENFORCE)


KEPT = "(f) Time limits for erasure"
MEASURES = "(g) Technical and organisational security measures"


def test_a_record_has_the_content_of_article_30_and_marks_unknown_cells() -> None:
    found = rows("ropa")
    assert list(found[0]) == list(RECORD_WORDS["en"].heads)
    assert list(found[4].values())[:8] == [
        "_fbp", "Ads", "to be completed; publisher of the cookie statement: Shop Ltd; contact in the cookie statement: Call us", "Adverts",
        "to be completed", "to be completed", "to be completed; company of the cookie: Meta", "to be completed",
    ]  # fmt: skip
    assert column(found, KEPT) == [
        "in the browser: until the browser closes; enforced by the proxy",
        "in the browser: 30 days; counted from the last time that the application set the cookie; enforced when the application sets the cookie, and not when a script sets it",
        "in the browser: 2 hours; declared, not enforced; renewed: at visits", "no period stated", "in the browser: 90 days; declared, not enforced",
    ]  # fmt: skip
    assert column(found, MEASURES) == [
        "The proxy enforces: HttpOnly, SameSite=Lax or Strict", "The proxy enforces when the application sets the cookie: Secure",
        "Declared, not enforced: encrypted value", "to be completed", "to be completed",
    ]  # fmt: skip
    assert found[3]["(b) Purposes of the processing"] == "to be completed" and found[0]["Source"].startswith("policy ")
    bare = rows("ropa", entries("name: sid"))[0]
    assert (bare["(a) Controller: name and contact details"], bare["Category"]) == ("to be completed", "")


@pytest.mark.parametrize("form", OFFICERS)
@pytest.mark.parametrize("language", WORDS)
def test_report_mode_claims_no_enforcement(form: str, language: str) -> None:
    text = made(form, language=language, mode=Mode.REPORT)
    words = RECORD_WORDS[language]
    for claim in (
        words.enforced,
        words.partly,
        words.last_set,
        words.required.split(":")[0],
        words.required_partly.split(":")[0],
    ):
        assert claim not in text


def test_both_languages_are_written() -> None:
    found = rows("ropa", language="nl-BE")
    assert list(found[0]) == list(RECORD_WORDS["nl"].heads)
    assert list(found[1].values())[1] == "Nodig" and "30 dagen" in list(found[1].values())[8]
    assert rows("csv", language="nl")[0]["purpose"] == "De sessie."
    with pytest.raises(ValueError, match='"de" is not a supported language'):
        made("csv", language="de")


def test_the_auditing_tool_gets_a_knowledge_base() -> None:
    base = json.loads(made("wat"))
    knowledges = base.pop("knowledges")
    assert base == {"name": "Shop", "author": "Shop Ltd", "category": "cookie", "trustLevel": "undefined", "used": True}
    keys = ["domain", "name", "category", "source", "controller", "date", "policy", "reference", "comment"]
    assert all(list(item) == keys and all(isinstance(value, str) for value in item.values()) for item in knowledges)
    assert [(item["domain"], item["name"], item["category"], item["controller"]) for item in knowledges] == [
        ("*", "__Host-sid", "Needed", "?"), ("*", "choice", "Needed", "?"), ("a.example", "old*", "Needed", "?"),
        ("b.example", "old*", "Needed", "?"), ("*", "free", "Needed", "?"), ("*", "_fbp", "Ads", "Meta"),
    ]  # fmt: skip
    assert knowledges[0]["date"] == "01/06/2026"
    assert knowledges[0]["comment"] == "The session; in the browser: until the browser closes; enforced by the proxy"
    bare = json.loads(made("wat", entries("name: a")))
    assert (bare["knowledges"][0]["date"], bare["knowledges"][0]["category"], bare["author"]) == ("", "?", "")


@pytest.mark.parametrize(
    ("purpose", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(1)", "'@SUM(1)"), ("\\t=1", "'=1"), ("\\r=1", "'=1"),
        ("\uff1d1", "'\uff1d1"), ("a=1", "a=1"), ("a\\nb", "a b"), ('a\\",\\"=1', 'a","=1'), ("\\x1b[1m", "[1m"), ("\\u202ea", "a"), ("\\x1b=1", "'=1"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(purpose: str, cell: str) -> None:
    text = f'version: 1\ncookies:\n  - name: -a\n    purpose: "{purpose}"\n'
    assert [(row["name"], row["purpose"]) for row in rows("csv", text)] == [("'-a", cell)]
    assert rows("ropa", text)[0]["Cookie"] == "'-a"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=12), st.sampled_from(["csv", "ropa"]))
def test_every_text_stays_in_its_cell(said: str, form: str) -> None:
    document = statement(policy(entries("name: a, purpose: x", "name: b, purpose: y")), "en", Mode.ENFORCE, NOW)
    cookies = document.categories[0].cookies
    for cookie in cookies:
        object.__setattr__(cookie, "purpose", said)
    table = list(csv.reader(io.StringIO(for_officers(document, form), newline=""), strict=True))
    assert len(table) == 3 and {len(row) for row in table} == {len(table[0])}
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for row in table for cell in row if cell)


def test_the_languages_of_the_page_are_supported() -> None:
    assert RECORD_WORDS.keys() == WORDS.keys()
    assert len({len(words.heads) for words in RECORD_WORDS.values()}) == 1
