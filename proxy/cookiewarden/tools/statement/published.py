"""Parser of published cookie statements: names, purposes and lifetimes of cookies.

It reads lists (`- name: text`), tables, definition lists and labelled values (`Name: sid`), and accounts for each row
that it does not read. The heads and labels are in words.yaml."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.statement.lines import LineKind, NoStatement, PageLine, plain
from cookiewarden.tools.statement.names import BROWSERS, COUNT, MAX_NAMES, STRONG, could_be_a_name, names_in, pattern
from cookiewarden.tools.statement.pagetext import lines_of
from cookiewarden.tools.statement.phrases import day_in, is_only_lifetime, lifetime_in, lifetime_of
from cookiewarden.tools.statement.words import Head, columns_of, folded, head_of, storage_of, words


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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Row, or lifetime of a row, that was not read."""

    line: int
    why: str
    is_understood: bool = False
    """True for rows that are not cookies or repeat a cookie."""
    is_row: bool = True
    """False if only the lifetime was not read."""


@dataclass(slots=True)
class Published:
    """Contents of a page."""

    claims: list[Claim] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    edited: str = ""
    """Date of the last edit as in 2026-12-31, or ""."""
    text: str = ""
    """Text of the page."""
    rows: int = 0
    """Number of rows, items and labelled values that could be cookies."""
    sections: list[str] = field(default_factory=list)
    """Texts of rows that name a category."""
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def rows_read(self) -> int:
        """Number of rows that name cookies of `claims`."""
        return self.rows - sum(left.is_row for left in self.left_out)

    @property
    def not_understood(self) -> list[LeftOut]:
        """Rows and lifetimes that a person must read."""
        return [left for left in self.left_out if not left.is_understood]


def read_page(raw: bytes, charset: str = "") -> Published:
    """Parse a page. `charset`: from its Content-Type header, or "". Raises NoStatement if it names no cookies."""
    lines = lines_of(raw, charset)
    if sum(line.kind in (LineKind.ROW, LineKind.ITEM) for line in lines) > MAX_ROWS:
        raise NoStatement(f"it has more than {MAX_ROWS} rows and items")
    published = _Reader(lines).read()
    if not published.claims:
        if left := next(iter([*published.not_understood, *published.left_out]), None):
            rows = f"{published.rows} row{'s' * (published.rows != 1)}"
            raise NoStatement(f"no cookies found in {rows}; line {left.line}: {left.why}")
        raise NoStatement(
            "no cookies found; supported are lists (- name: purpose), tables and definition lists, and the text of a "
            "PDF from pdftotext -layout. If a script writes the list, save the page from a browser"
        )
    return published


_INTRODUCES = re.compile(
    r"(following|these|below|list of|overview "
    r"of|uses?|used|volgende|deze|onderstaande|overzicht|gebruikt?)\b.{0,60}\bcookies|\bcookies\b.{0,80}(are (in "
    r"use|used|set|placed)|worden (gebruikt|geplaatst)|gebruikt|:$)"
    r"|(folgende|verwende|nutzen|setzen|suivant|utilis|siguiente|utiliza|seguent|utilizz|seguinte|nastepujac|uzywa"
    r"|urmatoare|folosi|utiliz|foljande|anvand|folgende|anvend|bruger|seuraav|kayt|kovetkezo|hasznal|nasledujic|pouziva"
    r"|nasledujuc|sljedec|koristi|naslednj|uporablja|jargmis|kasuta|naudoja|izmanto|sekojos|ακολουθ|χρησιμοποι"
    r"|следн|използва)\w*\b.{0,60}(cookie|ciastecz|suti|kak|evaste|kolacic|piskot|kupsis|slapuk|sikdat|бисквит)",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"""["'`\u201c\u2018]?(?P<name>[^\s:"'`\u201c\u201d\u2018\u2019=;,()]{1,128}"""
    r"""(?:[ ]?\[[^\]\s]{1,30}\])?)["'`\u201d\u2019]?"""
    r"""(?P<more>(?:[ ]?(?:,|/|and|or|en|of)[ ](?:[^\s:=;,()]{1,128}))*)"""
    r"""[ ]*[\u2013\u2014-]*[ ]*(?P<separator>:|[\u2013\u2014]|[ ][|-][ ]|\()[ ]*(?P<text>.+)"""
)


