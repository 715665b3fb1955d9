"""Published statements as people write them (lists, tables, HTML, Markdown, text of a PDF), and other pages."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report.statement import statement
from cookiewarden.pages.statement import statement_page
from cookiewarden.tools.statement import pagetext
from cookiewarden.tools.statement.lines import NoStatement
from cookiewarden.tools.statement.names import pattern
from cookiewarden.tools.statement.phrases import day_in, lifetime_in, lifetime_of
from cookiewarden.tools.statement.published import read_page
from tests.support.cost import LINEAR, growth
from tests.support.policies import entries, policy


def named(text: str) -> list[tuple[str, str]]:
    """Return the names, each with its lifetime or a dash."""
    page = read_page(text.encode())
    return [(c.name, c.lifetime.text if c.lifetime else "-") for c in page.claims]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The following cookies are used:\n\n* sid: the session\n* lang: your language. Kept for 1 year.", [("sid", "-"), ("lang", "1y")]),
        ("We use these cookies:\n• _ga – tells visitors apart (expires after 2 years)\n• _gid – the same (valid 24 hours)", [("_ga", "2y"), ("_gid", "24h")]),
        ("Cookies:\n\n| Name | Purpose | Duration |\n|---|---|---|\n| `sid` | the session | Session |\n| lang | language | 1 year |\n", [("sid", "session"), ("lang", "1y")]),
        ("| Naam | Doel | Bewaartermijn |\n| :-- | -- | -- |\n| sid | sessie | tot u de browser sluit |\n| taal | uw taal | een jaar |", [("sid", "session"), ("taal", "1y")]),
        ("Cookie name\tProvider\tExpires\n_fbp\tMeta\t3 months\nfr\tMeta\t90 days", [("_fbp", "3mo"), ("fr", "90d")]),
        ("  _ga          Google        2 years\n  PHPSESSID    us            session\n", [("_ga", "2y"), ("PHPSESSID", "session")]),
        ("_ga: tells visitors apart. This cookie is valid for\n2 years.", [("_ga", "-")]),
        ("1. sid_a: a\n2. sid_b: b", [("sid_a", "-"), ("sid_b", "-")]),
        ("Used cookies:\n- **sid**: a\n- __Host-sid: b\n- `x_1` - c", [("sid", "-"), ("__Host-sid", "-"), ("x_1", "-")]),
        ("<p>We use cookies:</p><ul><li><p><b>sid</b>: the session</p></li><li><code>_ga</code>: valid for <i>2 years</i></li></ul>", [("sid", "-"), ("_ga", "2y")]),
        ("<table><tr><th>Cookie<th>Use<th>Kept for<tr><td>sid<td>session<td>session<tr><td><code>_ga</code><td>a &amp; b<td>2&nbsp;years</table>", [("sid", "session"), ("_ga", "2y")]),
        ("<html><head><title>sid_x: no</title><style>a_b: c</style></head><body><dl><dt>_ga</dt><dd>two</dd><dt>_gid</dt><dd>valid for 1 day</dd></dl>", [("_ga", "-"), ("_gid", "1d")]),
        ("<p>Cookies in use:</p><ul><li>a_1: <br>x<li>b_2: y<div>z</div></ul>", [("a_1", "-"), ("b_2", "-")]),
        ("Cookies that are used:\n* _ga, _gid: both\n* utm_a and utm_b: two", [("_ga", "-"), ("_gid", "-"), ("utm_a", "-"), ("utm_b", "-")]),
        ("The following cookies:\n* sid: a\n  that goes on\n\n* lang: b", [("sid", "-"), ("lang", "-")]),
        ("| Cookie | Use |\n|--|--|\n| `a_1` / `b_1` | x |\n| c_1, d_1 | kept for 1 day |\n| e_1 (2 weeks) | y |\n| f_1 and g_1 | z |", [("a_1", "-"), ("b_1", "-"), ("c_1", "1d"), ("d_1", "1d"), ("e_1", "2w"), ("f_1", "-"), ("g_1", "-")]),
        ("<table><tr><th>Cookie<th>Use<tr><td>a_1<br>b_1<td>x<tr><td>not a name<td>y</table>", [("a_1", "-"), ("b_1", "-")]),
        ("| Cookie | Kept for |\n|--|--|\n| `__utma`, `__utmb` | 1 year |\n| __Secure-a, __Secure-b | 1 day |\n| __sid_1__ | 2 days |\n", [("__utma", "1y"), ("__utmb", "1y"), ("__Secure-a", "1d"), ("__Secure-b", "1d"), ("sid_1", "2d")]),
        ("- `__Host-sid`, `__Host-csrf`: login\n- **__cf_bm**: robots", [("__Host-sid", "-"), ("__Host-csrf", "-"), ("__cf_bm", "-")]),
        ('.. csv-table::\n   :header: "Name", "Purpose", "Expires"\n\n   "jwt", "login, and ""more""", "24 hours"\n   "a_1", "x", "1 year"\n', [("jwt", "24h"), ("a_1", "1y")]),
        ('"Name", "Expires"\n"jwt", "24 hours"\n\n* _ga: counts', [("jwt", "24h"), ("_ga", "-")]),
        ("\ufeffThe following cookies:\r\n* sid: a\r\n* sid: again\r\n", [("sid", "-")]),
    ],
)  # fmt: skip
def test_cookies_are_found_as_people_name_them(text: str, found: list[tuple[str, str]]) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "How can you refuse cookies?\n\n* Chrome: open the settings\n* Firefox: open the settings",
        "Your rights:\n\n1. Access: ask us\n2. Erasure: ask us",
        "Note: this statement may change.\nPhone: 123\nhttps://shop.example: our site\nLast edit: 1 May 2020",
        "<p>Hello</p>",
        "",
        "\0\1\2",
    ],
)
def test_a_page_without_cookie_names_is_not_a_statement(text: str) -> None:
    with pytest.raises(NoStatement):
        read_page(text.encode())


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"%PDF-1.7\n...", "pdftotext"),
        (b'<meta charset="klingon"><p>a_b: c', 'its charset "klingon" is not known'),
        (b'<meta charset="rot13"><p>a_b: c', 'its charset "rot13" is not known'),
        (b"<ul><div>" * 101, "nested deeper than 200"),
        (b"<p>a" * 50_001, "more than 50000 paragraphs"),
        (b"<p><" + b"<" * 200_000, "more than 200000 tags"),
        (b"* a_b: c\n" * 20_001, "more than 20000 rows"),
        (b"PK\x03\x04", "binary"),
        (b"sid" * pagetext.MAX_PAGE, "larger than 8 MiB"),
    ],
)
def test_unreadable_pages_are_reported(raw: bytes, why: str) -> None:
    with pytest.raises(NoStatement, match=why):
        read_page(raw)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("intercom-id-xxx", "intercom-id-*"), ("intercom-session-XXXXX", "intercom-session-*"), ("_ga_<container-id>", "_ga_*"), ("_gat_[name]", "_gat_*"),
        ("_hj{id}", "_hj*"), ("_pk_id.#", "_pk_id.*"), ("a…", "a*"), ("a...", "a*"), ("_ga_**", "_ga_*"), ("exxon", "exxon"), ("xxlarge", "xxlarge"), ("COOKIE%3b", "COOKIE%3b"), ("_ga_[A-Z0-9]+", "_ga_*"), ("_pk_[0-9a-f]{4}", "_pk_*"),
    ],
)  # fmt: skip
def test_a_placeholder_in_a_name_becomes_a_glob(written: str, name: str) -> None:
    assert pattern(written) == name


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("This cookie is valid for 2 years.", "2y"), ("extending it to 1 week from that moment", "1w"), ("Kept for twelve months", "12mo"),
        ("wordt 13 maanden bewaard", "13mo"), ("verloopt na één jaar", "1y"), ("Expires at the end of the session", "session"), ("deleted when the browser is closed", "session"),
        ("A session cookie.", "session"), ("tot u de browser sluit", "session"), ("contains the session ID", "-"), ("at most 10 requests a minute", "-"),
        ("created during login and enables a restore after a crash", "-"), ("valid for 0 days", "-"), ("24 uur geldig", "24h"), ("stored 30 days", "30d"),
        ("Kept for 1 to 2 years", "-"), ("Stored 2-3 years", "-"), ("valid for more than 1 year", "-"), ("kept 1\u00bd years", "-"), ("kept for 1 year and a half", "-"), ("Up to 10 requests a minute", "-"), ("valid for 12 months (365 days)", "12mo"), ("expires after 86 400 seconds", "86400s"), ("stored 12 months to 2 years", "-"),
    ],
)  # fmt: skip
def test_lifetimes_are_found_in_running_text(text: str, lifetime: str) -> None:
    found = lifetime_in(text)
    assert (found.text if found else "-") == lifetime


