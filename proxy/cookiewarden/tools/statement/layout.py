"""Tables in the output of `pdftotext -layout`. Columns begin at the same position, cells span lines, and blank lines
separate rows."""

from dataclasses import dataclass, field

from cookiewarden.tools.statement.centred import GAP, Region, joined_name, pieces_of, region_below, rows_of
from cookiewarden.tools.statement.claims import quoted
from cookiewarden.tools.statement.columns import is_clear
from cookiewarden.tools.statement.lines import plain
from cookiewarden.tools.statement.phrases import is_like_lifetime, lifetime_of
from cookiewarden.tools.statement.words import columns_of

SLACK = 2
"""Maximum number of characters that a cell begins before its heading."""
GUTTER = 3
"""Characters between columns."""
MAX_CELL = 4000
"""Maximum characters of a cell."""


@dataclass(slots=True)
class TableRow:
    """Row with the number of its first line."""

    number: int
    cells: list[str] = field(default_factory=list)
    why: str = ""
    """Reason why the line does not fit the table."""
    is_section: bool = False
    """True for the name of a category across the columns."""


def read_table(lines: list[str], at: int) -> tuple[list[TableRow], int]:
    """Read the table whose heading is line `at` (from 0). Returns its rows with the heading, and the index of the next
    line; no rows if the line is not a heading. Lines that do not fit have a reason.

    Cells begin at the top of their row, or are centred in it. If both are possible, the texts that differ are
    reported."""
    head = pieces_of(lines[at])
    columns = columns_of(tuple(text for _, text in head))
    if columns is None:
        return [], at
    reader = _Table(head, at)
    end = at + 1
    while end < len(lines) and reader.take(lines[end], end):
        end += 1
    last = end
    while last > at and not lines[last - 1].strip():
        last -= 1
    top = reader.finished() if len(reader.rows) > 1 else []
    region = region_below(lines, at)
    name, lifetime = columns["name"][0], columns.get("lifetime", [None])[0]
    centred = rows_of(region, name, lifetime) if region and region.lines else None
    if top and reader.is_regular and not reader.is_certain:
        doubts = {row.number: row for row in top[1:] if lifetime is not None and not row.cells[lifetime]}
        told = [
            TableRow(row.number, row.cells, f"a row that could belong to the row above: {quoted(' '.join(row.cells))}")
            for row in doubts.values()
        ]
        return [*(row for row in top if row.number not in doubts), *told], end
    if top and reader.is_regular and (region is None or region.end <= end or centred is None):
        return _certain(top, centred if region and region.end == last else None, at), end
    if region is None or (not top and not _is_table(region, name, lifetime)):
        return top, end if top else at
    if centred is None:
        return [reader.rows[0], *_unfit(lines, at + 1, max(region.end, end if top else 0))], max(region.end, end)
    found = [TableRow(at + 2 + begin, cells) for begin, cells in centred[0]]
    found += [TableRow(at + 2 + place, [text], is_section=True) for place, text in region.sections.items()]
    return [reader.rows[0], *sorted(found, key=lambda row: row.number)], region.end


def _certain(top: list[TableRow], centred: tuple[list[tuple[int, list[str]]], float] | None, at: int) -> list[TableRow]:
    """Return the rows, and a report of each whose cells could also be others. A cell that begins with a small letter
    continues another line, so the reading with fewer such cells is preferred."""
    if centred is None or centred[1] > 0 or len(centred[0]) != len(top) - 1:
        return top
    others = [TableRow(at + 2 + begin, cells) for begin, cells in centred[0]]
    differ = [(row, other) for row, other in zip(top[1:], others, strict=True) if _said(row) != _said(other)]
    small = sum(_small_cells(row) - _small_cells(other) for row, other in differ)
    if small:
        return [top[0], *others] if small > 0 else top
    doubts = {row.number: f"lines that could belong to another row: {quoted(' '.join(row.cells))}" for row, _ in differ}
    told = [TableRow(row.number, row.cells, doubts[row.number]) for row in top if row.number in doubts]
    return [*top, *told]


def _said(row: TableRow) -> list[str]:
    return [plain(cell) for cell in row.cells]


def _small_cells(row: TableRow) -> int:
    return sum(cell[:1].islower() and " " in cell for cell in row.cells)