MAX_ITEM = 4000
"""Maximum characters of the text of a cookie."""
MAX_INTRO = 1000
"""Maximum characters of an introduction, counted from its end, and of a heading."""
MAX_GRID = 8
"""Maximum columns of a grid."""
MAX_LINES = 5
"""Maximum lines of text below a name."""
_CLEAR = re.compile(r"^_|[_%*]|sess|(?:sid|csrf|xsrf)$", re.IGNORECASE)
"""Forms of names that headings do not have."""
_CLEAR_ITEM = re.compile(r"(_[\w*.-]+|\w+SESS(?:ION)?ID)\s+(?:[|\u2013\u2014-]\s+)?(.+)")
_MENTION = re.compile(r"(?<![\w/.@%:=&?*<>\[{(\u201c\"'`-])(_{1,2}[A-Za-z][\w*.-]*|[A-Z]+SESS(?:ION)?ID)(?![\w(=])")
"""Names in running text."""
_SNAKE = re.compile(r"(?<![\w/.@%:=&?*<>-])([a-z0-9]+(?:_[a-z0-9]+)+)(?![\w(=@/])", re.IGNORECASE)
"""Words with underscores, which are names in a sentence about cookies."""
MAX_ROWS = 20_000
"""Maximum rows and items of a page."""