@pytest.mark.parametrize(("cell", "lifetime"), [("Session", "session"), ("2 years", "2y"), ("1 minuut", "1min"), ("persistent", "-"), ("90d", "90d"), ("up to 6 mths", "6mo"), ("1 week, renewed at each session", "1w")])  # fmt: skip
def test_a_cell_is_read_as_a_lifetime_or_ignored(cell: str, lifetime: str) -> None:
    found = lifetime_of(cell)
    assert (found.text if found else "-") == lifetime


@pytest.mark.parametrize(
    ("text", "day"),
    [("16 July 2020", "2020-07-16"), ("July 16th, 2020", "2020-07-16"), ("16 juli 2020", "2020-07-16"), ("2020-07-16", "2020-07-16"), ("16-07-2020", "2020-07-16"), ("16/7/2020", "2020-07-16"), ("40 July 2020", ""), ("1 Smarch 2020", ""), ("soon", "")],
)  # fmt: skip
def test_days_are_read_as_people_write_them(text: str, day: str) -> None:
    assert day_in(text) == day


@pytest.mark.parametrize("line", ["Last edit: 16 July 2020", "Last updated on 16 July 2020.", "Laatst gewijzigd: 16 juli 2020", "This version was revised on: 2020-07-16", "Effective date: 16 July 2020"])  # fmt: skip
def test_the_day_of_the_last_edit_is_found(line: str) -> None:
    assert read_page(f"Founded 1 May 1999\n{line}\n\n_ga: x".encode()).edited == "2020-07-16"


