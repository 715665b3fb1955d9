"""Lines of an HTML page, from the tree that Lexbor builds of the reduced page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cookiewarden.tools.statement.charset import visible
from cookiewarden.tools.statement.grids import BOXES, Box, close
from cookiewarden.tools.statement.lines import LineKind, PageLine, lead_of, marked_in, plain, unmarked
from cookiewarden.tools.statement.plaintext import text_lines
from cookiewarden.tools.statement.reduction import HEADINGS, TABLES, reduced
from cookiewarden.tools.statement.words import MAX_COLUMNS, columns_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_ROWSPAN = 65534
"""From the HTML standard."""
MAX_TERMS = 50
"""Maximum terms with one description in a definition list."""


def html_lines(text: str) -> list[PageLine]:
    """Split an HTML page into lines. Raises NoStatement if it has too many elements, or too deep ones."""
    from selectolax.lexbor import LexborHTMLParser  # imported late: most commands read no pages

    body = LexborHTMLParser(reduced(text)).body
    reader = _Lines()
    if body is not None:
        for node, enters in _walk(body):
            reader.take(node, enters)
    reader.block.end()
    return reader.block.lines


def _walk(root: "LexborNode") -> Iterator[tuple["LexborNode", bool]]:
    """Yield each node when it is entered (True), and each element when it is left (False)."""
    node, enters, depth = root, True, 0
    while True:
        yield node, enters
        if enters and (child := node.first_child) is not None:
            node, depth = child, depth + 1
        elif enters and node.is_element_node:
            enters = False
        elif depth == 0:
            return
        elif (following := node.next) is not None:
            node, enters = following, True
        else:
            parent = node.parent
            if parent is None:
                return
            node, enters, depth = parent, False, depth - 1


class _Block:
    """Lines of the page, or of a cell."""

    def __init__(self) -> None:
        self.lines: list[PageLine] = []
        self.text: list[str] = []
        self.kind, self.number = LineKind.TEXT, 1
        self.terms: list[str] = []
        self.described: list[str] = []
        self.lead = ""
        self.marked: tuple[str, ...] = ()
        self.boxes: list[Box] = []

    def end(self, following: LineKind = LineKind.TEXT, number: int = 0) -> None:
        """End the line, and begin another one."""
        said = self._said()
        if said:
            text = plain(" ".join(said))
            self.lines.append(PageLine(self.kind, text, self.number, said, lead=self.lead, marked=self.marked))
        self.kind, self.number = following, number or self.number

    def term(self, number: int) -> None:
        """Begin a term of a definition list."""
        self.end()
        if self.described or len(self.terms) >= MAX_TERMS:
            self.end_terms()
        self.number = self.number if self.terms else number

    def end_term(self) -> None:
        """End a term."""
        self.terms.append(plain(" ".join(self._said())))

    def end_description(self) -> None:
        """End the description of terms."""
        if said := plain(" ".join(self._said())):
            self.described.append(said)

    def end_terms(self) -> None:
        """Make an item of terms and their descriptions."""
        term = ", ".join(filter(None, self.terms))
        if term or self.described:
            parts = (term, *self.described)
            self.lines.append(PageLine(LineKind.ITEM, f"{term}: {' '.join(self.described)}", self.number, parts))
        self.terms, self.described = [], []

    def _said(self) -> tuple[str, ...]:
        if not self.text:
            return ()
        text = "".join(self.text)
        self.text, self.lead, self.marked = [], lead_of(text), marked_in(text)
        return tuple(filter(None, map(plain, unmarked(text).split("\n"))))


@dataclass(slots=True)
class _Cell:
    block: _Block
    columns: int
    rows: int
    is_head: bool

    @property
    def text(self) -> str:
        """Return the text of the cell; its lines end with a line feed."""
        lines = [line for line in self.block.lines if line.kind is not LineKind.BLANK]
        return "\n".join(t for line in lines for t in (line.cells or (line.text,)))


@dataclass(slots=True)
class _Row:
    number: int
    group: int
    cells: list[_Cell] = field(default_factory=list)


@dataclass(slots=True)
class _HtmlTable:
    caption: _Block = field(default_factory=_Block)
    rows: list[_Row] = field(default_factory=list)
    groups: int = 0
    has_tables: bool = False


class _Lines:
    """Reader of nodes. Each cell has its own block, so that tables nest."""

    def __init__(self) -> None:
        self.blocks = [_Block()]
        self.tables: list[_HtmlTable] = []
        self.table = 0
        self.written: _Block | None = None
        """Block in which a `<pre>` is open; the white space of its text separates columns."""

    @property
    def block(self) -> _Block:
        """Return the innermost block."""
        return self.blocks[-1]

    def take(self, node: "LexborNode", enters: bool) -> None:
        """Read a node that is entered or left."""
        if node.is_text_node:
            text = visible(node.text_content or "")
            self.block.text.append(text if self.written is self.block else re.sub(r"\s+", " ", text))
        elif node.is_element_node:
            tag = node.tag or ""
            if self.written is self.block and tag != "br" and (tag != "pre" or not enters):
                self._end_written()
            if tag in TABLES:
                self._table(node, tag, enters)
            elif enters:
                self._enter(tag, int(node.attributes.get("n") or 0))
                if tag in BOXES:
                    self.block.boxes.append(Box(tag, len(self.block.lines)))
            else:
                self._leave(tag)
                if tag in BOXES:
                    self._close_box()

    def _enter(self, tag: str, number: int) -> None:
        block = self.block
        if tag == "pre" and block.kind is not LineKind.ITEM and not block.terms:
            block.end(LineKind.TEXT, number)
            self.written = block
        elif tag == "br" and self.written is block:
            block.text.append("\n")
        elif tag in ("div", "p", "br", "pre"):
            self._between(number)
        elif tag == "li":
            block.end(LineKind.ITEM, number)
        elif tag == "dt":
            block.term(number)
        elif tag in HEADINGS:
            block.end(LineKind.HEADING, number)
        elif tag != "dd":
            block.end(LineKind.TEXT, number)

    def _leave(self, tag: str) -> None:
        if tag in ("div", "p", "pre"):
            self._between(0)
        elif tag == "dt":
            self.block.end_term()
        elif tag == "dd":
            self.block.end_description()
        elif tag != "br":
            self.block.end()
            if tag == "dl":
                self.block.end_terms()
            if tag in ("ul", "ol", "dl"):  # text below a list does not continue its last item
                self.block.lines.append(PageLine(LineKind.BLANK, "", self.block.number))

    def _close_box(self) -> None:
        """End an element that can be a grid, or a part of one."""
        block = self.block
        box = block.boxes.pop()
        self.table += close(box, block.lines, self.table + 1)
        if block.boxes:
            block.boxes[-1].boxes.append(box)

    def _end_written(self) -> None:
        """Read the text of a `<pre>` as plain text, which can have a table."""
        block, self.written = self.block, None
        text, block.text = unmarked("".join(block.text)), []
        self.table += 1
        for line in text_lines(text):
            if line.kind is not LineKind.BLANK:
                line.number += block.number - 1
                line.table = self.table if line.table else 0
                block.lines.append(line)

    def _between(self, number: int) -> None:
        """Begin another line within an item, a term or a heading, and after other text."""
        if self.block.kind is LineKind.TEXT and not self.block.terms:
            self.block.end(LineKind.TEXT, number)
        else:
            self.block.text.append("\n")

    def _table(self, node: "LexborNode", tag: str, enters: bool) -> None:
        number = int(node.attributes.get("n") or 0) if enters else 0
        if tag == "table":
            self._begin_table() if enters else self._end_table()
        elif not self.tables:
            return
        elif tag in ("thead", "tbody", "tfoot"):
            self.tables[-1].groups += enters
        elif tag == "tr" and enters:
            self.tables[-1].rows.append(_Row(number, self.tables[-1].groups))
        elif tag == "caption":
            self._open(self.tables[-1].caption) if enters else self._close()
        elif tag in ("td", "th"):
            if not enters:
                self._close()
            elif self.tables[-1].rows:
                cell = _cell(node, tag)
                self.tables[-1].rows[-1].cells.append(cell)
                self._open(cell.block)

    def _open(self, block: _Block) -> None:
        self.blocks.append(block)

    def _close(self) -> None:
        self.block.end()
        self.block.end_terms()
        self.blocks.pop()

    def _begin_table(self) -> None:
        self.block.end()
        if self.tables:
            self.tables[-1].has_tables = True
        self.tables.append(_HtmlTable())

    def _end_table(self) -> None:
        table = self.tables.pop()
        lines = self.block.lines
        lines += [PageLine(LineKind.HEADING, line.text, line.number) for line in table.caption.lines]
        rows = list(_expanded(table))
        width = max((len(cells) for _, cells, _ in rows), default=0)
        heads = any(columns_of(tuple(map(plain, cells))) for _, cells, _ in rows) if table.has_tables else True
        if width < 2 or not heads:  # a table for the layout
            lines += [line for row in table.rows for cell in row.cells for line in cell.block.lines]
            return
        self.table += 1
        for row, cells, own in rows:
            if any(cells):
                lines.append(self._row(row, cells, own, width))

    def _row(self, row: _Row, cells: list[str], own: int, width: int) -> PageLine:
        if own == 1 and len(row.cells) == 1 and row.cells[0].columns >= min(width, MAX_COLUMNS):
            return PageLine(LineKind.SECTION, plain(cells[0]), row.number, table=self.table)
        is_head = all(cell.is_head for cell in row.cells)
        return PageLine(LineKind.ROW, "", row.number, tuple(cells), self.table, is_head)


def _cell(node: "LexborNode", tag: str) -> _Cell:
    attributes = node.attributes
    columns, rows = (int(attributes.get(name) or 1) for name in ("colspan", "rowspan"))
    # In HTML, a rowspan of 0 goes to the end of the group.
    return _Cell(_Block(), max(1, min(columns, MAX_COLUMNS)), rows or MAX_ROWSPAN, tag == "th")


def _expanded(table: _HtmlTable) -> Iterator[tuple[_Row, list[str], int]]:
    """Yield rows with a text for each column, and the number of cells that do not come from another row. A cell that
    spans rows has its text in each; one that spans columns has it in the first, and
    a head in each."""
    held: dict[int, tuple[int, str]] = {}
    group = 0
    for row in table.rows:
        if row.group != group:
            group, held = row.group, {}
        cells: list[str] = []
        waiting = [(cell, cell.text) for cell in reversed(row.cells)]
        following: dict[int, tuple[int, str]] = {}
        own = len(waiting)
        while (waiting or any(at >= len(cells) for at in held)) and len(cells) <= MAX_COLUMNS:
            at = len(cells)
            if at in held:
                left, text = held[at]
                own += not waiting and own == 1  # a held cell beside one cell is not a section
                cells.append(text)
                following |= {at: (left - 1, text)} if left > 1 else {}
            elif waiting:
                cell, text = waiting.pop()
                for column in range(cell.columns):
                    said = text if column == 0 or cell.is_head else ""
                    cells.append(said)
                    if cell.rows > 1:
                        following[at + column] = (cell.rows - 1, said)
            else:
                cells.append("")
        held = following
        yield row, cells[: MAX_COLUMNS + 1], own