class _Reader:
    def __init__(self, lines: list[PageLine]) -> None:
        self.lines = [
            line
            for line, before in zip(lines, [None, *lines], strict=False)
            if line.kind is not LineKind.BLANK or (before is not None and before.kind is not LineKind.BLANK)
        ]
        """Lines, without repeated blank lines."""
        self.known: dict[str, Claim] = {}
        text = "\n".join(" ".join((line.text, *line.cells)) for line in lines)
        self.published = Published(edited=_edited(lines), text=text)
        self.heading = self.intro = ""
        self.heading_used = False
        self.place = ("", "")
        """Heading and introduction of the last group."""
        self.units: dict[int, str] = {}
        """Units in the heads of columns, such as days, by column."""

    def read(self) -> Published:
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if (after := self._grid(at)) > at or (after := self._record(at)) > at or (after := self._above(at)) > at:
                at = after
                continue
            if line.kind in (LineKind.ITEM, LineKind.ROW, LineKind.SECTION):
                at = self._block(at)
                continue
            if line.kind is LineKind.HEADING or (line.kind is LineKind.TEXT and self._is_heading(at)):
                self._head(line.text)
            elif line.kind is LineKind.TEXT:
                self._leave_heads(at)
                before = "" if self._begins(at) else f"{self.intro} "
                self.intro = f"{before}{line.text[-MAX_INTRO:]}"[-MAX_INTRO:]
                if claim := self._strong_text(line):
                    self.published.rows += 1
                    self._add([claim])
                elif self._is_beside(at):
                    self.published.rows += 1
                    self._leave(line, f"perhaps a cookie, outside of a list: {_short(line.text)}")
            at += 1
        self._leave_mentions()
        return self.published

    def _is_beside(self, at: int) -> bool:
        """Check for `lang: …` beside a line with a name that other words do not have, such as `_ga: …`."""
        found = _NAME.match(self.lines[at].text[:MAX_ITEM])
        if found is None or not found["name"][:1].islower() or not could_be_a_name(found["name"]):
            return False
        beside = [self.lines[other] for other in (at - 1, at + 1) if 0 <= other < len(self.lines)]
        return any(line.kind is LineKind.TEXT and self._strong_text(line) is not None for line in beside)

    def _leave_mentions(self) -> None:
        """Report names in text and in other lists that were not read."""
        told: set[str] = set()
        for line in self.lines:
            if line.kind not in (LineKind.TEXT, LineKind.HEADING, LineKind.ITEM):
                continue
            mentions = _MENTION.findall(line.text[:MAX_ITEM])
            if "cookie" in folded(line.text[:MAX_ITEM]):
                mentions += _SNAKE.findall(line.text[:MAX_ITEM])
            for said in mentions:
                name = pattern(said.rstrip("._-"))
                if name in told or len(told) >= MAX_NAMES or any(name_matches(known, name) for known in self.known):
                    continue
                told.add(name)
                if not any(said in left.why and not left.is_understood for left in self.published.left_out):
                    self._leave(line, f"a name outside of lists and tables: {_short(said)}", is_row=False)

    def _above(self, at: int) -> int:
        """Read names that stand alone above their text. Returns the index of the next line; -1 if there is none."""
        first = self.lines[at]
        names: list[PageLine] = []
        while at < len(self.lines) and len(names) < MAX_NAMES and _is_clear_name(self.lines[at]):
            names.append(self.lines[at])
            at = self._after(at)
        if not names:
            return -1
        texts: list[str] = []
        while at < len(self.lines) and len(texts) < MAX_LINES and self._describes(at):
            texts.append(self.lines[at].text)
            at += 1
        spans = [text for text in texts if is_only_lifetime(text)]
        purpose = " ".join(text for text in texts if text not in spans)
        self.published.rows += 1
        lifetime = lifetime_of(spans[0]) if len(spans) == 1 else lifetime_in(purpose)
        self._add([self._claim(line.text, purpose, lifetime, first) for line in names])
        return at

    def _describes(self, at: int) -> bool:
        line = self.lines[at]
        if line.kind is not LineKind.TEXT or _is_clear_name(line) or self._strong_text(line) is not None:
            return False
        return _label(line.text) is None and not self._is_heading(at)

    def _after(self, at: int) -> int:
        """Return the index of the next line that is not blank."""
        at += 1
        return at + 1 if at < len(self.lines) and self.lines[at].kind is LineKind.BLANK else at

    def _grid(self, at: int) -> int:
        """Read cells that are lines, below heads that are lines, such as a grid of `<div>`. Each row must have a name,
        and a lifetime if there is a head for it. Returns the index of the next line; -1 for other lines."""
        heads: list[str] = []
        while at < len(self.lines) and len(heads) < MAX_GRID and self._is_cell(at):
            if head_of(self.lines[at].text) is None:
                break
            heads.append(self.lines[at].text)
            at = self._after(at)
        columns = columns_of(tuple(heads))
        if columns is None:
            return -1
        rows: list[PageLine] = []
        while (row := self._grid_row(at, len(heads))) is not None and _is_row_of(columns, row[0].cells):
            rows.append(row[0])
            at = row[1]
        if not rows:
            return -1
        self.units = {column: unit_of(heads[column]) for column in columns.get("lifetime", [])}
        self._part(rows, columns)
        return at

    def _is_cell(self, at: int) -> bool:
        return self.lines[at].kind is LineKind.TEXT

    def _grid_row(self, at: int, width: int) -> tuple[PageLine, int] | None:
        """Return the next lines as a row, and the index after them."""
        cells: list[str] = []
        first = at
        while at < len(self.lines) and len(cells) < width and self._is_cell(at):
            cells.append(self.lines[at].text)
            at = self._after(at)
        return (PageLine(LineKind.ROW, "", self.lines[first].number, tuple(cells)), at) if len(cells) == width else None

    def _leave_heads(self, at: int) -> None:
        """Report heads that are not in a table, such as a grid of `<div>` with empty cells."""
        others = [at, self._after(at)]
        texts = [self.lines[n].text for n in others if n < len(self.lines) and self.lines[n].kind is LineKind.TEXT]
        heads = [head for text in texts if (head := _label(text)) is not None]
        if len(heads) == 2 and heads[0].kind == "name" != heads[1].kind:
            told = f"heads outside of a table cannot be read: {_short(texts[0])}, {_short(texts[1])}"
            self._leave(self.lines[at], told, is_row=False)

    def _head(self, text: str) -> None:
        self.heading, self.heading_used, self.intro = text[:MAX_INTRO], False, ""

    def _begins(self, at: int) -> bool:
        return at == 0 or self.lines[at - 1].kind is not LineKind.TEXT

    def _is_heading(self, at: int) -> bool:
        """Check for a short line between blank lines that is not a sentence."""
        text = self.lines[at].text
        alone = self._begins(at) and (at + 1 == len(self.lines) or self.lines[at + 1].kind is not LineKind.TEXT)
        return alone and len(text) <= 90 and not text.endswith((".", ":", ";", ",")) and text[:1].isupper()

    def _block(self, at: int) -> int:
        """Read adjacent items or rows, with the lines that continue them. Returns the index of the next line."""
        first, items = self.lines[at], list[PageLine]()
        kinds = (LineKind.ITEM,) if first.kind is LineKind.ITEM else (LineKind.ROW, LineKind.SECTION)
        while at < len(self.lines):
            line = self.lines[at]
            if line.kind in kinds and line.table == first.table:
                items.append(
                    PageLine(line.kind, line.text[:MAX_ITEM], line.number, line.cells, line.table, line.is_head)
                )
            elif (
                line.kind is LineKind.TEXT
                and first.kind is LineKind.ITEM
                and items
                and self.lines[at - 1].kind is not LineKind.BLANK
            ):
                if len(items[-1].text) < MAX_ITEM:
                    items[-1].text += f" {line.text[:MAX_ITEM]}"
            elif line.kind is not LineKind.BLANK or not self._goes_on(at, first):
                break
            at += 1
        if first.kind is LineKind.ITEM:
            self._list(items)
        else:
            self._table(items)
        return at

    def _list(self, items: list[PageLine]) -> None:
        """Read a list of cookies."""
        found = [(item, self._claims(item)) for item in items]
        if self._is_list_of_cookies([claim for _, claims in found for claim in claims]):
            self.published.rows += len(items)
            for item, claims in found:
                if claims:
                    self._add(claims)
                else:
                    self._leave(item, f"no name of a cookie: {_short(item.text)}")
        elif first := next((claims[0] for _, claims in found if claims), None):
            told = f"a list without names of cookies, from {_short(first.written)}"
            self._leave(items[0], told, is_understood=True, is_row=False)

    def _table(self, rows: list[PageLine]) -> None:
        """Read a table. Each head in it begins a part with other columns."""
        columns: dict[str, list[int]] | None = None
        part: list[PageLine] = []
        for row in _upright(rows):
            found = columns_of(row.cells) if row.kind is LineKind.ROW else None
            if found is not None:
                self._part(part, columns)
                # A second row of heads has details of the first, such as a minimum and a maximum.
                columns, part = {**columns, **found} if columns and not part else found, []
                self.units = {at: unit_of(row.cells[at]) for at in found.get("lifetime", [])}
            else:
                part.append(row)
        self._part(part, columns)

    def _part(self, rows: list[PageLine], columns: dict[str, list[int]] | None) -> None:
        """Read rows below a head, or without a head."""
        if columns is None:
            if not any(row.table or _is_bare_row(row) for row in rows):
                return
            first = next((row for row in rows if row.kind is LineKind.ROW), None)
            if first is not None and (first.is_head or not _is_bare_row(first)):
                heads = ", ".join(_short(cell) for cell in first.cells[:8] if cell)
                unread = [row for row in rows if row.kind is LineKind.ROW and not row.is_head] or [first]
                self.published.rows += len(unread)
                for row in unread:
                    self._leave(row, f"the heads of its table are not known: {heads}")
                return
        columns = _with_lifetimes(columns, rows) if columns is not None else None
        name = _best_name(rows, columns["name"]) if columns is not None else 0
        for row in rows:
            if row.kind is LineKind.SECTION or _is_section(row, name):
                self._head(row.text or row.cells[name])
                self.published.sections.append(self.heading)
            elif _is_unclear(row, name):
                self.published.rows += 1
                self._leave(row, f"the name of a cookie or of a category: {_short(row.cells[name])}")
            else:
                self.published.rows += 1
                self._add(self._row(row, name, columns))

    def _record(self, at: int) -> int:
        """Read the labelled values of a cookie (`Name: sid`, `Purpose: login`): items, rows of two cells, or lines with
        a label before lines with a value. Returns the index of the next line; -1 if there is none."""
        first = self.lines[at]
        values: dict[str, tuple[Head, str]] = {}
        if _is_name_alone(first, of=(*_NAME_LINES, LineKind.ITEM, LineKind.SECTION)):
            values[""] = (Head("name", "", 0), first.text)
            at += 1
        while at < len(self.lines):
            found, after = self._labelled(at)
            if not found and values and at < len(self.lines) and self._is_other_label(at, first):
                at += 1
                continue
            if not found or any(head.phrase in values for head, _ in found):
                break
            is_name = found[0][0].kind == "name"
            if is_name if "" in values else not (values or is_name):
                break
            values |= {head.phrase: (head, text) for head, text in found}
            at = after
        kinds = {head.kind for head, _ in values.values()}
        is_doubtful = "" in values and not _is_clear_name(first)
        enough = {"lifetime"} if is_doubtful else {"purpose", "lifetime", "provider", "type"}
        if not kinds & enough or "name" not in kinds:
            return -1
        texts: dict[str, str] = {}
        for head, text in sorted(values.values(), key=lambda pair: pair[0].rank):
            texts.setdefault(head.kind, text)
        self.published.rows += 1
        self._add(self._read(texts, first))
        return at

    def _is_other_label(self, at: int, first: PageLine) -> bool:
        """Check for a label that is not in the table of words, among others: `Module: Consent`."""
        line = self.lines[at]
        if line.kind is LineKind.ROW:
            return (
                len(line.cells) == 2
                and line.table == first.table
                and bool(all(line.cells))
                and not columns_of(line.cells)
            )
        return line.kind is not LineKind.SECTION and _OTHER_LABEL.match(line.text) is not None

    def _labelled(self, at: int) -> tuple[list[tuple[Head, str]], int]:
        """Return the labelled values of a line, or of a line with a label and the following one, and the index after
        them."""
        line = self.lines[at]
        if line.kind is LineKind.BLANK:
            after = at + 1
            return (
                self._labelled(after)
                if after < len(self.lines) and self.lines[after].kind is not LineKind.BLANK
                else ([], at)
            )
        if line.kind is LineKind.SECTION:
            return [], at
        if line.kind is LineKind.ROW:
            head = head_of(line.cells[0]) if len(line.cells) == 2 else None
            is_pair = head is not None and line.cells[1] and head_of(line.cells[1]) is None
            value = with_unit(line.cells[1], unit_of(line.cells[0]))
            return ([(head, value)] if head is not None and is_pair else []), at + 1
        if found := _pairs(line.cells or (line.text,)):
            return found, at + 1
        head = _label(line.text)
        if head is None or at + 1 >= len(self.lines):
            return [], at
        below = self.lines[at + 1]
        if below.kind is not LineKind.TEXT or _label(below.text) is not None:
            return [], at
        return [(head, with_unit(below.text, unit_of(line.text)))], at + 2

    def _goes_on(self, at: int, first: PageLine) -> bool:
        following = self.lines[at + 1] if at + 1 < len(self.lines) else None
        return following is not None and following.kind is first.kind and following.table == first.table

    def _leave(self, line: PageLine, why: str, is_understood: bool = False, is_row: bool = True) -> None:
        self.published.left_out.append(LeftOut(line.number, why, is_understood, is_row))

    def _is_list_of_cookies(self, claims: list[Claim]) -> bool:
        """Check that a list is about cookies, and not, for example, about settings of browsers."""
        if not claims or any(claim.written.lower() in BROWSERS for claim in claims):
            return False
        if all(claim.lifetime is not None and not claim.purpose for claim in claims):
            return True
        strong = sum(STRONG.search(claim.written) is not None for claim in claims)
        return strong * 2 > len(claims) or _INTRODUCES.search(folded(f"{self.intro} {self.heading}")) is not None

    def _add(self, claims: list[Claim]) -> None:
        """Add the cookies of a row, without those that are known."""
        new = [claim for claim in claims if self._is_new(claim, is_row=len(claims) == 1)]
        if not new:
            return
        place = (self.heading, self.intro)
        if not self.published.groups or place != self.place:
            self.published.groups.append(Group("" if self.heading_used else self.heading, self.intro))
            self.place = place
        self.heading_used = True
        for claim in new:
            claim.group = len(self.published.groups) - 1
        self.published.claims += new

    def _is_new(self, claim: Claim, is_row: bool) -> bool:
        line = PageLine(LineKind.ROW, "", claim.line)
        before = self.known.get(claim.name)
        if "*" in claim.name and not re.search(r"[^\W_]|%", claim.name):
            self._leave(line, f"{_short(claim.written)} has no letters outside of placeholders", is_row=is_row)
        elif before is None:
            self.known[claim.name] = claim
            return True
        elif claim.lifetime is None or claim.lifetime == before.lifetime:
            self._leave(line, f"{_short(claim.written)} is also in line {before.line}", True, is_row)
        else:
            told = f"{_short(claim.written)} is also in line {before.line}, with another lifetime"
            self._leave(line, told, is_row=is_row)
        return False

    def _claims(self, line: PageLine) -> list[Claim]:
        found = _NAME.match(line.text)
        if found is None or not could_be_a_name(found["name"]):
            names = names_in(line.text, False)
            names = names if all(map(STRONG.search, names)) else []
            if not names and (clear := _CLEAR_ITEM.match(line.text)):  # `__utmz stores where …`
                return [self._claim(clear[1], *_parted(clear[2]), line)]
            return [self._claim(name, "", None, line) for name in names]
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
        text, between = _without_lifetime(text)
        lifetime = in_brackets or between or lifetime_in(text) or _at_the_end(text)
        if is_only_lifetime(text):  # as iubenda writes it: `_ga: 2 years`
            text, lifetime = "", lifetime_of(text)
        return [self._claim(name, text, lifetime, line) for name in names[:MAX_NAMES] if could_be_a_name(name)]

    def _strong_text(self, line: PageLine) -> Claim | None:
        """Find `_ga: …` in running text, if the name has a character that other words do not have."""
        found = _NAME.match(line.text[:MAX_ITEM])
        if found is None or found["separator"] == "(" or found["more"]:
            return None
        if not could_be_a_name(found["name"]) or not re.search(r"[_%*]|SESS(?:ION)?ID$", found["name"]):
            return None
        return self._claim(found["name"], *_parted(found["text"]), line)

    def _row(self, line: PageLine, name: int, columns: dict[str, list[int]] | None) -> list[Claim]:
        if columns is not None:
            texts = {kind: line.cells[at[0]] for kind, at in columns.items() if at[0] < len(line.cells)}
            texts["name"] = line.cells[name] if name < len(line.cells) else ""
            at_cells = [at for at in columns.get("lifetime", []) if at < len(line.cells)]
            spans = dict.fromkeys(with_unit(line.cells[at], self.units.get(at, "")) for at in at_cells)
            texts["lifetime"] = " / ".join(filter(None, spans))
            return self._read(texts, line)
        others = line.cells[1:]
        span = next((cell for cell in others if lifetime_of(cell) is not None), "")
        purpose = max((cell for cell in others if cell != span), key=len, default="")
        texts = {"name": line.cells[0], "purpose": purpose, "lifetime": span}
        if not _is_bare_row(line):
            texts["name"] = ""
        return self._read(texts, line)

    def _read(self, texts: dict[str, str], line: PageLine) -> list[Claim]:
        """Read the cookies of a row by the kinds of its columns."""
        name, span, purpose = (texts.get(kind, "") for kind in ("name", "lifetime", "purpose"))
        beside = " / ".join(re.findall(r"\(([^()]*)\)", name))
        kinds = [texts.get("type", ""), texts.get("category", ""), span, beside]
        storage = next(filter(None, map(storage_of, kinds if texts.get("type") else [*kinds, self.heading])), "")
        names = names_in(name, True)
        if storage:
            self._leave(line, f"{_short(name)} is not a cookie: {storage}", True)
            return []
        if not names:
            self._leave(line, f"no name of a cookie: {_short(name or ' '.join(line.cells))}")
            return []
        read = _common if len(names) > 1 else lifetime_of
        lifetime = read(span)
        if not re.search(r"\w", span):
            lifetime, span = lifetime_in(purpose) or read(beside), beside if _has_lifetime(beside) else ""
        if span and lifetime is None:
            self._leave(line, f"the lifetime {_short(span)} of {_short(name)} is not understood", is_row=False)
        return [self._claim(written, purpose, lifetime, line) for written in names]

    def _claim(self, written: str, purpose: str, lifetime: Lifetime | None, line: PageLine) -> Claim:
        return Claim(pattern(written), COUNT.sub("", written), plain(purpose[:MAX_ITEM]), lifetime, line.number, 0)


