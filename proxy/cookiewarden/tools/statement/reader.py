"""Reader of the lines of a page: lists, tables, grids, labelled values, and names above or in text."""

import re

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.tools.statement.claims import Claim, Group, LeftOut, Published, quoted
from cookiewarden.tools.statement.columns import (
    Columns,
    abreast,
    best_name,
    is_bare_row,
    is_clear,
    is_row_of,
    is_section,
    is_unclear,
    unread_columns,
    upright,
    with_lifetimes,
)
from cookiewarden.tools.statement.items import (
    ABBREVIATIONS,
    MAX_ITEM,
    NamedText,
    at_the_end,
    is_lone_word,
    is_perhaps_a_cookie,
    is_unlike_words,
    named_text,
    strong_text,
)
from cookiewarden.tools.statement.labels import OTHER_LABEL, label, labelled_span, pairs, unit_of, with_unit
from cookiewarden.tools.statement.lines import LineKind, PageLine, plain
from cookiewarden.tools.statement.names import (
    BROWSERS,
    COMPANIES,
    COUNT,
    MAX_NAMES,
    STRONG,
    could_be_a_name,
    has_others,
    names_in,
    pattern,
)
from cookiewarden.tools.statement.phrases import (
    day_in,
    has_number_of_time,
    is_like_lifetime,
    is_only_lifetime,
    lifetime_in,
    lifetime_of,
    speaks_of_an_end,
    unread_lifetime_in,
)
from cookiewarden.tools.statement.words import (
    MAX_COLUMNS,
    Head,
    columns_of,
    folded,
    head_of,
    only_storage_of,
    perhaps_storage_of,
    speaks_of_cookies,
    storage_of,
)

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
MAX_INTRO = 1000
"""Maximum characters of an introduction, counted from its end, and of a heading."""
MAX_GRID = 8
"""Maximum columns of a grid."""
MAX_HEADS = 120
"""Maximum characters of a line of heads."""
MAX_SPAN = 60
"""Maximum characters of a cell that is perhaps a lifetime, in a table without heads."""
MAX_LINES = 5
"""Maximum lines of text below a name."""
MAX_BESIDE = 30
"""Maximum lines in one direction in which a clear name is looked for."""