def test_headings_of_markdown_among_html_are_headings() -> None:
    table = "<table><tr><th>Cookie</th><th>Expiry</th></tr><tr><td>{}</td><td>1 day</td></tr></table>"
    text = f"---\nlayout: x\n---\n# Cookies\n\n## [Login](#login)\n\n{table.format('sid')}\n\nMore.\n\n## Visits ##\n\n{table.format('_ga')}\n"
    page = read_page(text.encode())
    assert [group.heading for group in page.groups] == ["Login", "Visits"] and page.left_out == []


def test_groups_have_their_heading_and_the_sentence_before_them() -> None:
    page = read_page(b"# Cookies\n\nAll:\n\n## Functional\n\nWe use these cookies.\n\n* sid_a: x\n\n## Analytics\n\n* _ga: y\n* _gid: z\n")  # fmt: skip
    assert [(g.heading, g.intro) for g in page.groups] == [
        ("Functional", "We use these cookies."),
        ("Analytics", ""),
    ]
    assert [c.group for c in page.claims] == [0, 1, 1] and [c.line for c in page.claims] == [9, 13, 14]


# Pages of cookiewarden

NAMES = st.from_regex(r"[A-Za-z_%][A-Za-z0-9_%.-]{1,20}(\*|)", fullmatch=True).filter(
    lambda name: pattern(name) == name and name.strip("_.-*") and name.lower() not in ("chrome", "edge", "brave", "opera", "safari", "ios", "internet", "firefox", "android", "explorer", "vivaldi")
)  # fmt: skip
LIFETIMES = st.one_of(st.just("session"), st.builds("{}{}".format, st.integers(1, 99), st.sampled_from(["s", "min", "h", "d", "w", "mo", "y"])))  # fmt: skip
PURPOSES = st.text(st.characters(whitelist_categories=("L", "N", "P", "S", "Zs")), max_size=60)


@settings(max_examples=80)
@given(st.dictionaries(NAMES, st.tuples(LIFETIMES, PURPOSES), min_size=1, max_size=6), st.sampled_from(["en", "nl"]), st.sampled_from(["html", "markdown"]))  # fmt: skip
def test_a_page_of_ours_is_read_back_as_it_was_written(
    cookies: dict[str, tuple[str, str]], language: str, form: str
) -> None:
    import json

    written = entries(*(f"name: {json.dumps(n, ensure_ascii=False)}, lifetime: {span}, purpose: {json.dumps(text, ensure_ascii=False)}" for n, (span, text) in cookies.items()))  # fmt: skip
    document = statement(policy(written), language, Mode.ENFORCE, 0.0)
    page = read_page(statement_page(document, form).encode())
    found = {c.name: c.lifetime.text if c.lifetime else "-" for c in page.claims}
    assert found == {name: span for name, (span, _) in cookies.items()}
    assert page.left_out == [] and page.rows == page.rows_read == len(cookies)