def _at_the_end(text: str) -> Lifetime | None:
    """Find a lifetime at the end of a text: `the language (2 years)`, `the language, 2 years.`"""
    found = re.search(r"(?:\(([^()]{1,40})\)|,\s*([^,()]{1,40}))\.?$", text)
    said = (found[1] or found[2]) if found else ""
    return lifetime_of(said) if re.fullmatch(r"\s*(\S+\s+)?\S+\s*", said) else None


def _has_lifetime(beside: str) -> bool:
    """Check for a lifetime in the brackets behind names."""
    return any(lifetime_of(part) is not None for part in beside.split(" / "))


def _common(span: str) -> Lifetime | None:
    """Return the lifetime of several names, if it is one for all."""
    found = [lifetime_of(part) for part in re.split(r"[/,;\n]|\b(?:and|or|en|of|und|et|y|e)\b", span)]
    return found[0] if all(lifetime == found[0] for lifetime in found) else None


def _is_bare_row(line: PageLine) -> bool:
    """Check whether the first cell of a row without heads has a character that names of cookies have."""
    return bool(line.cells and STRONG.search(line.cells[0]) and names_in(line.cells[0], False))


def _is_section(line: PageLine, name: int) -> bool:
    """Check for a row that has text only in the column of names, and not a name."""
    text = line.cells[name] if _is_alone(line, name) else ""
    return bool(text) and not STRONG.search(text) and (" " in text or text[:1].isupper())


