"""Cookies that a page names in one line, beside a table that can be read: they are read or reported."""

import pytest

from cookiewarden.tools.statement.published import read_page
from tests.support.cost import LINEAR, growth

TABLE = "<table><tr><th>Cookie<th>Expires<tr><td>sid<td>session</table>"


def read(text: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Return the cookies behind a table, with purposes and lifetimes, and the reports."""
    page = read_page(f"{TABLE}{text}".encode())
    found = [(claim.name, claim.purpose, claim.lifetime.text if claim.lifetime else "-") for claim in page.claims[1:]]
    return found, [left.why for left in page.not_understood]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<ul><li>Name: ALMA_S, Purpose: catalogue, Expires: 20 minutes</ul>", [("ALMA_S", "catalogue", "20min")]),
        ("<p>Name: alma. Purpose: catalogue. Expires: 20 minutes.</p>", [("alma", "catalogue", "20min")]),
        ("<p>Cookie name: alma; purpose: the catalogue; duration: 1 day</p>", [("alma", "the catalogue", "1d")]),
        ("<p>Cookie: _ga | Purpose: counts | Expires: 2 years</p>", [("_ga", "counts", "2y")]),
        ("<ul><li><b>Name:</b> alma <b>Purpose:</b> x <b>Expires:</b> 1 day</ul>", [("alma", "x", "1d")]),
        ("<p>Naam: alma. Doel: zoeken. Bewaartermijn: 1 jaar.</p>", [("alma", "zoeken", "1y")]),
        ("<p>Name: a_1. Expires: 1 day.</p><p>Name: b_1. Expires: 2 days.</p>", [("a_1", "", "1d"), ("b_1", "", "2d")]),
        ("<ul><li><b>a-1</b>, <b>b-1</b> – wishes – 1 year</ul>", [("a-1", "wishes", "1y"), ("b-1", "wishes", "1y")]),
        ("<ul><li><code>a_1</code> and <code>b_x</code> – x</ul>", [("a_1", "x", "-"), ("b_x", "x", "-")]),
        ("<ul><li><b>a_1</b> en/of <b>b_1</b> – x</ul>", [("a_1", "x", "-"), ("b_1", "x", "-")]),
        ("<ul><li><b>a_1</b>, <b>b_1</b>, and <b>c</b>: x</ul>", [(name, "x", "-") for name in ("a_1", "b_1", "c")]),
        ("<ul><li><b>a_1</b>, login – 1 day</ul>", [("a_1", "login", "1d")]),
        ("<ul><li><b>_ga</b>, 2 Jahre, zählt Besuche.</ul>", [("_ga", "zählt Besuche.", "2y")]),
        ("<ul><li><b>_ga</b>, 2 years<li><b>b_1</b>, 1 day</ul>", [("_ga", "", "2y"), ("b_1", "", "1d")]),
        (
            "<ul><li>a_1: deleted at the end of the browsing session</ul>",
            [("a_1", "deleted at the end of the browsing session", "session")],
        ),
        (
            "<ul><li>a_1: deleted at the end of your web session</ul>",
            [("a_1", "deleted at the end of your web session", "session")],
        ),
        ("<table><tr><td>a_1<td>login<td>1 day</table>", [("a_1", "login", "1d")]),
    ],
)
def test_a_cookie_in_one_line_with_its_values_is_read(text: str, found: list[tuple[str, str, str]]) -> None:
    assert read(text) == (found, [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>_ga: 2 years</p><p>XSRF-TOKEN: 2 hours</p><p>remember: 1 day</p>", [("_ga", "", "2y"), ("XSRF-TOKEN", "", "2h"), ("remember", "", "1d")]),
        ("<p>GPS: 30 minutes</p><p>YSC: duration of the session</p><p>_ga: 2 years</p>", [("GPS", "", "30min"), ("YSC", "", "session"), ("_ga", "", "2y")]),
        ("<h5>Name</h5><p>alma</p><h5>Expiration</h5><p></p><h5>Function</h5><p></p><h5>Name</h5><p>beta</p><h5>Expiration</h5><p>1 day</p>", [("alma", "", "-"), ("beta", "", "1d")]),
        ("<h5>Name</h5><p>alma</p><h5>Expiration</h5><p></p><h5>Function</h5><p>login</p>", [("alma", "login", "-")]),
        ("<ul><li>a_1: login. Duration: half a year</ul>", [("a_1", "login. Duration: half a year", "6mo")]),
    ],
)  # fmt: skip
def test_a_cookie_among_others_of_the_same_form_is_read(text: str, found: list[tuple[str, str, str]]) -> None:
    assert read(text) == (found, [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("<dl><dt>NID<dd>Google – ads. Duration: half a year<dt>CONSENT<dd>Google. Duration: until you delete it</dl>", ["NID", "CONSENT"]),
        ("<ul><li>XSRF-TOKEN: 2 hours<li>remember: as long as you stay</ul>", ["XSRF-TOKEN", "remember"]),
        ("<p>UserMatchHistory: 1 month</p>", ["UserMatchHistory"]),
    ],
)  # fmt: skip
def test_each_item_of_a_list_that_is_perhaps_of_cookies_is_reported(text: str, names: list[str]) -> None:
    found, told = read(text)
    assert found == [] and len(told) == len(names)
    assert all(f'"{name}: ' in why for name, why in zip(names, told, strict=True))


def test_a_column_of_categories_groups_the_cookies() -> None:
    rows = "<tr><td>a_1<td>Needed<td>1 day<tr><td>b_1<td>Ads<td>1 day<tr><td>c_1<td>Needed<td>1 day<tr><td>d_1<td><td>1 day"
    page = read_page(f"<h2>Our cookies</h2><table><tr><th>Cookie<th>Category<th>Expires{rows}</table>".encode())
    headings = {claim.name: page.groups[claim.group].heading for claim in page.claims}
    assert headings == {"a_1": "Needed", "b_1": "Ads", "c_1": "Needed", "d_1": "Our cookies"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<h3>AWSALB, AWSALBCORS</h3><p>Kakorna lagras i en vecka.</p>", [("AWSALB", "1w"), ("AWSALBCORS", "1w")]),
        ("<p><strong>AWSALB, AWSALBCORS</strong><br>Kakorna lagras i en vecka.</p>", [("AWSALB", "1w"), ("AWSALBCORS", "1w")]),
        ("<p><strong>vuid</strong><br>Vimeo. Lagras i två år.</p>", [("vuid", "2y")]),
        ("<h3>lang</h3><p>Your language. Kept for 1 year.</p><h3>vuid</h3><p>Vimeo. Kept for 2 years.</p>", [("lang", "1y"), ("vuid", "2y")]),
        ("<h3>JSESSIONID</h3><p>Kakan försvinner när du stänger din webbläsare.</p>", [("JSESSIONID", "session")]),
        ("<p>_pk_id</p><p>Löschung nach 2 Jahren</p>", [("_pk_id", "2y")]),
    ],
)  # fmt: skip
def test_names_above_their_text_are_read(text: str, found: list[tuple[str, str]]) -> None:
    cookies, told = read(text)
    assert ([(name, lifetime) for name, _, lifetime in cookies], told) == (found, [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<p>_pk_id</p><p>Zählt.</p><p>Epconsent</p><p>Speichert.</p><p>Löschung nach 2 Jahren</p>", 'perhaps a cookie, above its text: "Epconsent"'),
        ("<h3>JSESSIONID</h3><p>Kakan är aktiv under besöket på webbplatsen.</p>", 'perhaps a lifetime in the text of "JSESSIONID"'),
        ("<p>A nyelvhez a <code>lang</code> nevű sütit használjuk, 30 napig.</p>", "perhaps a cookie in text"),
        ("<p>Storage period: until the browser is closed or 24 hours</p>", "a lifetime without the name"),
        ("<p>Czas przechowywania: Do zamknięcia przeglądarki lub 24 godziny</p>", "a lifetime without the name"),
        ("<p>A következő tájékoztatást adjuk: cookie élettartam: 20 nap; cél: hirdetés.</p>", "a lifetime without the name"),
    ],
)  # fmt: skip
def test_names_and_lifetimes_that_are_not_clear_are_reported(text: str, why: str) -> None:
    assert [told.startswith(why) for told in read(text)[1]] == [True]


@pytest.mark.parametrize("span", ["Nikdy nevyprší", "Until you log out", "As long as necessary", "hodinu"])
@pytest.mark.parametrize("rows", ["theme|{}|Colours.|_fbp|3 months|Ads.", "_fbp|3 months|Ads.|theme|{}|Colours."])
def test_a_grid_with_an_unknown_lifetime_is_read_and_the_lifetime_is_reported(rows: str, span: str) -> None:
    cells = f"Name|Duration|Description|{rows.format(span)}".split("|")
    page = read_page("\n\n".join(cells).encode())
    assert {claim.name for claim in page.claims} == {"_fbp", "theme"}
    assert [left.why for left in page.not_understood] == [f'the lifetime "{span}" of "theme" is not understood']


@pytest.mark.parametrize(
    "text",
    [
        "<p>Google Maps: <strong>NID</strong> (durata: 6 mesi)</p>",
        "<p>Google Maps: NID (6 mesi)</p>",
        "<p>Google Maps: <code>NID</code> (durata: 6 mesi)</p>",
    ],
)
def test_a_name_of_capitals_behind_a_service_is_reported(text: str) -> None:
    found, told = read(text)
    assert found == [] and told[0].startswith('perhaps a cookie in text: "Google Maps: NID')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<p>The other one is kept for 90 days.</p>", 'perhaps a lifetime, among cookies: "The other one'),
        ("<p>Cookie __utmb: caduca a los 30 minutos de la visita.</p>", "perhaps a lifetime, among cookies"),
        ("<p>googtrans</p><p>Keeps the language.</p>", 'perhaps a cookie, alone in its line: "googtrans"'),
    ],
)
def test_a_line_between_cookies_with_a_time_or_of_one_word_is_reported(text: str, why: str) -> None:
    last = "<h2>Others</h2><ul><li>_ga: counts, 2 years</ul>"
    assert any(told.startswith(why) for told in read(f"<h2>More</h2>{text}{last}")[1])
    assert read(f"<h2>More</h2><p>The other one is kept as well.</p>{last}")[1] == []


def test_a_name_can_have_two_colons() -> None:
    page = read_page(b"<table><tr><th>Cookie<th>Expires<tr><td>rc::a<td>1 day<tr><td>Wert:15649<td>1 day</table>")
    assert [claim.name for claim in page.claims] == ["rc::a"]
    assert [left.why for left in page.not_understood] == ['no name of a cookie: "Wert:15649"']


def test_a_value_behind_its_label_is_not_a_name() -> None:
    found, told = read("<p><b>Name:</b> __utma<br><b>Wert:</b>1564498958.1<br><b>Ablaufdatum:</b> nach 2 Jahren</p>")
    assert not any("Wert" in name for name, _, _ in found) and (found or told)


def test_a_heading_that_is_perhaps_a_name_is_not_a_category() -> None:
    page = read_page(
        b"<h2>Marketing</h2><h3>_fbp</h3><p>Kept for 3 months.</p><h3>IDE</h3><h3>_ttp</h3><p>Kept for 1 year.</p>"
    )
    assert [group.heading for group in page.groups] == ["Marketing"]
    page = read_page(b"<details><summary>Ads</summary><ul><li>_fbp: 3 months</ul></details>")
    assert [group.heading for group in page.groups] == ["Ads"]


def test_a_heading_with_a_word_for_a_time_in_another_language_is_a_heading() -> None:
    # "direct" is Dutch for immediately
    page = read_page(
        b"Mandatory cookies\n\nsid: login, 1 day\n\nCookies to direct the user\n\nThey target.\n\n_ga: counts, 2 years\n"
    )
    assert [(claim.name, page.groups[claim.group].heading) for claim in page.claims if claim.name == "_ga"] == [
        ("_ga", "Cookies to direct the user")
    ]


def test_the_lines_of_cookies_are_not_a_part_of_the_introduction() -> None:
    page = read_page(b"Storage duration:\n_ga: 2 years\n_gid: 1 day\n")
    assert [group.intro for group in page.groups] == ["Storage duration:"]


@pytest.mark.parametrize(
    "text",
    [
        "<ul><li>Invoices: 7 years<li>Applications: 4 weeks</ul>",
        "<ul><li>GDPR: 5 years</ul>",
        "<p>CRM: kept for 2 years.</p>",
        "<p>Name</p><p>Function</p><p>Expiration</p>",
    ],
)
def test_words_with_times_of_storage_are_not_cookies(text: str) -> None:
    assert read(text)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        "<p>Name: a_1. Expires: 1 day. Name: b_1. Expires: 2 days.</p>",
        "<p>Purpose: access. Name: alma. Expires: 1 day.</p>",
        "<p>Name: alma</p>",
        "<p>Name:alma,Purpose:x,Expires:1 day</p>",
        "<p><b>Cookie</b>: alma – catalogue – 1 day</p>",
        "<p>Cookies used: alma, beta. Duration: 1 day.</p>",
        "<p>Duration: vuid: 2 years.</p>",
        "<p>Trackers duration: vuid: 2 years.</p>",
        "<p>Cookies: vuid (2 years), player (1 year).</p>",
        "<p>We use cookies: alma (1 day) and beta (2 days)</p>",
        "<p>Vimeo sets vuid, which is kept for 2 years.</p>",
        "<p>Name: alma. Expires: 1 day. Duration: 3 years</p>",
        "<p><b>Name</b> alma <b>Purpose</b> x <b>Expires</b> 1 day</p>",
    ],
)
def test_a_cookie_in_one_line_that_is_not_read_is_reported(text: str) -> None:
    found, told = read(text)
    assert found == []
    assert len(told) == 1
    assert told[0].startswith("perhaps a cookie in one line with its values")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<p>Login (PHPSESSID)</p>", 'a name outside of lists and tables: "PHPSESSID"'),
        ("<ul><li>Login cookie (JSESSIONID), kept until you close it</ul>", 'a name outside of lists and tables: "JSESSIONID"'),
        ("<p><b>For your login (_login)</b><br>Keeps you signed in.</p>", 'a name outside of lists and tables: "_login"'),
        ("<p>We set “_login” for you.</p>", 'a name outside of lists and tables: "_login"'),
        ("<p>The csrftoken cookie protects forms.</p>", 'a name outside of lists and tables: "csrftoken"'),
        ("<p>The XSRF-TOKEN cookie protects forms.</p>", 'a name outside of lists and tables: "XSRF-TOKEN"'),
        ("<p>We store one cookie called sessionid.</p>", 'a name outside of lists and tables: "sessionid"'),
        ("<p>Wij plaatsen een cookie genaamd taal.</p>", 'a name outside of lists and tables: "taal"'),
        ("<p>We set the <code>theme</code> cookie.</p>", 'a name outside of lists and tables: "theme"'),
        ("<p>The cookie “theme” keeps your colours.</p>", 'a name outside of lists and tables: "theme"'),
        ("<ul><li>Cookiebot consent - keeps your choice (1 year)</ul>", 'an item with a lifetime, without the name of its cookie: "Cookiebot consent - keeps your choice (1…"'),
        ("<h2>Cookies</h2><ul><li>Consent banner: 1 year</ul>", 'an item with a lifetime, without the name of its cookie: "Consent banner: 1 year"'),
        ("<h2>Needed</h2><ul><li><code>lang</code>: yours<li><code>theme</code>: colours</ul>", 'a list without names of cookies, from "lang"'),
    ],
)  # fmt: skip
def test_a_name_or_a_lifetime_in_text_is_reported(text: str, told: str) -> None:
    assert read(text) == ([], [told])


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        ("<ul><li><b>a_1</b> - x<li><b>b_1</b> - y<li><b>Duration:</b> 13 months</ul>", ["a_1", "b_1"], "a label without the name of its cookie"),
        ("<ul><li><b>a_1</b> - x<li><b>Durée :</b> 13 mois</ul>", ["a_1"], "a label without the name of its cookie"),
        ("<ul><li><b>a_1</b>, <b>b_1</b> — x (duration: 2 years and 24 hours respectively)</ul>", ["a_1", "b_1"], 'perhaps a lifetime in the text of "a_1"'),
        ("<ul><li><b>a_1</b>, <b>b_1</b> — x (expiração: 2 anos e 24 horas, respectivamente)</ul>", ["a_1", "b_1"], 'perhaps a lifetime in the text of "a_1"'),
        ("<ul><li><b>a_1</b>, <b>b_1</b> — Speicherdauer: 2 Jahre bzw. 24 Stunden</ul>", ["a_1", "b_1"], 'perhaps a lifetime in the text of "a_1"'),
        ("<ul><li>a_1: deleted when you sign out</ul>", ["a_1"], 'perhaps a lifetime in the text of "a_1"'),
        ("<ul><li>a_1: wordt verwijderd</ul>", ["a_1"], 'perhaps a lifetime in the text of "a_1"'),
        ("<table><tr><td>a_1<td>login<td>never<tr><td>b_1<td>x<td>1 day</table>", ["a_1", "b_1"], 'the lifetime "never" of "a_1" is not understood'),
        ("<table><tr><td>a_1<td>A<td>B<td>Counts visits<td>1 day to 2 years</table>", ["a_1"], 'the lifetime "1 day to 2 years" of "a_1" is not understood'),
        ("<table><tr><td>a_1<td>1 day<td>2 days<td>Counts all visits</table>", ["a_1"], 'perhaps the lifetime of "a_1": "2 days"'),
    ],
)  # fmt: skip
def test_a_lifetime_that_no_column_or_label_explains_is_reported(text: str, names: list[str], told: str) -> None:
    found, reports = read(text)
    assert [name for name, _, _ in found] == names
    assert len(reports) == 1 and reports[0].startswith(told)


STACKED = "We use these cookies:\n\n_ga\n\nCounts visits.\n\n{span}\n\n{word}\n\nKeeps you signed in.\n\n{span}\n"


@pytest.mark.parametrize("word", ["ASPXAUTH", "AntiXsrfToken", "NREUM", "GlobalNavLink", "campusAuth"])
def test_a_word_in_the_place_of_a_name_is_read_or_reported(word: str) -> None:
    page = read_page(STACKED.format(word=word, span="2 year expiry").encode())
    found = [(claim.name, claim.lifetime and claim.lifetime.text) for claim in page.claims]
    is_reported = [left.why for left in page.not_understood][:1] == [f'perhaps a cookie, alone in its line: "{word}"']
    assert found == ([("_ga", "2y")] if is_reported else [("_ga", "2y"), (word, "2y")])
    assert is_reported == word.isupper()
    page = read_page(f"Cookie\nPurpose\n_ga\nCounts.\n{word}\nKeeps you signed in.\n_gid\nCounts.\n".encode())
    assert ([claim.name for claim in page.claims], page.not_understood) == (["_ga", word, "_gid"], [])


@pytest.mark.parametrize("word", ["Session", "Marketing", "example.com", "Analytics:", "Necessary", "1.2"])
def test_a_word_that_is_a_heading_or_a_host_is_not_reported(word: str) -> None:
    page = read_page(f"We use these cookies:\n\n_ga\nCounts visits.\n\n{word}\n\n_gid\nCounts visits.\n".encode())
    assert [claim.name for claim in page.claims] == ["_ga", "_gid"] and page.not_understood == []


@pytest.mark.parametrize(
    "span",
    ["Expires on exit of browser", "Removed on closing the browser", "session", "Expires after closing the browser"],
)
def test_a_lifetime_below_a_blank_line_belongs_to_the_name_above(span: str) -> None:
    page = read_page(f"We use these cookies:\n\n_ga\n\nCounts visits.\n\n{span}\n\n_gid\n\nCounts.\n".encode())
    assert [(claim.name, claim.lifetime and claim.lifetime.text) for claim in page.claims] == [
        ("_ga", "session"),
        ("_gid", None),
    ]
    assert len(page.groups) == 1 and page.not_understood == []


def test_a_column_of_a_table_without_heads_is_named() -> None:
    page = read_page(
        b"<table><tr><td>a_1<td>Shop<td>Counts all visits<td>1 day<tr><td>b_1<td>Shop<td>x x x<td>1 day</table>"
    )
    assert [left.why for left in page.columns] == ['column not read, without a head: "Shop"']


@pytest.mark.parametrize("between", ["<li>Title: beta, Purpose: y, Expires: 2 days", "</ul><p>vuid: video, persistent"])
def test_another_cookie_below_labelled_values_is_reported(between: str) -> None:
    found, told = read(f"<ul><li>Name: alma, Purpose: x, Expires: 1 day{between}")
    assert [name for name, _, _ in found] == ["alma"]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("item", "purpose", "span"),
    [
        ("_x: Persistent", "", "Persistent"),
        ("_x: indefinite", "", "indefinite"),
        ("_x: forever", "", "forever"),
        ("_x: unlimited", "", "unlimited"),
        ("_x: until deleted", "", "until deleted"),
        ("_x: ewiglich", "", "ewiglich"),
    ],
)
def test_an_unknown_word_among_lifetimes_is_reported(item: str, purpose: str, span: str) -> None:
    found, told = read(f"<ul><li>_y: 1 year<li>{item}</ul>")
    assert found == [("_y", "", "1y"), ("_x", purpose, "-")]
    assert told == [f'the lifetime "{span}" of "_x" is not understood']


@pytest.mark.parametrize("item", ["_x: polls, persistent", "_x - polls - persistent", "_x: polls (persistent)"])
def test_a_lifetime_that_cannot_be_used_is_reported_in_a_text(item: str) -> None:
    assert read(f"<ul><li>_y: counts, 1 year<li>{item}</ul>")[1] == [
        'the lifetime "persistent" of "_x" is not understood'
    ]


def test_an_emphasised_name_in_the_text_of_another_one_is_reported() -> None:
    found, told = read("<ul><li><b>a_1</b> – x – 1 year<br><b>b_1</b> – y – 2 years</ul>")
    assert [name for name, _, _ in found] == ["a_1"]
    assert told == ['a name outside of lists and tables: "b_1"']


@pytest.mark.parametrize(
    "text",
    [
        "<p>Name: Acme Ltd. Address: Main Street 1.</p>",
        "<p>Name: Müller</p>",
        "<p>Cookies: what are they?</p>",
        "<p>This site sets <b>one</b> cookie.</p>",
        "<p>There are <b>persistent</b> cookies and <b>session</b> cookies.</p>",
        "<p>Vimeo sets a cookie, which is kept for 2 years.</p>",
    ],
)
def test_labels_of_other_things_are_not_reported(text: str) -> None:
    assert read(text) == ([], [])


@pytest.mark.parametrize(
    "piece",
    [
        "Name: a_1. ",
        '"theme" cookie, ',
        "(_a ",
        "deleted ",
        "Name: a_1, Purpose ",
        "a, b, ",
        "sets x, ",
        "a (b ",
        "Cookies: a: ",
    ],
)
@pytest.mark.parametrize("before", ["", "Name: x. ", "<b>a_1</b>, "])
def test_a_long_line_is_read_in_linear_time(before: str, piece: str) -> None:
    def reads(length: int) -> object:
        return read_page(f"{TABLE}<ul><li>{before}{piece * (length // len(piece))}</ul>".encode())

    assert growth(reads, 2_000) < LINEAR
