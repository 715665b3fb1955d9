"""The statement as a page: complete, in both languages, escaped, and from a custom template."""

import re

import pytest

from cookiewarden.core.policy.policy import SHIPPED_LANGUAGES, Lifetime, Mode
from cookiewarden.core.report.statement import StatementDocument, statement
from cookiewarden.pages.statement import BadTemplate, statement_page, with_template
from cookiewarden.pages.text import paragraphs
from cookiewarden.pages.words import WORDS, day_words, lifetime_words, words_of
from tests.support.policies import entries, policy

NOW = 1_780_000_000.0
HOSTILE = "<script>alert(1)</script>\u202e|`x` *y* [z](javascript:1) {{ 7*7 }} \x1b[31m"


def document(language: str = "en", more: str = "", head: str = "") -> StatementDocument:
    text = head + entries(f"name: 'a-*', category: f, purpose: P, lifetime: 2mo{more}", "name: b, category: g", "name: c, category: f", categories="{f: {basis: why not}, g: {consent: required}}", consent="{cookie: c}")  # fmt: skip
    return statement(policy(text), language, Mode.ENFORCE, NOW)


def test_the_languages_that_ship_have_words() -> None:
    assert set(WORDS) == set(SHIPPED_LANGUAGES) and words_of("de") is None
    for words in WORDS.values():
        assert len(words.months) == 12 and set(words.units) == {"s", "min", "h", "d", "w", "mo", "y"}


@pytest.mark.parametrize(
    ("lifetime", "english", "dutch"),
    [
        (None, "no period stated", "geen termijn vermeld"),
        (Lifetime("session", 0), "until you close the browser", "tot u de browser sluit"),
        (Lifetime("1y", 1), "1 year", "1 jaar"),
        (Lifetime("90min", 1), "90 minutes", "90 minuten"),
        (Lifetime("9mo", 1), "9 months", "9 maanden"),
    ],
)
def test_lifetimes_are_written_in_words(lifetime: Lifetime | None, english: str, dutch: str) -> None:
    assert (lifetime_words(lifetime, WORDS["en"]), lifetime_words(lifetime, WORDS["nl"])) == (english, dutch)


def test_days_are_written_in_words() -> None:
    assert [day_words("2020-07-06", words) for words in WORDS.values()] == ["6 July 2020", "6 juli 2020"]


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.parametrize("language", ["en", "nl", "nl-BE"])
def test_a_page_has_names_purposes_lifetimes_basis_and_consent(language: str, form: str) -> None:
    words = WORDS[language[:2]]
    page = statement_page(document(language), form)
    told = ["P", lifetime_words(Lifetime("2mo", 1), words), words.consent, "why not", words.enforced, words.refuse_text, *words.columns]  # fmt: skip
    for text in told:
        assert text in page.replace("&#39;", "'"), text
    assert page.startswith(f'<!doctype html>\n<html lang="{language}">' if form == "html" else "# ")


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("more", "head", "mode", "is_stated"),
    [
        ("", "", Mode.ENFORCE, True),
        ("", "", Mode.REPORT, False),
        (", stage: report", "", Mode.ENFORCE, False),
        (", set_by: script", "", Mode.ENFORCE, False),
        (", set_by: both", "inject_guard: true\n", Mode.ENFORCE, False),
        (", same_site: Strict", "", Mode.ENFORCE, False),
        (", path: /shop", "", Mode.ENFORCE, False),
        (", lifetime: session", "", Mode.ENFORCE, False),
    ],
)
def test_visits_do_not_extend_a_lifetime_only_where_this_is_enforced(
    more: str, head: str, mode: Mode, is_stated: bool, language: str, form: str
) -> None:
    lifetime = "" if "lifetime" in more else ", lifetime: 13mo"
    text = head + entries(f"name: v, renew: false{lifetime}{more}")
    page, words = statement_page(statement(policy(text), language, mode, NOW), form), WORDS[language]
    assert (words.not_renewed in page) == is_stated


def test_a_sealed_cookie_ends_in_spite_of_new_values() -> None:
    text = entries("name: v, renew: false, seal: true, lifetime: 13mo")
    page = statement_page(statement(policy(text), "en", Mode.ENFORCE, NOW), "markdown")
    assert "13 months, not extended by visits |" in page


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("gpc", "rule", "mode", "signals", "is_answered"),
    [
        ("deny", "stage: enforce", Mode.ENFORCE, True, True),
        ("deny", "stage: report", Mode.ENFORCE, False, False),
        ("deny", "set_by: script", Mode.ENFORCE, False, False),
        ("deny", "stage: enforce", Mode.REPORT, False, False),
        ("default", "stage: enforce", Mode.ENFORCE, False, True),
    ],
)
def test_an_opt_out_category_claims_the_objection_only_where_it_is_enforced(
    gpc: str, rule: str, mode: Mode, signals: bool, is_answered: bool, language: str, form: str
) -> None:
    text = entries(
        f"name: ad, category: a, {rule}",
        "name: c, category: f",
        categories=f"{{a: {{consent: opt-out, gpc: {gpc}}}, f: {{basis: x}}}}",
        consent="{cookie: c}",
    )
    page, words = statement_page(statement(policy(text), language, mode, NOW), form), WORDS[language]
    assert (words.opt_out in page, words.may_object in page) == (is_answered, not is_answered)
    assert (words.signal in page) == signals and words.consent not in page