def _is_unclear(line: PageLine, name: int) -> bool:
    """Check for a row that has only a word, which could be the name of a cookie or of a category."""
    return _is_alone(line, name) and not STRONG.search(line.cells[name])


def _is_alone(line: PageLine, name: int) -> bool:
    return [at for at, cell in enumerate(line.cells) if cell] == [name]


def _with_lifetimes(columns: dict[str, list[int]], rows: list[PageLine]) -> dict[str, list[int]]:
    """Add the column that has lifetimes, if its head is not known."""
    if "lifetime" in columns:
        return columns
    known = {at for found in columns.values() for at in found}
    for at in range(max((len(row.cells) for row in rows), default=0)):
        cells = [row.cells[at] for row in rows if at < len(row.cells) and row.cells[at]]
        if at not in known and cells and sum(lifetime_of(cell) is not None for cell in cells) * 2 > len(cells):
            return {**columns, "lifetime": [at]}
    return columns


def _best_name(rows: list[PageLine], columns: list[int]) -> int:
    """Return the column whose cells are names most often; the first of equal ones."""

    def names(at: int) -> int:
        return sum(bool(at < len(row.cells) and names_in(row.cells[at], True)) for row in rows)

    return max(columns, key=names) if len(columns) > 1 else columns[0]


_NAME_LINES = (LineKind.HEADING, LineKind.TEXT)


