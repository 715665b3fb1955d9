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
        ("1 year 1 month 4 days", "400d"), ("2 Jahre und 1 Monat", "25mo"), ("12 months (365 days)", "12mo"), ("1 Jahr(e)", "1y"), ("13 mois", "13mo"), ("6 luni", "6mo"), ("2 έτη", "2y"), ("10 let", "10y"),
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


AS_PEOPLE_WRITE = [
    # language, text, lifetime
    ("pl", "Wygaśnięcie po 2 latach", "2y"),
    ("pl", "Wygasa po 30 dniach", "30d"),
    ("pl", "Po 6 miesiącach", "6mo"),
    ("pl", "pół roku", "6mo"),
    ("pl", "Koniec sesji", "session"),
    ("pl", "do zamknięcia przeglądarki", "session"),
    ("pl", "na czas trwania sesji", "session"),
    ("pl", "przez okres 2 lat", "2y"),
    ("pl", "2 lata od ostatniej wizyty", "2y"),
    ("pl", "Wygaśnięcie po zakończeniu sesji przeglądania", "session"),
    ("cs", "Vyprší za 2 roky", "2y"),
    ("cs", "Vyprší po 2 letech", "2y"),
    ("cs", "po 6 měsících", "6mo"),
    ("cs", "po 30 dnech", "30d"),
    ("cs", "půl roku", "6mo"),
    ("cs", "po dobu relace", "session"),
    ("cs", "do konce relace", "session"),
    ("cs", "do zavření prohlížeče", "session"),
    ("cs", "doba trvání relace", "session"),
    ("sk", "Vyprší o 2 roky", "2y"),
    ("sk", "po 2 rokoch", "2y"),
    ("sk", "po 6 mesiacoch", "6mo"),
    ("sk", "po 30 dňoch", "30d"),
    ("sk", "pol roka", "6mo"),
    ("sk", "počas relácie", "session"),
    ("sk", "do konca relácie", "session"),
    ("sk", "do zatvorenia prehliadača", "session"),
    ("hr", "Istječe nakon 2 godine", "2y"),
    ("hr", "nakon 6 mjeseci", "6mo"),
    ("hr", "nakon 30 dana", "30d"),
    ("hr", "pola godine", "6mo"),
    ("hr", "trajanje sesije", "session"),
    ("hr", "do kraja sesije", "session"),
    ("hr", "do zatvaranja preglednika", "session"),
    ("sl", "Poteče po 2 letih", "2y"),
    ("sl", "po 6 mesecih", "6mo"),
    ("sl", "po 30 dneh", "30d"),
    ("sl", "pol leta", "6mo"),
    ("sl", "trajanje seje", "session"),
    ("sl", "do konca seje", "session"),
    ("sl", "do zaprtja brskalnika", "session"),
    ("bg", "Изтича след 2 години", "2y"),
    ("bg", "след 6 месеца", "6mo"),
    ("bg", "след 30 дни", "30d"),
    ("bg", "половин година", "6mo"),
    ("bg", "за времето на сесията", "session"),
    ("bg", "до края на сесията", "session"),
    ("bg", "до затваряне на браузъра", "session"),
    ("hu", "2 év után lejár", "2y"),
    ("hu", "2 évig", "2y"),
    ("hu", "6 hónap után", "6mo"),
    ("hu", "30 nap múlva", "30d"),
    ("hu", "fél év", "6mo"),
    ("hu", "a munkamenet végéig", "session"),
    ("hu", "munkamenet időtartama", "session"),
    ("hu", "a böngésző bezárásáig", "session"),
    ("fi", "2 vuoden kuluttua", "2y"),
    ("fi", "2 vuoden jälkeen", "2y"),
    ("fi", "Vanhenee 2 vuoden kuluttua", "2y"),
    ("fi", "6 kuukauden jälkeen", "6mo"),
    ("fi", "30 päivän kuluttua", "30d"),
    ("fi", "puoli vuotta", "6mo"),
    ("fi", "istunnon ajan", "session"),
    ("fi", "istunnon loppuun", "session"),
    ("fi", "istunnon kesto", "session"),
    ("fi", "kunnes selain suljetaan", "session"),
    ("el", "Λήγει μετά από 2 έτη", "2y"),
    ("el", "μετά από 6 μήνες", "6mo"),
    ("el", "μετά από 30 ημέρες", "30d"),
    ("el", "μισό έτος", "6mo"),
    ("el", "διάρκεια συνεδρίας", "session"),
    ("el", "μέχρι το τέλος της συνεδρίας", "session"),
    ("el", "μέχρι το κλείσιμο του προγράμματος περιήγησης", "session"),
    ("el", "Λήγει με το κλείσιμο του προγράμματος περιήγησης", "session"),
    ("ro", "Expiră după 2 ani", "2y"),
    ("ro", "după 6 luni", "6mo"),
    ("ro", "după 30 de zile", "30d"),
    ("ro", "jumătate de an", "6mo"),
    ("ro", "durata sesiunii", "session"),
    ("ro", "până la sfârșitul sesiunii", "session"),
    ("ro", "până la închiderea browserului", "session"),
    ("lt", "po 2 metų", "2y"),
    ("lt", "po 6 mėnesių", "6mo"),
    ("lt", "po 30 dienų", "30d"),
    ("lt", "pusę metų", "6mo"),
    ("lt", "sesijos metu", "session"),
    ("lt", "iki sesijos pabaigos", "session"),
    ("lt", "sesijos trukmė", "session"),
    ("lt", "kol uždaroma naršyklė", "session"),
    ("lv", "pēc 2 gadiem", "2y"),
    ("lv", "pēc 6 mēnešiem", "6mo"),
    ("lv", "pēc 30 dienām", "30d"),
    ("lv", "pusgads", "6mo"),
    ("lv", "sesijas laikā", "session"),
    ("lv", "līdz sesijas beigām", "session"),
    ("lv", "sesijas ilgums", "session"),
    ("et", "2 aasta pärast", "2y"),
    ("et", "6 kuu pärast", "6mo"),
    ("et", "30 päeva pärast", "30d"),
    ("et", "pool aastat", "6mo"),
    ("et", "seansi ajal", "session"),
    ("et", "seansi lõpuni", "session"),
    ("et", "seansi kestus", "session"),
    ("da", "Udløber efter 2 år", "2y"),
    ("da", "efter 6 måneder", "6mo"),
    ("da", "efter 30 dage", "30d"),
    ("da", "et halvt år", "6mo"),
    ("da", "sessionens varighed", "session"),
    ("da", "indtil sessionen slutter", "session"),
    ("da", "når browseren lukkes", "session"),
    ("sv", "Upphör efter 2 år", "2y"),
    ("sv", "efter 6 månader", "6mo"),
    ("sv", "efter 30 dagar", "30d"),
    ("sv", "ett halvår", "6mo"),
    ("sv", "sessionens längd", "session"),
    ("sv", "under sessionen", "session"),
    ("sv", "tills webbläsaren stängs", "session"),
    ("de", "Läuft nach 2 Jahren ab", "2y"),
    ("de", "nach 2 Jahren", "2y"),
    ("de", "nach 6 Monaten", "6mo"),
    ("de", "nach 30 Tagen", "30d"),
    ("de", "ein halbes Jahr", "6mo"),
    ("de", "Dauer der Sitzung", "session"),
    ("de", "Ende der Sitzung", "session"),
    ("de", "bis zum Ende der Sitzung", "session"),
    ("de", "beim Schließen des Browsers", "session"),
    ("de", "Sitzungsende", "session"),
    ("fr", "Expire après 2 ans", "2y"),
    ("fr", "après 6 mois", "6mo"),
    ("fr", "au bout de 30 jours", "30d"),
    ("fr", "six mois", "6mo"),
    ("fr", "durée de la session", "session"),
    ("fr", "fin de session", "session"),
    ("fr", "à la fin de la session", "session"),
    ("fr", "à la fermeture du navigateur", "session"),
    ("fr", "session de navigation", "session"),
    ("es", "Caduca a los 2 años", "2y"),
    ("es", "tras 6 meses", "6mo"),
    ("es", "después de 30 días", "30d"),
    ("es", "medio año", "6mo"),
    ("es", "duración de la sesión", "session"),
    ("es", "al finalizar la sesión", "session"),
    ("es", "fin de sesión", "session"),
    ("es", "al cerrar el navegador", "session"),
    ("es", "sesión de navegación", "session"),
    ("pt", "Expira após 2 anos", "2y"),
    ("pt", "após 6 meses", "6mo"),
    ("pt", "ao fim de 30 dias", "30d"),
    ("pt", "meio ano", "6mo"),
    ("pt", "duração da sessão", "session"),
    ("pt", "fim da sessão", "session"),
    ("pt", "até ao fim da sessão", "session"),
    ("pt", "ao fechar o navegador", "session"),
    ("it", "Scade dopo 2 anni", "2y"),
    ("it", "dopo 6 mesi", "6mo"),
    ("it", "dopo 30 giorni", "30d"),
    ("it", "sei mesi", "6mo"),
    ("it", "durata della sessione", "session"),
    ("it", "fine della sessione", "session"),
    ("it", "al termine della sessione", "session"),
    ("it", "alla chiusura del browser", "session"),
    ("it", "sessione di navigazione", "session"),
    ("nl", "Verloopt na 2 jaar", "2y"),
    ("nl", "na 6 maanden", "6mo"),
    ("nl", "na 30 dagen", "30d"),
    ("nl", "een half jaar", "6mo"),
    ("nl", "duur van de sessie", "session"),
    ("nl", "einde van de sessie", "session"),
    ("nl", "tot het einde van de sessie", "session"),
    ("nl", "bij sluiten van de browser", "session"),
    ("mt", "wara 6 xhur", "6mo"),
    ("mt", "wara 30 jum", "30d"),
    ("mt", "is-sessjoni", "session"),
    ("ga", "tar éis 2 bhliain", "2y"),
    ("ga", "6 mhí", "6mo"),
    ("ga", "30 lá", "30d"),
    ("ga", "seisiún", "session"),
    ("en", "Expires after 2 years", "2y"),
    ("en", "after 6 months", "6mo"),
    ("en", "in 30 days", "30d"),
    ("en", "half a year", "6mo"),
    ("en", "duration of the session", "session"),
    ("en", "end of session", "session"),
    ("en", "until the browser is closed", "session"),
    ("en", "when you close your browser", "session"),
    ("en", "for the duration of your visit", "session"),
    ("en", "2 years from last visit", "2y"),
    ("en", "2 years after your last visit", "2y"),
    ("en", "24 hrs", "24h"),
    ("en", "browser session", "session"),
    ("en", "session only", "session"),
    ("en", "2 years (rolling)", "2y"),
]


@pytest.mark.parametrize(("language", "said", "lifetime"), AS_PEOPLE_WRITE)
def test_lifetimes_are_read_as_people_write_them_in_each_language(language: str, said: str, lifetime: str) -> None:
    assert str(lifetime_of(said)) == lifetime


def test_every_language_has_such_texts() -> None:
    assert {language for language, _, _ in AS_PEOPLE_WRITE} == set(EU)


@pytest.mark.parametrize("said", ["one and a half years", "a few seconds", "some months", "several weeks"])
def test_a_time_without_a_number_is_like_a_lifetime_and_is_none(said: str) -> None:
    assert is_like_lifetime(said) and lifetime_of(said) is None


def test_no_number_in_words_has_two_meanings() -> None:
    found: dict[str, int] = {}
    for words in TABLE.values():
        for number, forms in enumerate(words["numbers"], 2):
            for word in forms.split("/"):
                assert found.setdefault(folded(word), number) == number
