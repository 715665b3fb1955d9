"""Texts that begin with the name of a cookie: `_ga: visits, 2 years`, `**MUID.** Identifies browsers.`"""

import re
from dataclasses import dataclass

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.tools.statement.labels import label, labelled_span
from cookiewarden.tools.statement.lines import PageLine
from cookiewarden.tools.statement.names import COMPANIES, MAX_NAMES, STRONG, could_be_a_name, names_in
from cookiewarden.tools.statement.phrases import (
    has_number_of_time,
    is_like_lifetime,
    is_only_lifetime,
    lifetime_in,
    lifetime_of,
    speaks_of_several,
    unread_lifetime_in,
)

_NAME = re.compile(
    r"""["'`\u201c\u2018]?(?P<name>[^\s:"'`\u201c\u201d\u2018\u2019=;,()]{1,128}"""
    r"""(?:[ ]?\[[^\]\s]{1,30}\])?)["'`\u201d\u2019]?"""
    r"""(?P<more>(?:[ ]?(?:,|/|and|or|en|of)[ ](?:[^\s:=;,()]{1,128}))*)"""
    r"""[ ]*[\u2013\u2014-]*[ ]*(?P<separator>:|[\u2013\u2014]|[ ][|-][ ]|\()[ ]*(?P<text>.+)"""
)
MAX_ITEM = 4000
"""Maximum characters of the text of a cookie."""
_CLEAR_ITEM = re.compile(r"(_[\w*.-]+|\w+SESS(?:ION)?ID)\s+(?:[|\u2013\u2014-]\s+)?(.+)")


@dataclass(frozen=True, slots=True)
class NamedText:
    """Names at the beginning of a text, and the text behind them."""

    names: list[str]
    text: str
    lifetime: Lifetime | None

    @property
    def has_unread_lifetime(self) -> bool:
        """Check for a number with a unit of time, or a text behind a label for lifetimes, that was not read."""
        return self.lifetime is None and (has_number_of_time(self.text) or bool(labelled_span(self.text)))


def named_text(line: PageLine) -> NamedText | None:
    """Parse an item that begins with names."""
    if (led := led_text(line)) is not None:
        return led
    found = _NAME.match(line.text)
    if found is None or not could_be_a_name(found["name"]):
        names = names_in(line.text, False)
        names = names if all(map(STRONG.search, names)) else []
        if not names and (clear := _CLEAR_ITEM.match(line.text)):  # `__utmz stores where …`
            return NamedText([clear[1]], *parted(clear[2]))
        return NamedText(names, "", None) if names else None
    text, in_brackets = found["text"], None
    if found["separator"] == "(":  # `name (2 years): text`
        inside, closes, after = text.partition(")")
        in_brackets = lifetime_of(inside)
        text = (
            re.sub(r"^[\s:\u2013\u2014-]+", "", after) or inside if closes and in_brackets else text.removesuffix(")")
        )
    names = [found["name"], *re.findall(r"[^\s,/]+", re.sub(r"\b(and|or|en|of)\b", " ", found["more"]))]
    text, between = _without_lifetime(text)
    lifetime = in_brackets or between or lifetime_in(text) or at_the_end(text) or lifetime_of(labelled_span(text))
    if is_only_lifetime(text):  # as iubenda writes it: `_ga: 2 years`
        text, lifetime = "", lifetime_of(text)
    names = [name for name in names[:MAX_NAMES] if could_be_a_name(name)]
    return NamedText(names, text, lifetime) if names else None


def led_text(line: PageLine) -> NamedText | None:
    """Parse a text whose names are emphasised or code: `**MUID, MC1.** Identifies browsers.`"""
    lead = line.lead
    rest = line.text[len(lead) :].strip()
    names = names_in(lead.rstrip(" .:\u2013\u2014-"), False) if lead and rest else []
    if not names or not re.match(r"[\w\"'(|:,;/&+\u2013\u2014-]", rest):
        return None
    if lead[-1] not in ".:" and re.match(r"[a-z]", rest) and not all(map(_is_of_a_name, names)):
        return None  # a sentence that begins with an emphasised word
    if more := _MORE.match(rest):
        others = names_in(more["names"], False)
        if others and all(_is_further_name(name, line) for name in others):
            names, rest = [*names, *others][:MAX_NAMES], rest[more.end() :]
    text, lifetime = parted(re.sub(r"^[\s:,|\u2013\u2014-]+", "", rest))
    return NamedText(names, text, lifetime or at_the_end(text))


def _is_further_name(word: str, line: PageLine) -> bool:
    """Check for a name behind another, and not a number as in `**_ga**, 2 years`."""
    is_name = word in line.marked or STRONG.search(word) is not None
    return is_name and re.search(r"[^\W\d]", word) is not None and not is_like_lifetime(word)