def over_and_over(piece: str, length: int) -> str:
    """Repeat a piece up to a length; `{}` is another number each time."""
    if "{}" not in piece:
        return piece * (length // len(piece))
    return "".join(piece.replace("{}", str(n)) for n in range(length // (len(piece) + 4)))


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<b id={}>", "<ul><li>", "<table><tr><td>", "</p>", "<b></p>", "<a b{}=c ", "<td rowspan=99>", "<a href=\"", "<svg>", "<tr><td>Name:<td>a_{}<tr><td>Type:<td>b", "<div><table><td></div></table>",
        "[", "<", "<!--", "<a ", "{", "* a: b\n", "\n\n", "|a|b|\n", "<li>a_b: c", "<tr><td>a_b<td>c", "Name    Purpose\n", "until the browser ", "* a_b: c\ntext\n", "1 year ",
        " ", "#", "-", "a, ", "a_{}, ", "a_{} and ", "          y y\n", "# h{}\n* a_{}: x\n", "a{}_: b\n", "|a_{}|b|\n", "<ul><li>a: b</ul>",
        "<div><div>Cookie</div><div>Use</div></div>", "<div><p>Cookie</p>", "<div>a_{}<div>b</div></div>", "<b>a_{}</b>", "<p>cookie <code>a_{}</code> 1 day</p>", "**a_{}** ", "~~", "<br>", "<del>", "and others, ", "  y   z     w\n", "               1 day\n", "a (", "1 000 "],
)  # fmt: skip
@pytest.mark.parametrize(
    "before",
    [
        "",
        "<p>",
        "* a_b: ",
        "# a",
        "Name      Purpose\n\na_b       x\n",
        "   Name   Purpose   Kept for\n  x\na_b     1 day\n  x\n",
        "<div><div>Cookie</div><div>Use</div></div>",
    ],
)
def test_a_page_of_one_thing_over_and_over_is_read_in_time_that_grows_with_its_length(before: str, piece: str) -> None:
    """Read pages that a naive reader would read in quadratic time."""

    def read(length: int) -> None:
        with contextlib.suppress(NoStatement):
            read_page(f"{before}{over_and_over(piece, length)}x".encode())

    assert growth(read, 2_000) < LINEAR


@pytest.mark.parametrize(
    "before",
    [
        lambda count: f"<h1>{'x ' * 20 * count}</h1>",
        lambda count: "* " + "a_b, " * 5 * count + "c: " + "x" * 20 * count,
    ],
)
def test_a_long_page_is_read_in_linear_time(before: Callable[[int], str]) -> None:
    def read(count: int) -> None:
        with contextlib.suppress(NoStatement):
            read_page(f"{before(count)}{'<ul><li>a: b</ul>' * count}".encode())

    assert growth(read, 200) < LINEAR


# The text of a PDF

PDF = Path(__file__).parents[2] / "data" / "statement-of-a-pdf.txt"
"""The proxy's own page, printed by Chromium, as text of `pdftotext -layout`."""


def test_a_page_that_was_printed_and_turned_into_text_is_read() -> None:
    page = read_page(PDF.read_bytes())
    stated = {c.name: c.lifetime.text if c.lifetime else "-" for c in page.claims}
    assert page.left_out == [] and len(stated) == 17 and page.edited == "2020-07-16" and "-" not in stated.values()
    assert stated["COOKIE%3bPHPSESSID%3b%2f%3btools%2ecarerix%2ecom"] == "session"
    assert (stated["_ga"], stated["intercom-session-*"], stated["language"]) == ("2y", "1w", "1y")
    assert [len([c for c in page.claims if c.group == g]) for g in range(3)] == [12, 3, 2]
    (name,) = [c for c in page.claims if c.name == "agencyID"]
    assert name.purpose == "Bewaart het ID van de vestiging van de gebruiker in Carerix."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name      Purpose      Kept for\nsid       a            1 day\nlang      b            1 year\n", [("sid", "1d"), ("lang", "1y")]),
        ("Name      Purpose      Kept for\n\nsid       a            until you\n          b            close the browser\n\nlang      c            1 year\n", [("sid", "session"), ("lang", "1y")]),
        ("Name      Purpose      Kept for\n\na_long_   a            until you\nname      b            close it\n\n\n\n\n\n\n\nlang_x    c            1 year\n", [("a_long_name", "-"), ("lang_x", "1y")]),
        ("Name      Purpose\n\nsid       a\n\nlang      b\n\nHeading\nText of a section that goes on for long.\n", [("sid", "-"), ("lang", "-")]),
        ("Name      Purpose\n\nsid       a\nThis is a sentence that has nothing to do with the table.\n", [("sid", "-")]),
        ("Name      Purpose      Kept for\n\nsid       a            1 day\n\n Name       Purpose      Kept for\n\n lang       b            1 year\n", [("sid", "1d"), ("lang", "1y")]),
        ("Name      Purpose      Kept\n                       for\n\nsid       a            9 months\n          b\n\f Name     Purpose      Kept\n                       for\n\n lang      c            1 year\n", [("sid", "9mo"), ("lang", "1y")]),
        ("Name      Purpose      Kept\n                       for\n                       (max)\n\nsid       a            9 months\n\fName      Purpose      Kept\n                       for\n                       (max)\n          b\nlang      c            1 year\n", [("sid", "9mo"), ("lang", "1y")]),
        ("Name      Purpose      Kept\n                       for\n\nsid       a            9\n\fName      Purpose      Kept\n                       for\n          b            months\n\nlang      c            1 year\n", [("sid", "9mo"), ("lang", "1y")]),
        ("      Name            Purpose          Kept for\n              counts all the visits of\n_ga                                         2 years\n              today\n_gid          counts of a day               1 day\n", [("_ga", "2y"), ("_gid", "1d")]),
        ("Name       Purpose      Kept for\n           counts\n_ga_<con-               13\n           the visits\ntainer>                 months\n           of today\n_gid       days         1 day\n", [("_ga_*", "13mo"), ("_gid", "1d")]),
        ("Name         Purpose    Kept for\na_long_      a          1 day\nname\n_ga          b          2 days\n_gid         of b\n", [("a_long_name", "1d"), ("_ga", "2d")]),
        ("  Name         Purpose      Kept for\n            counts visits\n_ga                      2 years\n            of today\nMarketing cookies of other companies\n            shows ads of\n_fbp                     3 months\n            others\n", [("_ga", "2y"), ("_fbp", "3mo")]),
    ],
)  # fmt: skip
def test_columns_are_read_by_where_they_stand(text: str, found: list[tuple[str, str]]) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    ("text", "purposes"),
    [
        ("Name   Purpose            Kept for\nsid    Login              session\n       Basket of the\ncart   shop that you use  14 days\n       today\n", ["Login", "Basket of the shop that you use today"]),
        ("Name   Purpose            Kept for\nsid    Login              session\n       of you\ncart   Basket of the      14 days\n       shop\n", ["Login of you", "Basket of the shop"]),
    ],
)  # fmt: skip
def test_the_lines_of_a_purpose_belong_to_the_row_that_they_continue(text: str, purposes: list[str]) -> None:
    page = read_page(text.encode())
    assert [claim.purpose for claim in page.claims] == purposes and page.left_out == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Name   Purpose            Kept for\nsid    Login              session\n       Of You\ncart   Basket             14 days\n       Shop\n", "could belong to another row"),
        ("Name   Purpose            Kept for\n       a\n       b\n       c\nsid                       session\nlang   y                  1 day\n\n* sid_1: x\n", "does not fit its table"),
        ("Name            Purpose         Kept for\n_ga             visits          2 years\ntheme           colours\nlang            x               1 year\n", "could belong to the row above"),
    ],
)  # fmt: skip
def test_lines_of_a_table_that_are_not_clear_are_reported(text: str, why: str) -> None:
    left = read_page(text.encode()).not_understood
    assert left and all(why in one.why for one in left)


def test_prose_of_a_privacy_page_is_not_reported() -> None:
    page = read_page(
        b"<h1>Privacy</h1><p>Last updated: 5 May 2026</p><p>We keep logs for 6 months. Applications are kept for one year.</p>"
        b"<p><b>Session cookies</b> are deleted when you close the browser; persistent cookies stay.</p><h2>Session</h2>"
        b"<ul><li><b>Contract</b>: we keep your data for 10 years</li><li>Consent: until you withdraw it</li></ul>"
        b"<p>Provider: Shop Ltd</p><p>Type: limited company</p><h2>Cookies</h2><ul><li>_ga: visits, 2 years</li></ul>"
    )
    assert [claim.name for claim in page.claims] == ["_ga"] and page.not_understood == []
