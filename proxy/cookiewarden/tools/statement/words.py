"""Words of published pages in the official languages of the EU, from words.yaml: heads of tables, and lifetimes."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

MAX_COLUMNS = 20
"""Maximum columns of a table of cookies."""
MAX_HEAD = 60
"""Maximum characters of a head."""
PARTIAL = 5
"""Minimum characters of a head that is found among other words."""
LONG = 3
"""Minimum characters of a unit without a number."""
HEADS = ("name", "provider", "purpose", "lifetime", "type", "category")


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a column, or label of a value."""

    kind: str
    """Member of HEADS."""
    phrase: str
    rank: int
    """Place in the list of its language; smaller is preferred."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of all languages, without accents and in lower case."""

    heads: dict[str, Head]
    partial: re.Pattern[str]
    units: dict[str, str]
    """Units of policies by their words."""
    numbers: dict[str, int]
    """Numbers in words."""
    spans: re.Pattern[str]
    """Number and unit, or a phrase for half a year. A number in words is of the same language as its unit."""
    time: re.Pattern[str]
    """Units in words, with or without a number."""
    session: re.Pattern[str]
    closing: re.Pattern[str]
    """Phrases about the end of the browser, which mean a session also in a sentence."""
    around: list[re.Pattern[str]]
    """Words that do not change the lifetime beside them, for each language."""
    lasting: re.Pattern[str]
    """Lifetimes without an end, such as "persistent"."""
    others: re.Pattern[str]
    """Words for names that are not listed, such as "and others"."""
    renewed: re.Pattern[str]
    """Clauses about a renewal, such as ", renewed at each session"."""
    hedges: re.Pattern[str]
    """Words that change a number, such as "more than"."""