class PageReader:
    """Reader of lines. It marks the lines that it accounts for as read."""

    def __init__(self, lines: list[PageLine], published: Published) -> None:
        self.lines = [
            line
            for line, before in zip(lines, [None, *lines], strict=False)
            if line.kind is not LineKind.BLANK or (before is not None and before.kind is not LineKind.BLANK)
        ]
        """Lines, without repeated blank lines."""
        self.is_stacked = any(map(_is_clear_name, self.lines))
        """True if a name stands alone in its line."""
        self.known: dict[str, Claim] = {}
        self.published = published
        self.heading = self.intro = ""
        self.heading_used = False
        self.groups: dict[tuple[str, str], int] = {}
        """Groups by their heading and introduction."""
        self.units: dict[int, str] = {}
        """Units in the heads of columns, such as days, by column."""
        self.columns_told: set[str] = set()
        self.lifetimes_told: set[str] = set()
        """Names whose lifetimes are reported."""

    def read(self) -> Published:
        """Read all lines."""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if line.why:
                self._leave_unfit(line)
                at += 1
                continue
            if (after := self._grid(at)) > at or (after := self._record(at)) > at or (after := self._above(at)) > at:
                self._mark(at, after)
                at = after
                continue
            if line.kind in (LineKind.ITEM, LineKind.ROW, LineKind.SECTION):
                at = self._block(at)
                continue
            if line.kind is LineKind.HEADING or (line.kind is LineKind.TEXT and self._is_heading(at)):
                if not _is_like_a_name(line):
                    self._head(line.text)
            elif line.kind is LineKind.TEXT:
                self._text(at)
            at += 1
        return self.published

    def _text(self, at: int) -> None:
        """Read a line of running text, which can begin with a name."""
        line = self.lines[at]
        self._leave_heads(at)
        strong = strong_text(line)
        found = strong or self._beside(at)
        if found is None:
            before = "" if self._begins(at) else f"{self.intro} "
            self.intro = f"{before}{line.text[-MAX_INTRO:]}"[-MAX_INTRO:]
            return
        self.published.rows += 1
        line.is_read = True
        is_only_lifetime = found.lifetime is not None and not found.text
        if strong is not None or is_only_lifetime or all(map(STRONG.search, found.names)):
            self._add(self._claims_of(found, line))
        else:
            self._leave(line, f"perhaps a cookie, outside of a list: {quoted(line.text)}")

    def _leave_unfit(self, line: PageLine) -> None:
        line.is_read = True
        self.published.rows += 1
        self._leave(line, line.why)

    def _mark(self, at: int, after: int) -> None:
        for line in self.lines[at:after]:
            line.is_read = True

    def _beside(self, at: int) -> NamedText | None:
        """Return the names of `lang: …` in lines with a name that other words do not have, such as `_ga: …`."""
        found = self._named(at)
        if found is None or not all(map(is_unlike_words, found.names)):
            return None
        return found if self._has_strong(at, -1) or self._has_strong(at, 1) else None

    def _named(self, at: int) -> NamedText | None:
        line = self.lines[at]
        if line.kind is not LineKind.TEXT or len(line.text) > MAX_ITEM:
            return None
        found = named_text(line)
        return found if found is not None and (found.text or found.lifetime) else None

    def _has_strong(self, at: int, step: int) -> bool:
        """Check the adjacent lines in one direction, up to one that does not begin with a name."""
        for other in range(at + step, at + step * (MAX_BESIDE + 1), step):
            if not 0 <= other < len(self.lines) or self._named(other) is None:
                return False
            if strong_text(self.lines[other]) is not None:
                return True
        return False

    def _above(self, at: int) -> int:
        """Read names that stand alone above their text. Returns the index of the next line; -1 if there is none."""
        first = self.lines[at]
        names: list[str] = []
        while at < len(self.lines) and len(names) < MAX_NAMES and _is_clear_name(self.lines[at]):
            names.append(self.lines[at].text)
            at = self._after(at)
        is_sure = bool(names)
        if not names:
            names, at = _perhaps_names(first), self._after(at)
            is_sure = all(map(STRONG.search, names))
        if not names:
            return -1
        texts: list[str] = []
        while at < len(self.lines) and len(texts) < MAX_LINES and self._describes(at):
            texts.append(self.lines[at].text)
            at += 1
        if self._is_span_below(at):
            texts.append(self.lines[at + 1].text)
            at += 2
        spans = [text for text in texts if is_only_lifetime(text)]
        purpose = " ".join(text for text in texts if text not in spans)
        if not _is_clear_name(first) and not self._has_time(names, texts):
            return -1
        self.published.rows += 1
        if not is_sure:
            self._leave(first, f"perhaps a cookie, above its text: {quoted(first.text)}")
            return at
        lifetime = lifetime_of(spans[0]) if len(spans) == 1 else lifetime_in(purpose)
        if lifetime is None and len(spans) != 1:
            self._leave_lasting(texts, first)
        self._add([self._claim(name, purpose, lifetime, first) for name in names])
        return at

    def _has_time(self, names: list[str], texts: list[str]) -> bool:
        """Check the texts below names for a lifetime. Below a usual word, a whole line must be the lifetime, on a page
        that has names above their texts."""
        if all(map(is_unlike_words, names)):
            return any(_speaks_of_time(text) for text in texts)
        return self.is_stacked and any(_is_span(text) and not day_in(text) for text in texts)

    def _leave_lasting(self, texts: list[str], line: PageLine) -> None:
        """Report texts below a name that are lifetimes which cannot be used."""
        for text in texts:
            if is_like_lifetime(text):
                told = f"the lifetime {quoted(text)} of {quoted(line.text)} is not understood"
                self._leave(line, told, is_row=False)
                self.lifetimes_told.add(pattern(line.text))

    def _is_span_below(self, at: int) -> bool:
        """Check for a lifetime below a blank line."""
        if at + 1 >= len(self.lines) or self.lines[at].kind is not LineKind.BLANK:
            return False
        return self.lines[at + 1].kind is LineKind.TEXT and _is_span(self.lines[at + 1].text)

    def _describes(self, at: int) -> bool:
        line = self.lines[at]
        if line.kind is not LineKind.TEXT or _is_clear_name(line) or strong_text(line) is not None:
            return False
        if is_lone_word(line) or _perhaps_names(line):
            return False
        return label(line.text) is None and not pairs((line.text,)) and not self._is_heading(at)

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
        while (row := self._grid_row(at, len(heads))) is not None and self._is_row_of_grid(columns, *row):
            rows.append(row[0])
            at = row[1]
        if not rows:
            return -1
        self._set_units(tuple(heads), columns)
        self._part(rows, columns, tuple(heads))
        return at

    def _is_row_of_grid(self, columns: Columns, row: PageLine, at: int) -> bool:
        """Check for a row, or for one with an unknown lifetime before a row or at the end. `at`: behind it."""
        if is_row_of(columns, row.cells):
            return True
        if not names_in(row.cells[columns["name"][0]], False) or any(head_of(cell) for cell in row.cells):
            return False
        if at >= len(self.lines) or not self._is_cell(at):
            return True
        following = self._grid_row(at, len(row.cells))
        return following is not None and is_row_of(columns, following[0].cells)

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
        heads = [head for text in texts if (head := label(text)) is not None]
        in_one_line = self.lines[at].text.split() if len(self.lines[at].text) <= MAX_HEADS else []
        if columns_of(tuple(in_one_line)) is not None and all(label(word) is not None for word in in_one_line):
            told = f"heads outside of a table cannot be read: {quoted(self.lines[at].text)}"
            self._leave(self.lines[at], told, is_row=False)
        if len(heads) == 2 and heads[0].kind == "name" != heads[1].kind:
            told = f"heads outside of a table cannot be read: {quoted(texts[0])}, {quoted(texts[1])}"
            self._leave(self.lines[at], told, is_row=False)

    def _head(self, text: str) -> None:
        self.heading, self.heading_used, self.intro = text[:MAX_INTRO], False, ""

    def _begins(self, at: int) -> bool:
        return at == 0 or self.lines[at - 1].kind is not LineKind.TEXT

    def _is_heading(self, at: int) -> bool:
        """Check for a short line between blank lines that is not a sentence."""
        text = self.lines[at].text
        alone = self._begins(at) and (at + 1 == len(self.lines) or self.lines[at + 1].kind is not LineKind.TEXT)
        return (
            alone
            and len(text) <= 90
            and not _is_span(text)
            and not text.endswith((".", ":", ";", ","))
            and text[:1].isupper()
        )

    def _block(self, at: int) -> int:
        """Read adjacent items or rows, with the lines that continue them. Returns the index of the next line."""
        first, begin, items = self.lines[at], at, list[PageLine]()
        kinds = (LineKind.ITEM,) if first.kind is LineKind.ITEM else (LineKind.ROW, LineKind.SECTION)
        while at < len(self.lines):
            line = self.lines[at]
            if line.why:
                self._leave_unfit(line)
            elif line.kind in kinds and line.table == first.table:
                items.append(_short_copy(line))
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
        is_read = self._list(items) if first.kind is LineKind.ITEM else self._table(items)
        if is_read:
            self._mark(begin, at)
        return at

    def _list(self, items: list[PageLine]) -> bool:
        """Read a list of cookies. Returns False for other lists."""
        if (heads := items[0].cells) and columns_of(heads) is not None and len(items) > 1:
            return self._table([_as_row(item, len(heads)) for item in items])
        found = [(item, named_text(item)) for item in items]
        named = [text for _, text in found if text is not None and not _is_label_of_values(text)]
        if self._is_list_of_cookies(named):
            self.published.rows += len(items)
            spans = sum(text.lifetime is not None and not text.text for text in named)
            for item, text in found:
                if text is None:
                    self._leave(item, f"no name of a cookie: {quoted(item.text)}")
                elif _is_label_of_values(text):
                    self._leave(item, f"a label without the name of its cookie: {quoted(item.text)}")
                else:
                    self._add(self._claims_of(text, item, is_span=spans * 2 >= len(named)))
            return True
        if any(is_perhaps_a_cookie(text) for text in named):
            self.published.rows += len(items)
            for item in items:
                self._leave(item, f"perhaps a cookie, in a list: {quoted(item.text)}")
            return True
        if named:
            told = f"a list without names of cookies, from {quoted(named[0].names[0])}"
            is_understood = not all(_is_code_or_name(item) for item in items)
            self._leave(items[0], told, is_understood, is_row=False)
        return False

    def _table(self, rows: list[PageLine]) -> bool:
        """Read a table. Each head in it begins a part with other columns. Returns False if a part is not a table."""
        columns: Columns | None = None
        heads: tuple[str, ...] = ()
        parts = [slice(0, None)]
        part: list[PageLine] = []
        is_read = True
        for row in upright(rows):
            found = columns_of(row.cells) if row.kind is LineKind.ROW else None
            if found is not None:
                is_read &= self._parts(part, columns, heads, parts)
                parts = abreast(row.cells)
                found = columns_of(row.cells[parts[0]]) or found
                # A second row of heads has details of the first, such as a minimum and a maximum.
                columns, part = {**columns, **found} if columns and not part else found, []
                heads = row.cells
                self._set_units(heads[parts[0]], found)
            else:
                part.append(row)
        return self._parts(part, columns, heads, parts) and is_read

    def _parts(self, rows: list[PageLine], columns: Columns | None, heads: tuple[str, ...], parts: list[slice]) -> bool:
        """Read rows that have a cookie, or several beside each other."""
        if len(parts) == 1:
            return self._part(rows, columns, heads)
        return self._part([one for row in rows for one in _beside(row, parts)], columns, heads[parts[0]])

    def _set_units(self, heads: tuple[str, ...], columns: Columns) -> None:
        self.units = {at: unit_of(heads[at]) for at in columns.get("lifetime", [])}

    def _part(self, rows: list[PageLine], columns: Columns | None, heads: tuple[str, ...] = ()) -> bool:
        """Read rows below a head, or without a head. Returns False if they are not a table."""
        if columns is None:
            if not any(row.table or is_bare_row(row) for row in rows):
                return not rows
            first = next((row for row in rows if row.kind is LineKind.ROW), None)
            if first is not None and (first.is_head or not is_bare_row(first)):
                said = ", ".join(quoted(cell) for cell in first.cells[:8] if cell)
                unread = [row for row in rows if row.kind is LineKind.ROW and not row.is_head] or [first]
                self.published.rows += len(unread)
                for row in unread:
                    self._leave(row, f"the heads of its table are not known: {said}")
                return True
        columns = with_lifetimes(columns, rows) if columns is not None else None
        name = best_name(rows, columns["name"]) if columns is not None else 0
        for row in rows:
            if row.kind is LineKind.SECTION or is_section(row, name):
                self._head(row.text or row.cells[name])
                self.published.sections.append(self.heading)
            elif is_unclear(row, name):
                self.published.rows += 1
                self._leave(row, f"the name of a cookie or of a category: {quoted(row.cells[name])}")
            else:
                self.published.rows += 1
                self._add(self._row(row, name, columns), _category_of(row, columns))
        if columns is not None:
            self._leave_columns(heads, rows, columns, name)
        return True

    def _leave_columns(self, heads: tuple[str, ...], rows: list[PageLine], columns: Columns, name: int) -> None:
        """Report the columns that are not read, once for each head."""
        for head, has_lifetimes in unread_columns(heads, rows, columns, name):
            said = f"column not read: {quoted(head)}" if head else "column not read, without a head"
            if said in self.columns_told:
                continue
            self.columns_told.add(said)
            if has_lifetimes:
                self._leave(rows[0], f"{said}; it perhaps has lifetimes", is_row=False)
            else:
                self.published.columns.append(LeftOut(rows[0].number, said, is_understood=True, is_row=False))

    def _record(self, at: int) -> int:
        """Read the labelled values of a cookie (`Name: sid`, `Purpose: login`): items, rows of two cells, or lines with
        a label before lines with a value. Returns the index of the next line; -1 if there is none."""
        first = self.lines[at]
        values: dict[str, tuple[Head, str]] = {}
        described: list[str] = []
        if _is_name_alone(first, of=(*_NAME_LINES, LineKind.ITEM, LineKind.SECTION)) or _is_word_alone(first):
            values[""] = (Head("name", "", 0), first.text)
            below = self._after(at) if first.kind in _NAME_LINES else at + 1
            described, at = self._description(below, at + 1, STRONG.search(first.text) is not None)
        while at < len(self.lines):
            found, after = self._labelled(at)
            if not found and values and (bare := self._bare_label(at)) is not None:
                found, after = [(bare, "")], at + 1
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
        if not kinds & _enough_for(first, "" in values, bool(described)) or "name" not in kinds:
            return -1
        texts: dict[str, str] = {}
        for head, text in sorted(values.values(), key=lambda pair: pair[0].rank):
            texts.setdefault(head.kind, text)
        texts.setdefault("purpose", " ".join(described))
        self.published.rows += 1
        if "" in values and not STRONG.search(first.text) and "cookie" not in folded(texts.get("type", "")):
            self._leave(first, f"perhaps a cookie, above its values: {quoted(first.text)}")
        else:
            self._add(self._read(texts, first))
        return at

    def _description(self, at: int, otherwise: int, is_clear_above: bool) -> tuple[list[str], int]:
        """Return the lines between a name and its labelled values, and the index after them."""
        texts: list[str] = []
        while at < len(self.lines) and len(texts) < MAX_LINES and self._is_description(at, is_clear_above):
            texts.append(self.lines[at].text)
            at = self._after(at)
        found = self._labelled(at)[0] if texts and at < len(self.lines) else []
        return (texts, at) if found and found[0][0].kind != "name" else ([], otherwise)

    def _is_description(self, at: int, is_clear_above: bool) -> bool:
        line = self.lines[at]
        if line.kind is not LineKind.TEXT or label(line.text) is not None or pairs((line.text,)):
            return False
        is_name = _is_name_alone(line) or (_is_word_alone(line) and not is_clear_above)
        return not is_name and OTHER_LABEL.match(line.text) is None

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
        is_label = line.kind is not LineKind.SECTION and OTHER_LABEL.match(line.text) is not None
        said = line.text[:MAX_ITEM]
        return is_label and not has_number_of_time(said) and not unread_lifetime_in(said.partition(":")[2])

    def _bare_label(self, at: int) -> Head | None:
        """Return the label in a line, if the value below it is absent: another label follows, or nothing."""
        line = self.lines[at]
        head = label(line.text) if line.kind in _NAME_LINES else None
        if head is None or head.kind == "name":
            return None
        below = self._after(at)
        is_last = below >= len(self.lines) or self.lines[below].kind is not LineKind.TEXT
        return head if is_last or label(self.lines[below].text) is not None else None

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
            value = with_unit(line.cells[1], unit_of(line.cells[0])) if is_pair else ""
            return ([(head, value)] if head is not None and is_pair else []), at + 1
        if found := pairs(line.cells or (line.text,)):
            return found, at + 1
        head = label(line.text)
        if head is None or at + 1 >= len(self.lines):
            return [], at
        below = self.lines[at + 1]
        if below.kind is not LineKind.TEXT or label(below.text) is not None:
            return [], at
        return [(head, with_unit(below.text, unit_of(line.text)))], at + 2

    def _goes_on(self, at: int, first: PageLine) -> bool:
        following = self.lines[at + 1] if at + 1 < len(self.lines) else None
        return following is not None and following.kind is first.kind and following.table == first.table

    def _leave(self, line: PageLine, why: str, is_understood: bool = False, is_row: bool = True) -> None:
        self.published.left_out.append(LeftOut(line.number, why, is_understood, is_row))

    def _is_list_of_cookies(self, named: list[NamedText]) -> bool:
        """Check that a list is about cookies, and not, for example, about settings of browsers."""
        names = [name for text in named for name in text.names]
        if not names or any(name.lower() in BROWSERS or name in ABBREVIATIONS for name in names):
            return False
        around = folded(f"{self.intro} {self.heading}")
        strong = sum(STRONG.search(name) is not None for name in names)
        if all(text.lifetime is not None and not text.text for text in named):
            return bool(strong) or speaks_of_cookies(around)
        if strong * 2 > len(names) or _INTRODUCES.search(around) is not None:
            return True
        has_lifetimes = all(text.lifetime is not None or text.has_unread_lifetime for text in named)
        are_names = all(map(is_unlike_words, names))
        return has_lifetimes and are_names and speaks_of_cookies(around)

    def _claims_of(self, found: NamedText, line: PageLine, is_span: bool = False) -> list[Claim]:
        """Return the cookies of a text. `is_span`: the other texts of its list are lifetimes."""
        span = unread_lifetime_in(found.text) or labelled_span(found.text) if found.lifetime is None else ""
        if is_span and found.lifetime is None:
            span = found.text
        if span:
            told = f"the lifetime {quoted(span)} of {quoted(', '.join(found.names))} is not understood"
            self._leave(line, told, is_row=False)
            self.lifetimes_told.update(map(pattern, found.names))
        purpose = "" if span == found.text else found.text
        return [self._claim(name, purpose, found.lifetime, line) for name in found.names]

    def _add(self, claims: list[Claim], category: str = "") -> None:
        """Add the cookies of a row, without those that are known. `category`: from its own column, or ""."""
        new = [claim for claim in claims if self._is_new(claim, is_row=len(claims) == 1)]
        if not new:
            return
        place = (category or self.heading, "" if category else self.intro)
        if place not in self.groups:
            heading = "" if self.heading_used and not category else place[0]
            self.groups[place] = len(self.published.groups)
            self.published.groups.append(Group(heading, place[1]))
        self.heading_used = self.heading_used or not category
        for claim in new:
            claim.group = self.groups[place]
        self.published.claims += new
        self._leave_lifetime(new[0])

    def _leave_lifetime(self, claim: Claim) -> None:
        """Report a number with a unit of time, or words about an end, in the purpose of a cookie whose lifetime is not
        known."""
        if claim.lifetime is not None or claim.name in self.lifetimes_told:
            return
        if has_number_of_time(claim.purpose) or speaks_of_an_end(claim.purpose):
            told = f"perhaps a lifetime in the text of {quoted(claim.written)}: {quoted(claim.purpose)}"
            self._leave(PageLine(LineKind.ROW, "", claim.line), told, is_row=False)

    def _is_new(self, claim: Claim, is_row: bool) -> bool:
        line = PageLine(LineKind.ROW, "", claim.line)
        before = self.known.get(claim.name)
        if "*" in claim.name and not re.search(r"[^\W_]|%", claim.name):
            self._leave(line, f"{quoted(claim.written)} has no letters outside of placeholders", is_row=is_row)
        elif before is None:
            self.known[claim.name] = claim
            return True
        elif claim.lifetime is None or claim.lifetime == before.lifetime:
            self._leave(line, f"{quoted(claim.written)} is also in line {before.line}", True, is_row)
        else:
            told = f"{quoted(claim.written)} is also in line {before.line}, with another lifetime"
            self._leave(line, told, is_row=is_row)
        return False

    def _row(self, line: PageLine, name: int, columns: Columns | None) -> list[Claim]:
        if columns is not None:
            texts = {kind: line.cells[at[0]] for kind, at in columns.items() if at[0] < len(line.cells)}
            texts["name"] = line.cells[name] if name < len(line.cells) else ""
            at_cells = [at for at in columns.get("lifetime", []) if at < len(line.cells)]
            spans = dict.fromkeys(with_unit(line.cells[at], self.units.get(at, "")) for at in at_cells)
            texts["lifetime"] = " / ".join(filter(None, spans))
            return self._read(texts, line)
        return self._bare_row(line) if is_bare_row(line) else self._read({}, line)

    def _bare_row(self, line: PageLine) -> list[Claim]:
        """Read a row without heads: a name, and the cells that are its lifetime and purpose by their texts."""
        others = [cell for cell in line.cells[1:] if cell]
        likely = [
            cell for cell in others if is_like_lifetime(cell) or (len(cell) <= MAX_SPAN and has_number_of_time(cell))
        ]
        span = next((cell for cell in likely if lifetime_of(cell) is not None), likely[0] if likely else "")
        purpose = max((cell for cell in others if cell != span), key=len, default="")
        for cell in others:
            if cell not in (span, purpose) and cell in likely:
                self._leave(line, f"perhaps the lifetime of {quoted(line.cells[0])}: {quoted(cell)}", is_row=False)
            elif cell not in (span, purpose):
                self._leave_bare_column(line, cell)
        return self._read({"name": line.cells[0], "purpose": purpose, "lifetime": span}, line)

    def _leave_bare_column(self, line: PageLine, cell: str) -> None:
        """Report a column of a table without heads that is not read, once for each table."""
        key = f"without heads {line.table}"
        if key not in self.columns_told:
            self.columns_told.add(key)
            told = f"column not read, without a head: {quoted(cell)}"
            self.published.columns.append(LeftOut(line.number, told, is_understood=True, is_row=False))

    def _read(self, texts: dict[str, str], line: PageLine) -> list[Claim]:
        """Read the cookies of a row by the kinds of its columns."""
        name, span, purpose = (texts.get(kind, "") for kind in ("name", "lifetime", "purpose"))
        beside = " / ".join(re.findall(r"\(([^()]*)\)", name))
        if self._is_other_storage(texts, beside, line):
            return []
        names = names_in(name, True)
        if not names:
            self._leave(line, f"no name of a cookie: {quoted(name or ' '.join(line.cells))}")
            return []
        if has_others(name):
            self._leave(line, f"further cookies without their names: {quoted(name)}", is_row=False)
        told_before = len(self.published.left_out)
        read = _common if len(names) > 1 else lifetime_of
        lifetime = read(span)
        if not re.search(r"\w", span):
            found = lifetime_in(purpose) or at_the_end(purpose)
            lifetime, span = found or read(beside), beside if _has_lifetime(beside) else ""
        if span and lifetime is None:
            self._leave(line, f"the lifetime {quoted(span)} of {quoted(name)} is not understood", is_row=False)
        elif lifetime is None and lifetime_of(texts.get("type", "")) is not None:
            told = f"perhaps the lifetime of {quoted(name)}: {quoted(texts['type'])}"
            self._leave(line, told, is_row=False)
        if len(self.published.left_out) > told_before:
            self.lifetimes_told.update(map(pattern, names))
        return [self._claim(written, purpose, lifetime, line) for written in names]

    def _is_other_storage(self, texts: dict[str, str], beside: str, line: PageLine) -> bool:
        """Report a row that is not a cookie by its type, or by the heading above it."""
        kind, name = texts.get("type", ""), texts.get("name", "")
        others = [texts.get("category", ""), texts.get("lifetime", ""), beside, "" if kind else self.heading]
        storage = storage_of(kind) or next(filter(None, map(only_storage_of, others)), "")
        if storage:
            self._leave(line, f"{quoted(name)} is not a cookie: {storage}", is_understood=True)
            return True
        perhaps = "" if kind else perhaps_storage_of(self.heading)
        if perhaps:
            self._leave(line, f"{quoted(name)} is perhaps not a cookie; its heading has {quoted(perhaps)}")
        return bool(perhaps)

    def _claim(self, written: str, purpose: str, lifetime: Lifetime | None, line: PageLine) -> Claim:
        return Claim(pattern(written), COUNT.sub("", written), plain(purpose[:MAX_ITEM]), lifetime, line.number, 0)