_JOIN = r"(?:\s?(?:[,;/&+]|\b(?:and|or|en|of|und|oder|et|ou|y|e|o|i|og|och|ja|si|és|και)\b)){1,3}\s?"
_MORE = re.compile(rf"{_JOIN}(?P<names>[^\s:=;,/()]{{1,128}}(?:{_JOIN}[^\s:=;,/()]{{1,128}}){{0,20}})")
"""Further names behind an emphasised one: `**sid**, **lang** - …`."""


def _is_of_a_name(word: str) -> bool:
    return word[:1].islower() or STRONG.search(word) is not None


def is_unlike_words(word: str) -> bool:
    """Check for a name in a form that words of a text rarely have: `lang`, `_ga`, `XSRF-TOKEN`, `UserMatchHistory`."""
    return _is_of_a_name(word) or (_CAPITALS.fullmatch(word) is not None and word not in ABBREVIATIONS)


_CAPITALS = re.compile(r"[A-Z][A-Z0-9]{2,}(?:[-.][A-Z0-9]+)*|[A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*")
"""Word of capitals, or with a capital in it."""
ABBREVIATIONS = frozenset(
    ["AVG", "CRM", "CVs", "DSGVO", "EEA", "ERP", "FAQ", "GDPR", "GmbH", "PDF", "RGPD", "USA", "VAT"]
)
"""Words of capitals that have times of storage on other pages."""


def strong_text(line: PageLine) -> NamedText | None:
    """Parse `_ga: …` in running text, if the name has a character that other words do not have."""
    led = led_text(line)
    is_apart = re.match(r"[(|:,\u2013\u2014-]", line.text[len(line.lead) :].strip()) or line.lead[-1:] in (".", ":")
    if led is not None and is_apart and all(is_strong(name) for name in led.names):
        return led
    found = _NAME.match(line.text[:MAX_ITEM])
    if found is None or found["separator"] == "(" or found["more"]:
        return None
    if not could_be_a_name(found["name"]) or not is_strong(found["name"]):
        return None
    text, lifetime = parted(found["text"])
    return NamedText([found["name"]], text, lifetime or at_the_end(text))


def is_strong(name: str) -> bool:
    """Check for a name that is not an ordinary word, also in running text."""
    return re.search(r"[_%*]|SESS(?:ION)?ID$", name) is not None


def is_lone_word(line: PageLine) -> bool:
    """Check for a line that is one word and could be a name, unlike `Session` and `example.com`."""
    word = line.text
    is_word = could_be_a_name(word) and re.search(r"[^\W\d_]{2}", word) is not None and label(word) is None
    is_other = _ORDINARY.fullmatch(word) is not None or word.lower() in COMPANIES or is_like_lifetime(word)
    return is_word and not is_other


_ORDINARY = re.compile(r"[A-Z][^\W\d_A-Z]*[.:!?]?|[^\W\d_][^\W\d_A-Z]*[.:!?]|[\w.-]*\.[a-z]{2,}|\W.*|.*[:.!?)]")
"""Word with at most one capital, which is a heading in most pages, or the name of a host."""


def weak_text(line: PageLine) -> NamedText | None:
    """Parse a text that perhaps begins with names and has a lifetime: `lang: your language, 1 year`. Words with a
    capital are not names here, as in "Invoices: 7 years"."""
    if led_text(line) is None and _NAME.match(line.text[:MAX_ITEM]) is None:
        return None
    found = named_text(line)
    return found if found is not None and is_perhaps_a_cookie(found) else None


def is_perhaps_a_cookie(found: NamedText) -> bool:
    """Check for names that are not usual words, with a lifetime or an unread one."""
    if not all(map(is_unlike_words, found.names)):
        return False
    return found.lifetime is not None or found.has_unread_lifetime or bool(unread_lifetime_in(found.text))


def parted(text: str) -> tuple[str, Lifetime | None]:
    """Return a text without the lifetime between its dashes, and a lifetime."""
    if is_only_lifetime(text):
        return "", lifetime_of(text)
    rest, lifetime = _without_lifetime(text)
    return rest, lifetime or lifetime_in(rest)


def _without_lifetime(text: str) -> tuple[str, Lifetime | None]:
    """Take the lifetime out of `2 years - counts visits` and `2 years, counts visits`."""
    before, _, after = text.partition(",")
    if after and is_only_lifetime(before) and not has_number_of_time(after):
        return after.strip(), lifetime_of(before)
    parts = re.split(r"\s+[|\u2013\u2014-]\s+", text)
    spans = [part for part in parts if is_only_lifetime(part)]
    if len(parts) == 1 or len(spans) != 1:
        return text, None
    return " - ".join(part for part in parts if part is not spans[0]), lifetime_of(spans[0])


def at_the_end(text: str) -> Lifetime | None:
    """Find a lifetime at the end of a text: `the language (2 years)`, `the language, 2 years.`, `Language. 2 years.`"""
    found = re.search(r"(?:\(([^()]{1,40})\)|[,;.]\s*([^,;.()]{1,40}))\.?$", text)
    said = (found[1] or found[2]) if found and not speaks_of_several(text) else ""
    return lifetime_of(said) if re.fullmatch(r"\s*(\S+\s+)?\S+\s*", said) else None
