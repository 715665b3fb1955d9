"""Parser of published cookie statements: names, purposes and lifetimes of cookies.

It reads lists (`- name: text`), tables and definition lists, in English and Dutch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.tools.statement.pagetext import LineKind, NoStatement, PageLine, lines_of, plain
from cookiewarden.tools.statement.phrases import columns_of, day_in, lifetime_in, lifetime_of


@dataclass(slots=True)
class Claim:
    """Cookie on a page."""

    name: str
    """Name for a policy, with `*` for placeholders."""
    written: str
    """Name on the page."""
    purpose: str
    lifetime: Lifetime | None
    line: int
    group: int


@dataclass(slots=True)
class Group:
    """Heading and introduction of cookies that are listed together."""

    heading: str
    intro: str


@dataclass(slots=True)
class Published:
    """Contents of a page."""

    claims: list[Claim] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    edited: str = ""
    """Date of the last edit as in 2026-12-31, or ""."""
    text: str = ""
    """Text of the page."""


def read_page(raw: bytes) -> Published:
    """Parse a page. Raises NoStatement if it names no cookies."""
    published = _Reader(lines_of(raw)).read()
    if not published.claims:
        raise NoStatement(
            "no cookies found; supported are lists (- name: purpose), tables and definition lists, and the text of a "
            "PDF from pdftotext -layout"
        )
    return published


_BROWSERS = frozenset(
    [
        "chrome",
        "firefox",
        "safari",
        "edge",
        "opera",
        "brave",
        "internet",
        "explorer",
        "android",
        "ios",
        "vivaldi",
    ]
)
_INTRODUCES = re.compile(
    r"(following|these|below|list of|overview "
    r"of|uses?|used|volgende|deze|onderstaande|overzicht|gebruikt?)\b.{0,60}\bcookies|\bcookies\b.{0,80}(are (in "
    r"use|used|set|placed)|worden (gebruikt|geplaatst)|gebruikt|:$)",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"[_%*0-9]|[a-z][A-Z]|^[A-Z]{4,}$|^(sid|sess|session|lang|token|csrf|locale)|(sid|id|token|session)$|-[a-z]+-"
)
_NAME = re.compile(
    r"""["'`\u201c\u2018]?(?P<name>[^\s:"'`\u201c\u201d\u2018\u2019=;,()]{1,128}"""
    r"""(?:[ ]?\[[^\]\s]{1,30}\])?)["'`\u201d\u2019]?"""
    r"""(?P<more>(?:[ ]?(?:,|/|and|or|en|of)[ ](?:[^\s:=;,()]{1,128}))*)"""
    r"""[ ]*[\u2013\u2014-]*[ ]*(?P<separator>:|[\u2013\u2014]|[ ]-[ ]|\()[ ]*(?P<text>.+)"""
)


MAX_ITEM = 4000
"""Maximum characters of the text of a cookie."""
MAX_INTRO = 1000
"""Maximum characters of an introduction, counted from its end, and of a heading."""
MAX_NAMES = 50
"""Maximum names with one text; longer lists are not lists of names."""