def _short_copy(line: PageLine) -> PageLine:
    """Return a line without the end of a very long text."""
    text = line.text[:MAX_ITEM]
    return PageLine(
        line.kind, text, line.number, line.cells, line.table, line.is_head, line.lead[:MAX_ITEM], line.marked
    )


def _category_of(row: PageLine, columns: Columns | None) -> str:
    """Return the category in a column for it, or ""."""
    at = columns.get("category", [MAX_COLUMNS])[0] if columns is not None else MAX_COLUMNS
    return row.cells[at][:MAX_HEADS] if at < len(row.cells) else ""


def _as_row(item: PageLine, width: int) -> PageLine:
    """Return an item whose lines are the cells of a grid as a row."""
    if len(item.cells) == 1 and width > 1:
        return PageLine(LineKind.SECTION, item.text, item.number, table=1)
    return PageLine(LineKind.ROW, "", item.number, item.cells, 1)


def _beside(row: PageLine, parts: list[slice]) -> list[PageLine]:
    """Return the rows that one row has beside each other."""
    if row.kind is not LineKind.ROW:
        return [row]
    cells = [row.cells[part] for part in parts]
    return [PageLine(row.kind, "", row.number, part, row.table, row.is_head) for part in cells if any(part)]


def _has_lifetime(beside: str) -> bool:
    """Check for a lifetime in the brackets behind names."""
    return any(lifetime_of(part) is not None for part in beside.split(" / "))