def _is_table(region: Region, name: int, lifetime: int | None) -> bool:
    """Check for lines with several cells, one of which is a lifetime, or for clear names."""
    several = [cells for cells in region.lines if cells and sum(map(bool, cells)) > 1]
    if lifetime is None:
        return len(several) > 1 or any(cells and is_clear(cells[name]) for cells in region.lines)
    return any(is_like_lifetime(cells[lifetime]) for cells in several)


def _unfit(lines: list[str], at: int, end: int) -> list[TableRow]:
    """Return the lines of a table that is not clear, each with the reason."""
    found = [(number, lines[number]) for number in range(at, end) if lines[number].strip()]
    return [
        TableRow(number + 1, [line], f"a line that does not fit its table: {quoted(line)}") for number, line in found
    ]


class _Table:
    def __init__(self, head: list[tuple[int, str]], at: int) -> None:
        self.rows: list[TableRow] = []
        self.names: list[list[str]] = []
        """Lines of the name of each row."""
        self.head_lines: list[list[str]] = []
        """Cells of the lines that continue the head."""
        self.repeated = 0
        """Number of those lines expected below a repeated head."""
        self.empty = 0
        self.is_regular = True
        """False if a cell begins below the first line of its row."""
        self.is_certain = True
        """False if a name could belong to the row above."""
        self._head(head, at)

    def _head(self, head: list[tuple[int, str]], at: int) -> None:
        cells = [text for _, text in head]
        columns = columns_of(tuple(cells)) or {}
        self.starts = [start for start, _ in head]
        self.name, self.lifetime = columns["name"][0], columns.get("lifetime", [None])[0]
        if not self.rows:
            self.rows.append(TableRow(at + 1, cells))
            self.names.append([cells[self.name]])

    def finished(self) -> list[TableRow]:
        """Return the rows with their names."""
        widest = max((len(part) for parts in self.names for part in parts), default=0)
        for row, parts in zip(self.rows, self.names, strict=True):
            row.cells[self.name] = joined_name(parts, widest)
        return self.rows

    def take(self, line: str, at: int) -> bool:
        """Read a line. Returns False if it is outside the table."""
        if not line.strip():
            self.empty += 1
            return self.empty < GAP
        pieces = pieces_of(line)
        if len(pieces) > 1 and columns_of(tuple(text for _, text in pieces)) is not None:
            self._head(pieces, at)  # the heading repeats on the next page
            self.repeated = len(self.head_lines)
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
        if self._begins(found) or self._is_apart(found):
            # Lines below the head continue it, if a blank line follows them.
            self.is_regular &= not self.head_lines or len(self.rows) > 1 or bool(self.empty)
            self.rows.append(TableRow(at + 1, found))
            self.names.append([found[self.name]])
        elif len(self.rows) == 1:
            self.head_lines.append(found)
        elif not self._repeats_head(found):
            self._continue(found)
        return True

    def _repeats_head(self, cells: list[str]) -> bool:
        """Check for the next line of a head that repeats on another page."""
        at = len(self.head_lines) - self.repeated
        is_next = self.repeated > 0 and cells == self.head_lines[at]
        self.repeated = self.repeated - 1 if is_next else 0
        return is_next

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

    def _is_apart(self, cells: list[str]) -> bool:
        """Check for a name that cannot continue the name above, since that line had room for it."""
        if len(self.rows) < 2 or not cells[self.name] or not any(c for c in cells if c is not cells[self.name]):
            return False
        room = self.starts[self.name + 1] - self.starts[self.name] - GUTTER if self.name + 1 < len(self.starts) else 0
        is_apart = "\n" in joined_name([self.names[-1][-1], cells[self.name]], room)
        self.is_certain &= not is_apart or bool(self.empty)
        return is_apart

    def _continue(self, cells: list[str]) -> None:
        row = self.rows[-1]
        if cells[self.name]:
            self.names[-1].append(cells[self.name])
        for column, text in enumerate(cells):
            if column == self.name or len(row.cells[column]) > MAX_CELL:
                continue
            self.is_regular &= not text or bool(row.cells[column])
            row.cells[column] = f"{row.cells[column]} {text}".strip()
