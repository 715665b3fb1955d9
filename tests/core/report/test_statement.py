"""The statement of a policy: its cookies, their texts and their language."""

import pytest

from cookiewarden.core.policy.policy import Mode, SetBy
from cookiewarden.core.report.statement import StatementDocument, in_language, statement
from tests.support.policies import entries, policy

NOW = 1_780_000_000.0


def stated(text: str, language: str = "en", mode: Mode = Mode.ENFORCE) -> StatementDocument:
    return statement(policy(text), language, mode, NOW)


def test_cookies_are_in_the_order_of_the_categories_and_of_the_file() -> None:
    found = stated(
        entries("name: c, category: b", "name: d", "name: a, category: a", "name: e, category: b", categories="{a: {basis: x}, b: {basis: y}, empty: {}}")
    )  # fmt: skip
    assert [(c.name, [k.name for k in c.cookies]) for c in found.categories] == [
        ("a", ["a"]),
        ("b", ["c", "e"]),
        ("", ["d"]),
    ]


def test_cookies_of_the_infrastructure_and_entries_that_have_ended_are_not_in_it() -> None:
    found = stated(entries("name: AWSALB, set_by: infrastructure", "name: old, until: 2020-01-01", "name: sid, until: 2030-01-01"))  # fmt: skip
    assert [k.name for k in found.stated] == ["sid"] and found.stated[0].until == "2030-01-01"


def test_the_statement_matches_the_enforced_policy() -> None:
    (cookie,) = stated("ceiling: 1d\n" + entries("name: sid, lifetime: 1y, rename_to: __Host-sid")).stated
    assert cookie.lifetime is not None and cookie.lifetime.text == "1d"
    assert (cookie.name, cookie.set_by) == ("__Host-sid", SetBy.SERVER)


@pytest.mark.parametrize(
    ("head", "more", "mode", "enforced"),
    [
        ("", "", Mode.ENFORCE, True),
        ("", "", Mode.REPORT, False),
        ("undeclared: {response: report}\n", "", Mode.ENFORCE, False),
        ("", ", stage: report", Mode.ENFORCE, False),
    ],
)
def test_the_statement_claims_enforcement_only_where_it_is_true(
    head: str, more: str, mode: Mode, enforced: bool
) -> None:
    assert stated(f"{head}{entries('name: a' + more)}", mode=mode).enforced is enforced


@pytest.mark.parametrize(
    ("texts", "language", "text"),
    [
        ({"en": "a", "nl": "b"}, "nl", "b"),
        ({"en": "a", "nl": "b"}, "nl-BE", "b"),
        ({"nl": "b", "en": "a"}, "de", "a"),
        ({"": "a"}, "nl", "a"),
        ({"": "a", "nl": "b"}, "nl", "b"),
        ({"fr": "c"}, "nl", "c"),
        ({}, "nl", ""),
    ],
)
def test_a_text_is_in_the_language_or_in_the_next_best(texts: dict[str, str], language: str, text: str) -> None:  # fmt: skip
    assert in_language(texts, language, ("en", "nl")) == text


def test_every_text_of_the_policy_is_in_it() -> None:
    keys = ("title", "introduction", "role", "rights", "cookies", "refuse", "contact", "about")
    said = "".join(f"  {key}: {{en: the {key}, nl: het {key}}}\n" for key in keys)
    text = f"statement:\n  edited: 2026-01-31\n  publisher: Shop\n{said}" + entries(
        "name: a, category: f, renewed: {en: again, nl: weer}, party: P",
        categories="{f: {title: {en: T, nl: U}, description: D, basis: B}}",
    )
    found = stated(text, "nl")
    assert [getattr(found, key) for key in keys] == [f"het {key}" for key in keys]
    assert (found.edited, found.publisher, found.categories[0].title) == ("2026-01-31", "Shop", "U")
    assert (found.categories[0].description, found.categories[0].basis) == ("D", "B")
    assert (found.stated[0].renewed, found.stated[0].party, found.stated[0].purpose) == ("weer", "P", "")


@pytest.mark.parametrize(
    ("more", "attributes"),
    [
        ("", ()), ("secure: true, http_only: true, partitioned: true", ("Secure", "HttpOnly", "Partitioned")),
        ("secure: https, http_only: keep, same_site: {default: Lax}", ()), ("same_site: Strict", ("SameSite=Strict",)),
        ("same_site: {at_least: Lax}", ("SameSite=Lax or Strict",)), ("same_site: {at_least: Strict}", ("SameSite=Strict",)),
        ("same_site: keep, seal: true", ("sealed",)),
        ("seal: {too_large: pass}", ()), ("set_by: both, secure: true", ("Secure",)), ("set_by: script, secure: true", ()),
    ],
)  # fmt: skip
def test_the_attributes_hold_for_every_line_of_the_application(more: str, attributes: tuple[str, ...]) -> None:
    (cookie,) = stated(entries(f"name: sid, {more}")).stated
    assert cookie.attributes == attributes


@pytest.mark.parametrize(
    ("more", "mode", "enforced"),
    [("", Mode.ENFORCE, True), ("", Mode.REPORT, False), (", stage: report", Mode.ENFORCE, False)],
)
def test_an_entry_is_enforced_in_enforce_mode_unless_it_is_staged(more: str, mode: Mode, enforced: bool) -> None:
    (cookie,) = stated(entries(f"name: sid{more}"), mode=mode).stated
    assert cookie.enforced is enforced