def _common(span: str) -> Lifetime | None:
    """Return the lifetime of several names, if it is one for all."""
    found = [lifetime_of(part) for part in re.split(r"[/,;\n]|\b(?:and|or|en|of|und|et|y|e)\b", span)]
    return found[0] if all(lifetime == found[0] for lifetime in found) else None


def _is_code_or_name(item: PageLine) -> bool:
    """Check for an item that begins with an emphasised word in small letters: `**lang**: your language`."""
    lead = item.lead.rstrip(" .:")
    return lead[:1].islower() and could_be_a_name(lead)


def _is_span(text: str) -> bool:
    """Check for a line that is a lifetime, or that is short and states one."""
    return len(text) <= MAX_SPAN and (
        is_like_lifetime(text) or (speaks_of_an_end(text) and lifetime_in(text) is not None)
    )


def _is_label_of_values(text: NamedText) -> bool:
    """Check for a label in the place of a name: `Duration: 13 months` in a list of cookies."""
    head = label(text.names[0]) if len(text.names) == 1 else None
    return head is not None and head.kind != "name" and not STRONG.search(text.names[0])


_NAME_LINES = (LineKind.HEADING, LineKind.TEXT)


def _is_name_alone(line: PageLine, of: tuple[LineKind, ...] = _NAME_LINES) -> bool:
    """Check for a name above its labelled values, in a line of these kinds."""
    return line.kind in of and STRONG.search(line.text) is not None and could_be_a_name(line.text)