def _is_name_alone(line: PageLine, of: tuple[LineKind, ...] = _NAME_LINES) -> bool:
    """Check for a name above its labelled values, in a line of these kinds."""
    return line.kind in of and STRONG.search(line.text) is not None and could_be_a_name(line.text)


def _label(text: str) -> Head | None:
    """Return the head that is a whole text, except for a unit: `Expiry (days)`."""
    text = _UNIT.sub("", text) if unit_of(text) else text
    head = head_of(text)
    return head if head is not None and head.phrase == folded(text).strip(" :*.?#") else None


_UNIT = re.compile(r"\s*(?:\((?:in )?(\w{1,12})\)|\bin (\w{1,12}))\s*:?\s*$")


def unit_of(head: str) -> str:
    """Return the unit in a head of lifetimes: `Expiry (days)`, `Expiry in days`; "" if it has none."""
    found = _UNIT.search(folded(head[-40:]))
    unit = (found[1] or found[2]) if found else ""
    return unit if unit in words().units else ""


def with_unit(value: str, unit: str) -> str:
    """Add the unit of its head to a number."""
    return f"{value} {unit}" if unit and re.fullmatch(r"\s*[0-9]{1,6}\s*", value) else value


def _without_lifetime(text: str) -> tuple[str, Lifetime | None]:
    """Take the lifetime out of `2 years - counts visits`."""
    parts = re.split(r"\s+[|\u2013\u2014-]\s+", text)
    spans = [part for part in parts if is_only_lifetime(part)]
    if len(parts) == 1 or len(spans) != 1:
        return text, None
    return " - ".join(part for part in parts if part is not spans[0]), lifetime_of(spans[0])


