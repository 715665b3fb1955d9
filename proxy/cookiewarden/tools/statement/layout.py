"""Tables in the output of `pdftotext -layout`. Columns begin at the same position, cells span lines, and blank lines
separate rows."""

import re
from dataclasses import dataclass, field

from cookiewarden.tools.statement.phrases import lifetime_of
from cookiewarden.tools.statement.words import columns_of

SLACK = 2
"""Maximum number of characters that a cell begins before its heading."""
MAX_CELL = 4000
"""Maximum characters of a cell."""
GAP = 6
"""Blank lines that end a table; the end of a page has fewer."""


@dataclass(slots=True)
class TableRow:
    """Row with the number of its first line."""

    number: int
    cells: list[str] = field(default_factory=list)


def read_table(lines: list[str], at: int) -> tuple[list[TableRow], int]:
    """Read the table whose heading is line `at` (from 0). Returns its rows with the heading, and the index of the next
    line; no rows if the line is not a heading."""
    head = _pieces(lines[at])
    if columns_of(tuple(text for _, text in head)) is None:
        return [], at
    reader = _Table(head, at)
    begin = at
    at += 1
    while at < len(lines) and reader.take(lines[at], at):
        at += 1
    return (reader.rows, at) if len(reader.rows) > 1 else ([], begin)


class _Table:
    def __init__(self, head: list[tuple[int, str]], at: int) -> None:
        self.rows: list[TableRow] = []
        self.empty = 0
        self._head(head, at)

    def _head(self, head: list[tuple[int, str]], at: int) -> None:
        cells = [text for _, text in head]
        columns = columns_of(tuple(cells)) or {}
        self.starts = [start for start, _ in head]
        self.name, self.lifetime = columns["name"][0], columns.get("lifetime", [None])[0]
        self.rows.append(TableRow(at + 1, cells))

    def take(self, line: str, at: int) -> bool:
        """Read a line. Returns False if it is outside the table."""
        if not line.strip():
            self.empty += 1
            return self.empty < GAP
        pieces = _pieces(line)
        if len(pieces) > 1 and columns_of(tuple(text for _, text in pieces)) is not None:
            self._head(pieces, at)  # the heading repeats on the next page
        elif not self._cells(pieces, at):
            return False
        self.empty = 0
        return True

    def _cells(self, pieces: list[tuple[int, str]], at: int) -> bool:
        found = [""] * len(self.starts)
        for start, text in pieces:
            column = self._column(start)
            end = self.starts[column + 1] if column + 1 < len(self.starts) else None
            if end is not None and start + len(text) > end:
                return False  # text across columns is a sentence
            found[column] = f"{found[column]} {text}".strip()
        name = found[self.name]
        if name and (" " in name or (self.empty and not any(c for c in found if c is not name))):
            return False  # a heading
        if self._begins(found):
            self.rows.append(TableRow(at + 1, found))
        elif len(self.rows) > 1:
            self._continue(found)
        return True

    def _column(self, start: int) -> int:
        return max((i for i, column in enumerate(self.starts) if column <= start + SLACK), default=0)

    def _begins(self, cells: list[str]) -> bool:
        """Check whether a line with a name begins a row, or continues a long name. In a table with lifetimes, the first
        line of a row has one, or follows a blank line. In other tables, it follows a blank line."""
        if not cells[self.name]:
            return False
        if len(self.rows) == 1:
            return True
        if self.lifetime is None:
            return bool(self.empty)
        said = cells[self.lifetime]
        return bool(said) and (bool(self.empty) or lifetime_of(said) is not None)

    def _continue(self, cells: list[str]) -> None:
        row = self.rows[-1]
        for column, text in enumerate(cells):
            if len(row.cells[column]) > MAX_CELL:
                continue
            between = "" if column == self.name else " "
            row.cells[column] = f"{row.cells[column]}{between}{text}".strip()


def _pieces(line: str) -> list[tuple[int, str]]:
    """Split a line at gaps of two spaces or more. Returns each piece with its position."""
    return [(found.start(), found[0]) for found in re.finditer(r"\S+(?: \S+)*", line.expandtabs())]