class _Reader:
    def __init__(self, lines: list[PageLine]) -> None:
        self.lines = [
            line
            for line, before in zip(lines, [None, *lines], strict=False)
            if line.kind is not LineKind.BLANK or (before is not None and before.kind is not LineKind.BLANK)
        ]
        """Lines, without repeated blank lines."""
        self.known: set[str] = set()
        text = "\n".join(" ".join((line.text, *line.cells)) for line in lines)
        self.published = Published(edited=_edited(lines), text=text)
        self.heading = self.intro = ""
        self.heading_used = False
        self.columns: dict[str, int] | None = None

    def read(self) -> Published:
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if line.kind in (LineKind.ITEM, LineKind.ROW):
                at = self._block(at)
                continue
            if line.kind is LineKind.HEADING or (line.kind is LineKind.TEXT and self._is_heading(at)):
                self.heading, self.heading_used, self.intro = line.text[:MAX_INTRO], False, ""
            elif line.kind is LineKind.TEXT:
                before = "" if self._begins(at) else f"{self.intro} "
                self.intro = f"{before}{line.text[-MAX_INTRO:]}"[-MAX_INTRO:]
                if claim := self._strong_text(line):
                    self._add([claim])
            at += 1
        return self.published

    def _begins(self, at: int) -> bool:
        return at == 0 or self.lines[at - 1].kind is not LineKind.TEXT

    def _is_heading(self, at: int) -> bool:
        """Check for a short line between blank lines that is not a sentence."""
        text = self.lines[at].text
        alone = self._begins(at) and (at + 1 == len(self.lines) or self.lines[at + 1].kind is not LineKind.TEXT)
        return alone and len(text) <= 90 and not text.endswith((".", ":", ";", ",")) and text[:1].isupper()

    def _block(self, at: int) -> int:
        """Read adjacent items or rows, with the lines that continue them. Returns the index of the next line."""
        kind, items = self.lines[at].kind, []
        while at < len(self.lines):
            line = self.lines[at]
            if line.kind is kind:
                items.append(PageLine(kind, line.text[:MAX_ITEM], line.number, line.cells))
            elif (
                line.kind is LineKind.TEXT
                and kind is LineKind.ITEM
                and items
                and self.lines[at - 1].kind is not LineKind.BLANK
            ):
                if len(items[-1].text) < MAX_ITEM:
                    items[-1].text += f" {line.text[:MAX_ITEM]}"
            elif line.kind is not LineKind.BLANK or not self._goes_on(at, kind):
                break
            at += 1
        claims = [c for item in items for c in self._claims(item)]
        if kind is LineKind.ROW or self._is_list_of_cookies(claims):
            self._add(claims)
        self.columns = None
        return at

    def _goes_on(self, at: int, kind: LineKind) -> bool:
        return at + 1 < len(self.lines) and self.lines[at + 1].kind is kind

    def _is_list_of_cookies(self, claims: list[Claim]) -> bool:
        """Check that a list is about cookies, and not, for example, about settings of browsers."""
        if not claims or any(claim.written.lower() in _BROWSERS for claim in claims):
            return False
        strong = sum(_STRONG.search(claim.written) is not None for claim in claims)
        return strong * 2 > len(claims) or _INTRODUCES.search(f"{self.intro} {self.heading}") is not None

    def _add(self, claims: list[Claim]) -> None:
        first = {claim.name: claim for claim in reversed(claims)}
        new = [claim for name, claim in reversed(first.items()) if name not in self.known]
        self.known.update(first)
        if not new:
            return
        heading = "" if self.heading_used else self.heading
        group = Group(heading, self.intro)
        if not self.published.groups or ((heading or self.intro) and group != self.published.groups[-1]):
            self.published.groups.append(group)
        self.heading_used = True
        for claim in new:
            claim.group = len(self.published.groups) - 1
        self.published.claims += new

    def _claims(self, line: PageLine) -> list[Claim]:
        if line.kind is LineKind.ROW:
            return self._row(line)
        found = _NAME.match(line.text)
        if found is None or not _could_be_a_name(found["name"]):
            return []
        text, in_brackets = found["text"], None
        if found["separator"] == "(":  # `name (2 years): text`
            inside, closes, after = text.partition(")")
            in_brackets = lifetime_of(inside)
            text = (
                re.sub(r"^[\s:\u2013\u2014-]+", "", after) or inside
                if closes and in_brackets
                else text.removesuffix(")")
            )
        names = [found["name"], *re.findall(r"[^\s,/]+", re.sub(r"\b(and|or|en|of)\b", " ", found["more"]))]
        lifetime = in_brackets or lifetime_in(text) or _at_the_end(text)
        return [self._claim(name, text, lifetime, line) for name in names[:MAX_NAMES] if _could_be_a_name(name)]

    def _strong_text(self, line: PageLine) -> Claim | None:
        """Find `_ga: …` in running text, if the name has a character that other words do not have."""
        found = _NAME.match(line.text[:MAX_ITEM])
        if found is None or found["separator"] == "(" or found["more"]:
            return None
        if not _could_be_a_name(found["name"]) or not re.search(r"[_%*]", found["name"]):
            return None
        return self._claim(found["name"], found["text"], lifetime_in(found["text"]), line)

    def _row(self, line: PageLine) -> list[Claim]:
        cells = line.cells
        columns = columns_of(cells)
        if columns is not None:
            self.columns = columns
            return []
        if not cells or not cells[0]:
            return []
        known = self.columns
        if known is None and not _STRONG.search(cells[0]):
            return []
        at = known["name"] if known else 0
        cell = cells[at] if at < len(cells) else ""
        names, beside = _names_in(cell, known is not None), lifetime_of(cell.partition("(")[2])
        if known is None:
            spans = [found for cell in cells[1:] if (found := lifetime_of(cell)) is not None]
            purpose = max(cells[1:], key=len, default="")
            lifetime = spans[0] if spans else lifetime_in(purpose) or beside
            return [self._claim(name, purpose, lifetime, line) for name in names]
        span, purpose = (
            cells[known[key]] if known.get(key, 99) < len(cells) else "" for key in ("lifetime", "purpose")
        )
        lifetime = lifetime_of(span) or lifetime_in(purpose) or beside
        if len(names) > 1 and re.search(r"[/,;]|\b(and|or|en|of)\b", span):
            lifetime = None  # one lifetime per name, in an unknown order
        return [self._claim(name, purpose, lifetime, line) for name in names]

    def _claim(self, written: str, purpose: str, lifetime: Lifetime | None, line: PageLine) -> Claim:
        return Claim(pattern(written), written, plain(purpose[:MAX_ITEM]), lifetime, line.number, 0)