@pytest.mark.parametrize(("language", "reason"), [("en", "Shop B.V. gives this reason: \u201cwhy not\u201d"), ("nl", "Shop B.V. geeft hiervoor als reden: \u201cwhy not\u201d")])  # fmt: skip
def test_the_reason_for_not_requesting_consent_is_the_publishers_claim(language: str, reason: str) -> None:
    assert reason in statement_page(document(language, head="statement: {publisher: Shop B.V.}\n"), "markdown")


def test_a_page_has_hosts_and_the_last_day_of_an_entry() -> None:
    page = statement_page(document("nl", ", scope: {hosts: [a.example]}, until: 2030-12-31, set_by: both"), "markdown")
    assert "(alleen op a.example) (in gebruik tot en met 31 december 2030)" in page
    assert "een script op de pagina" in page


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_all_texts_are_escaped(form: str) -> None:
    head = "statement:\n" + "".join(f"  {key}: {HOSTILE!r}\n".replace("'", '"') for key in ("title", "introduction", "role", "contact", "publisher"))  # fmt: skip
    page = statement_page(document("en", f", party: {HOSTILE!r}".replace("'", '"'), head), form)
    assert "\u202e" not in page and "\x1b" not in page and ("{{ 7*7 }}" if form == "html" else "{{ 7\\*7 }}") in page
    assert "<script" not in page if form == "html" else not re.search(r"(?<!\\)(<script|\]\(java)", page)


def test_a_reader_can_choose_between_the_languages_that_are_served() -> None:
    page = statement_page(document("nl"), "html", ["en", "nl", "de"])
    assert '<a href="?language=en" hreflang="en" lang="en">English</a>' in page
    assert 'lang="nl" aria-current="page">Nederlands</a>' in page and "language=de" not in page


def test_a_language_without_words_needs_a_template() -> None:
    with pytest.raises(ValueError, match="en and nl ship"):
        statement_page(document("de"), "html")
    own = "{% for k in s.stated %}{{ k.name }}={{ k.lifetime|lifetime(w) }};{% endfor %}{{ '<b>' }}"
    assert with_template(document("de"), own, "own.txt") == "a-*=2 months;c=no period stated;b=no period stated;<b>"
    assert with_template(document("de"), own, "own.html").endswith("&lt;b&gt;")


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("a\n{% for %}", "own.html:2: "),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ s.nothing }}", "nothing"),
        ("{% include 'none.html' %}", "none.html"),
        ("{{ 1 / 0 }}", "own.html:1: ZeroDivisionError: division"),
        ("\n\n{{ s.titel }}", "own.html:3: "),
        ("{{ s.titel }}", 'did you mean "title"?'),
        ("{% for k in s.stated %}{{ k.naam }}{% endfor %}", 'did you mean "name"?'),
        ("{{ bas }}", 'did you mean "base"?'),
        ("{{ s.stated.x() }}", "own.html:1: "),
        ("{{ range(3)|sum(attribute='x') }}", "own.html:1: "),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "RecursionError"),
        ("{{ 'x' * 10**30 }}", "OverflowError"),
        ("{{ s.title.encode('nope') }}", "LookupError"),
        ("{{ [].pop() }}", "IndexError"),
        ("{{ dict(a=1).popitem(2) }}", "TypeError"),
        ("{{ 'x'|nofilter }}", "nofilter"),
    ],
)
def test_errors_of_a_template_are_reported(template: str, wrong: str) -> None:
    with pytest.raises(BadTemplate, match="own") as bad:
        with_template(document(), template, "own.html")
    assert wrong in str(bad.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\nb\n\nc", [("p", ["a b"]), ("p", ["c"])]),
        ("a:\n\n- b\n  c\n- d\n\ne", [("p", ["a:"]), ("ul", ["b c", "d"]), ("p", ["e"])]),
        ("1. a\n2) b", [("ol", ["a", "b"])]),
        ("- a\n\n- b", [("ul", ["a", "b"])]),
        ("-a", [("p", ["-a"])]),
        ("", []),
    ],
)
def test_texts_are_paragraphs_and_lists(text: str, found: list[tuple[str, list[str]]]) -> None:
    assert paragraphs(text) == found


@pytest.mark.parametrize(
    "template",
    [
        "{{ s.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ s.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}{{ cycler.__init__.__globals__.os }}",
        "{{ range(10 ** 9) | length }}",
    ],
)
def test_a_template_cannot_reach_the_process(template: str) -> None:
    with pytest.raises(BadTemplate):
        with_template(document(), template, "own.md")
