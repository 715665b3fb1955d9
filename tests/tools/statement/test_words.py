"""The table of words: each language has all heads, and no word has two meanings."""

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from cookiewarden.tools.statement import words as room
from cookiewarden.tools.statement.phrases import is_like_lifetime, lifetime_of
from cookiewarden.tools.statement.words import HEADS, columns_of, folded, head_of, storage_of

TABLE = yaml.safe_load(Path(room.__file__).with_name("words.yaml").read_text("utf-8"))
EU = [
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fi",
    "fr",
    "ga",
    "hr",
    "hu",
    "it",
    "lt",
    "lv",
    "mt",
    "nl",
    "pl",
    "pt",
    "ro",
    "sk",
    "sl",
    "sv",
]


AROUND = ("around", "lasting", "others", "renewed", "hedges")
"""Words beside lifetimes and names."""


def test_each_official_language_of_the_eu_has_each_head_and_unit() -> None:
    assert sorted(TABLE) == EU
    for language in TABLE.values():
        assert all(language[kind] for kind in (*HEADS, "session", "one", *AROUND))
        assert list(language["units"]) == ["s", "min", "h", "d", "w", "mo", "y"]


def test_no_head_and_no_unit_has_two_meanings() -> None:
    heads, units = defaultdict(set), defaultdict(set)
    for language in TABLE.values():
        for kind in HEADS:
            for phrase in language[kind]:
                heads[folded(phrase)].add(kind)
        for unit, forms in language["units"].items():
            for word in forms:
                units[folded(word)].add(unit)
    assert [(phrase, kinds) for phrase, kinds in heads.items() if len(kinds) > 1] == []
    assert [(word, said) for word, said in units.items() if len(said) > 1] == []


def test_no_word_that_changes_a_lifetime_is_ignored() -> None:
    changing = {
        folded(word) for language in TABLE.values() for kind in ("hedges", "lasting") for word in language[kind]
    }
    ignored = {folded(word) for language in TABLE.values() for word in language["around"]}
    refusing = {"no", "not", "non", "nicht", "kein", "keine", "geen", "niet", "ikke", "inte", "pas", "nie", "ne", "nu", "nav", "nem", "ei", "nao"}  # fmt: skip
    assert ignored & (changing | refusing) == set()


@pytest.mark.parametrize("language", EU)
def test_words_around_a_lifetime_are_read_in_each_language(language: str) -> None:
    words = TABLE[language]
    unit, hedge = words["units"]["d"][0], words["hedges"][0]
    around = [word for word in words["around"] if lifetime_of(word) is None]  # others are words of sessions
    assert {str(lifetime_of(f"{word} 14 {unit}")) for word in around} == {"14d"}
    assert lifetime_of(f"{hedge} 14 {unit}") is None
    assert {lifetime_of(word) for word in words["lasting"]} == {None} and all(map(is_like_lifetime, words["lasting"]))


@pytest.mark.parametrize("language", EU)
def test_a_head_and_lifetimes_are_read_in_each_language(language: str) -> None:
    words = TABLE[language]
    head = tuple(words[kind][0].upper() for kind in ("name", "provider", "purpose", "lifetime", "type"))
    assert columns_of(head) == {"name": [0], "provider": [1], "purpose": [2], "lifetime": [3], "type": [4]}
    for unit, forms in words["units"].items():
        assert {str(lifetime_of(f"14 {form}")) for form in forms} == {f"14{unit}"}
        assert str(lifetime_of(f"{words['one'][0]} {forms[0]}")) == f"1{unit}"
    assert {str(lifetime_of(said)) for said in words["session"]} == {"session"}


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("Cookie name", "name"), ("Cookies", "name"), ("Cookies used", "type"), ("Cookie Subgroup", "provider"), ("Cookie Provider", "provider"), ("Expiry time (days)", "lifetime"),
        ("Maximum Storage Duration", "lifetime"), ("Description of Use", "purpose"), ("Storage type", "type"), ("Retention Time", "lifetime"), ("Name of the service", "provider"), ("First name", None),
        ("Durée", "lifetime"), ("DUREE DE CONSERVATION", "lifetime"), ("Zweck:", "purpose"), ("Speicherdauer*", "lifetime"), ("x" * 61, None), ("", None),
    ],
)  # fmt: skip
def test_a_head_is_found_by_its_longest_phrase(cell: str, kind: str | None) -> None:
    head = head_of(cell)
    assert (head.kind if head else None) == kind