def folded(text: str) -> str:
    """Return a text without accents and differences of case, with single spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


@lru_cache(maxsize=1)
def words() -> Vocabulary:
    """Read the table of words."""
    table: dict[str, dict[str, list[str]]] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text("utf-8"))
    heads: dict[str, Head] = {}
    units: dict[str, str] = {}
    counted: list[str] = []
    sessions: list[str] = []
    halves: list[str] = []
    numbers: dict[str, int] = {}
    said_of: dict[str, list[str]] = {"lasting": [], "others": [], "renewed": [], "hedges": []}
    around: list[re.Pattern[str]] = []
    for language in table.values():
        around.append(_of_words(language["around"]))
        for kind, phrases in said_of.items():
            phrases += language[kind]
        for kind in HEADS:
            for rank, phrase in enumerate(language[kind]):
                heads.setdefault(folded(phrase), Head(kind, folded(phrase), rank))
        said: dict[str, list[str]] = language["units"]  # type: ignore[assignment]
        own = {folded(word): unit for unit, forms in said.items() for word in forms}
        units |= own
        forms = [language["one"], *(both.split("/") for both in language["numbers"])]
        in_words = {folded(word): number for number, same in enumerate(forms, 1) for word in same}
        numbers |= in_words
        counted.append(rf"(?:{_any(in_words)})(?=[\s-]+(?:{_any(own)})\b)")
        halves += map(folded, language["half_year"])
        sessions += map(folded, language["session"])
    partial = [phrase for phrase, head in heads.items() if head.kind != "name" and len(phrase) >= PARTIAL]
    return Vocabulary(
        heads,
        re.compile(rf"(?<!\w)(?:{_any(partial)})(?!\w)"),
        units,
        numbers,
        re.compile(
            rf"(?<![\w.,\u2044])(?:(?P<half>{_any(halves)})"
            rf"|(?:(?P<number>(?<![0-9] )[0-9]{{1,3}}(?: [0-9]{{3}}){{1,3}}|[0-9]{{1,9}})"
            rf"|(?P<word>{'|'.join(counted)}))"
            rf"[\s-]*(?P<unit>{_any(units)}))(?!\w)"
        ),
        _of_words(word for word in units if len(word) >= LONG),
        _of_words(sessions),
        _of_words(phrase for phrase in sessions if phrase.count(" ") > 1 and _BROWSER.search(phrase)),
        around,
        _of_words(said_of["lasting"]),
        _of_words(said_of["others"]),
        re.compile(rf"[,;(] ?(?:{_any(map(folded, said_of['renewed']))})(?!\w)[^0-9,;]*$"),
        _of_words(said_of["hedges"]),
    )


_BROWSER = re.compile(
    "browse|naveg|navig|prohliz|przeglad|prehliad|pregled|brskal|\u0431\u0440\u0430\u0443\u0437|bongesz|selai|"
    "\u03c0\u03b5\u03c1\u03b9\u03b7\u03b3|narsykl|parluk|brause|webblas"
)
"""Beginnings of words for browsers."""


def _of_words(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any(map(folded, phrases))})(?!\w)")


def span_of(found: re.Match[str]) -> tuple[int, str]:
    """Return the number and the unit of a match of `spans`."""
    if found["half"]:
        return 6, "mo"
    number = int(found["number"].replace(" ", "")) if found["number"] else words().numbers[found["word"]]
    return number, words().units[found["unit"]]


def is_counted(found: re.Match[str]) -> bool:
    """Check that a match of `spans` has a number other than one in words: `a day` is often no lifetime."""
    return not found["word"] or words().numbers[found["word"]] > 1


def _any(phrases: Iterable[str]) -> str:
    """Return an expression for one of several phrases, the longest first."""
    return "|".join(map(re.escape, sorted(phrases, key=lambda p: (-len(p), p))))


_IN_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]$")
"""Unit or remark at the end of a head: `TTL (days)`."""


def head_of(cell: str) -> Head | None:
    """Return the head that a cell names, or None. Heads of names are exact; others may be among other words."""
    if len(cell) > MAX_HEAD:
        return None
    text = folded(cell).strip(" :*.?#")
    bare = _IN_BRACKETS.sub("", text).strip(" :*.?#")
    if (exact := words().heads.get(text) or words().heads.get(bare)) is not None:
        return exact
    found = max(words().partial.findall(text), key=len, default="")
    return words().heads.get(found)


def columns_of(cells: tuple[str, ...]) -> dict[str, list[int]] | None:
    """Return the columns by their heads, the best first, or None for rows that are not the head of a table of
    cookies. Such a head has a name and one of the other kinds."""
    if not 2 <= len(cells) <= MAX_COLUMNS:
        return None
    heads = [(head, at) for at, cell in enumerate(cells) if (head := head_of(cell)) is not None]
    found: dict[str, list[int]] = {}
    for head, at in sorted(heads, key=lambda pair: (pair[0].rank if pair[0].kind == "name" else 0, pair[1])):
        found.setdefault(head.kind, []).append(at)
    return found if "name" in found and len(found) > 1 else None


# Storage that is not a cookie

_STORAGE = re.compile(
    r"\b(local ?storage|session ?storage|web ?storage|indexed ?db|idb|pixels?|web ?beacons?"
    r"|beacons?|tracking pixel|flash|lokale[rn]? (?:speicher|opslag)|lokalspeicher|stockage (?:local|de session)"
    r"|almacenamiento (?:local|de sesion)|archiviazione locale|armazenamento local|pamiec lokalna|stocare locala"
    r"|lokal lagring|lokalt lager|mistni uloziste|lokalne ulozisko|helyi tarolo|cache storage|app storage)\b"
)


_TYPE_FILLER = (
    r"html ?5?|http|js|browser|items?|entr(?:y|ies)|objects?|keys?|trackers?|tracking|tags?|data|other|and|und|et|y|e|"
    r"en|or|oder|ou|o|the|in|type|types"
)
"""Words that may be beside the words of a kind of storage in a heading, such as "HTML5 local storage items"."""


def only_storage_of(text: str) -> str:
    """Return the kind of storage if the text has no other words, or "". A name such as "Facebook Pixel" is not one."""
    said = folded(text[:200]).replace("_", " ")
    rest = _TYPE_FILLER_WORD.sub(" ", _STORAGE.sub(" ", said))
    return "" if re.search(r"\w", rest) else storage_of(text)


_TYPE_FILLER_WORD = re.compile(rf"\b(?:{_TYPE_FILLER})\b")
_ABOUT_COOKIES = re.compile(
    r"cookie|tracker|traceur|ciastecz|\bsuti|evaste|kolacic|piskot|kupsis|slapuk|sikdat|\bkak(?:a|or)|\u0431\u0438\u0441\u043a\u0432\u0438\u0442|fianan"
)


def speaks_of_cookies(text: str) -> bool:
    """Check for a word for cookies in a language of the EU."""
    return _ABOUT_COOKIES.search(folded(text)) is not None


_SURE_STORAGE = re.compile(r"\b(?:(?:local|session|web) ?storage|indexed ?db|lokalspeicher|stockage local)\b")


def perhaps_storage_of(text: str) -> str:
    """Return the kind of storage in a heading with other words, which could be of cookies too, or ""."""
    said = folded(text[:200]).replace("_", " ")
    found = _SURE_STORAGE.search(said)
    return found[0] if found and storage_of(text) else ""


def storage_of(text: str) -> str:
    """Return the kind of storage that a text names and that is not a cookie, or ""."""
    said = folded(text[:200]).replace("_", " ")
    found = _STORAGE.search(said)
    if found is None:
        return "local storage" if said == "html" else ""  # short form in declarations of Cookiebot
    return "" if "cookie" in said else found[0]