def _parted(text: str) -> tuple[str, Lifetime | None]:
    """Return a text without the lifetime between its dashes, and a lifetime."""
    if is_only_lifetime(text):
        return "", lifetime_of(text)
    rest, lifetime = _without_lifetime(text)
    return rest, lifetime or lifetime_in(rest)


def _is_clear_name(line: PageLine) -> bool:
    """Check for a line that is only a name in a form that headings do not have."""
    return _is_name_alone(line) and _CLEAR.search(line.text) is not None and "|" not in line.text


def _is_row_of(columns: dict[str, list[int]], cells: tuple[str, ...]) -> bool:
    """Check whether cells are a name and, if there is a head for it, a lifetime."""
    name = cells[columns["name"][0]]
    spans = [cells[at] for at in columns.get("lifetime", [])]
    is_sure = any(lifetime_of(span) is not None for span in spans) if spans else _CLEAR.search(name) is not None
    return is_sure and bool(names_in(name, True))


def _upright(rows: list[PageLine]) -> list[PageLine]:
    """Return a table that has a column for each cookie as one with a row for each."""
    lines = [row for row in rows if row.kind is LineKind.ROW]
    width = len(lines[0].cells) if lines else 0
    if width < 3 or len(lines) != len(rows) or columns_of(tuple(row.cells[0] for row in lines)) is None:
        return rows
    if any(len(row.cells) != width or columns_of(row.cells) is not None for row in lines):
        return rows
    return [
        PageLine(LineKind.ROW, "", lines[0].number, tuple(row.cells[at] for row in lines), lines[0].table)
        for at in range(width)
    ]


_OTHER_LABEL = re.compile(r"[^\W\d_][\w ()/-]{1,39}:\s")


def _pairs(parts: tuple[str, ...]) -> list[tuple[Head, str]]:
    """Return the labelled values of an item, or none if it does not begin with a label."""
    found: list[tuple[Head, str]] = []
    for part in parts:
        before, colon, value = part.partition(":")
        head = _label(before if value.strip() else part) or _lifetime_label(before, value)
        if head is not None:
            found.append((head, with_unit(value.strip(), unit_of(before)) if colon else ""))
        elif not found:
            return []
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {part}".strip())
    return found if all(value for _, value in found) else []


def _lifetime_label(before: str, value: str) -> Head | None:
    """Return the head in a label with other words, if its value is a lifetime: `Expiration day: 29 days`."""
    head = head_of(before) if is_only_lifetime(value) else None
    return head if head is not None and head.kind == "lifetime" else None


def _short(text: str) -> str:
    """Quote the beginning of a text."""
    said = printable(plain(text))
    return f'"{said[:40]}…"' if len(said) > 41 else f'"{said}"'


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