@pytest.mark.parametrize(
    ("cell", "lifetime"),
    [
        ("et døgn", "1d"), ("Når du lukker browseren", "session"), ("2 évig", "2y"), ("90 napig", "90d"), ("a böngésző bezárásáig", "session"),
        ("14 Tage", "14d"), ("1 an", "1y"), ("24 uur", "24h"), ("sesión", "session"), ("2 años", "2y"), ("un anno", "1y"), ("12 miesięcy", "12mo"), ("30 perc", "30min"),
        ("1 year 1 month 4 days", "9586h"), ("2 Jahre und 1 Monat", "25mo"), ("12 months (365 days)", "12mo"), ("1 Jahr(e)", "1y"), ("13 mois", "13mo"), ("6 luni", "6mo"), ("2 έτη", "2y"), ("10 let", "10y"),
        ("24 hours / 2 years", None), ("Session / 1 day", None), ("1 year or 12 months", "1y"), ("fino alla chiusura del browser", "session"), ("bis zum Schließen des Browsers", "session"), ("à la fermeture du navigateur", "session"), ("1 year, 1 day", None), ("persistent", None), ("1.5 years", None), ("0 days", None), ("one time token", None), ("", None),
        ("86 400 seconds", "86400s"), ("1\u00a0440 minutes", "1440min"), ("1 800 s", "1800s"), ("12 12 months", None), ("1\u00bd years", None), ("1 year and a half", None), ("un an et demi", None), ("more than 1 year", None), ("mehr als 1 Jahr", None), ("plus de 2 ans", None), ("<1 day", None), ("~1 year", None), ("1 year+", None),
        ("2-3 years", None), ("1 - 2 days", None), ("between 1 and 2 years", None), ("6 \u00e0 12 mois", None), ("1 bis 2 Jahre", None), ("3/6 mois", None), ("Session (2 hours)", None), ("30 days (session)", None), ("Not a session cookie", None), ("keine Session", None), ("No session cookie", None), ("session, unless you stay signed in", None),
        ("2 years from set/update", "2y"), ("13 Monate ab dem letzten Besuch", "13mo"), ("h\u00f6chstens 2 Jahre", "2y"), ("persistent (2 years)", "2y"), ("forever and a day", None), ("persistent session", None), ("2 years\u00b9", "2y"), ("Speicherdauer: 12 Monate", "12mo"), ("First-party session cookie deleted after you quit your browser", "session"), ("1 week, renewed at each session", "1w"), ("1 jaar, niet verlengd door bezoeken", "1y"), ("1 day " + "x" * 200, None),
    ],
)  # fmt: skip
def test_a_lifetime_is_one_lifetime_or_none(cell: str, lifetime: str | None) -> None:
    found = lifetime_of(cell)
    assert (found.text if found else None) == lifetime


@pytest.mark.parametrize(
    ("text", "is_cookie"),
    [("HTTP Cookie", True), ("http_cookie", True), ("First Party", True), ("", True), ("Cookie, local storage", True), ("HTML", False), ("HTML Local Storage", False), ("html_session_storage", False), ("IndexedDB", False), ("Pixel Tracker", False), ("Lokaler Speicher", False), ("Almacenamiento local", False), ("localStorage", False)],
)  # fmt: skip
def test_storage_that_is_not_a_cookie_is_recognised(text: str, is_cookie: bool) -> None:
    assert (storage_of(text) == "") is is_cookie