def _is_word_alone(line: PageLine) -> bool:
    """Check for a word above labelled values that could be a name, such as `theme`."""
    return line.kind in _NAME_LINES and line.text[:1].islower() and could_be_a_name(line.text)


def _perhaps_names(line: PageLine) -> list[str]:
    """Return the names that a heading or an emphasised line perhaps is, or a line that is one word."""
    text = line.text.rstrip(" :")
    stands_out = line.kind is LineKind.HEADING or (line.kind is LineKind.TEXT and line.lead.rstrip(" :") == text)
    if line.kind not in _NAME_LINES or len(text) > MAX_HEADS or text.endswith((".", "!", "?")) or label(text):
        return []
    names = names_in(text, False)
    are_several = len(names) > 1 and all(map(STRONG.search, names))
    are_others = any(name.lower() in COMPANIES or name in ABBREVIATIONS or not name.isascii() for name in names)
    are_names = (stands_out or are_several) and all(map(is_unlike_words, names))
    is_word = len(names) == 1 and " " not in text and re.search(r"[a-z]{2}", text) is not None
    return names if not are_others and (are_names or is_word) else []


def _is_like_a_name(line: PageLine) -> bool:
    """Check for a heading that is perhaps a name, such as `IDE`, and not a word in small letters."""
    names = _perhaps_names(line)
    return bool(names) and all(is_unlike_words(name) and not name[:1].islower() for name in names)


def _speaks_of_time(text: str) -> bool:
    """Check for words about a lifetime."""
    is_stated = has_number_of_time(text) or lifetime_in(text) is not None
    return is_stated or speaks_of_an_end(text) or is_like_lifetime(text)


def _is_clear_name(line: PageLine) -> bool:
    """Check for a line that is only a name in a form that headings do not have."""
    return _is_name_alone(line) and is_clear(line.text) and "|" not in line.text


def _enough_for(first: PageLine, is_above: bool, is_described: bool) -> set[str]:
    """Return the kinds of labels of which one is enough to read a name with its values."""
    if is_above and (is_described or not _is_clear_name(first)):
        return {"lifetime"}
    return {"purpose", "lifetime", "provider", "type"}