def _at_the_end(text: str) -> Lifetime | None:
    """Find a lifetime at the end of a text: `the language (2 years)`, `the language, 2 years.`"""
    found = re.search(r"(?:\(([^()]{1,40})\)|,\s*([^,()]{1,40}))\.?$", text)
    said = (found[1] or found[2]) if found else ""
    return lifetime_of(said) if re.fullmatch(r"\s*(\S+\s+)?\S+\s*", said) else None


def _names_in(cell: str, in_table: bool) -> list[str]:
    """Parse the names in a cell: `sid`, `sid (1 year)`, `a, b`, `a / b`, `a and b`."""
    bare = re.split(r"\s?\(|\s[\u2013-]\s", cell)[0]
    pieces = re.split(r"[,;]|\s/\s|\s&\s|\s(?:and|or|en|of)\s", bare)
    words = [piece.strip(" \"'`\u201c\u201d") for piece in pieces]
    if len(words) == 1 and " " in words[0]:  # one name per line in the source
        words = words[0].split(" ")
        words = words if all(map(_STRONG.search, words)) else []
    return words if len(words) <= MAX_NAMES and all(_could_be_a_name(word, in_table) for word in words) else []


def _could_be_a_name(name: str, in_table: bool = False) -> bool:
    """Check a name. `in_table`: it is in a column of names, where the name of a browser can be a cookie's name."""
    if not name or len(name) > 128 or re.search(r"[\s;=,]|^https?:|^www\.|@", name) or not name.isprintable():
        return False
    return (in_table or name.lower() not in _BROWSERS) and re.search(r"[\w%]", name) is not None


# Brackets do not nest, so that a page of opening brackets takes linear time.
_ANYTHING = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>|(?<![A-Za-z])[xX]{2,}(?![A-Za-z])|#+|\u2026|\.{3}|\*+")


def pattern(written: str) -> str:
    """Convert names such as `intercom-id-xxx`, `_ga_<container-id>` and `_gat_[name]` to globs."""
    return re.sub(r"\*+", "*", _ANYTHING.sub("*", written.strip())).replace(" *", "*")


# The last edit

_EDITED = re.compile(
    r"(last|latest)\b.{0,12}\b(edit|updat|modif|revis|chang)|(edited|updated|revised|modified) "
    r"(on|:)|effective|version (of|date)|laatst|bijgewerkt|gewijzigd|versie",
    re.IGNORECASE,
)


def _edited(lines: Iterable[PageLine]) -> str:
    """Return the date of the last edit as in 2026-12-31, or ""."""
    said = ((line.text, _EDITED.search(line.text)) for line in lines)
    days = (day_in(text[found.start() :]) for text, found in said if found)
    return next(filter(None, days), "")
