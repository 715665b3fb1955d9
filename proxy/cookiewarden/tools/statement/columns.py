"""Columns of tables: the columns of names and lifetimes, tables in other directions, and columns that are not read."""

import re

from cookiewarden.tools.statement.labels import unit_of
from cookiewarden.tools.statement.lines import LineKind, PageLine
from cookiewarden.tools.statement.names import STRONG, names_in
from cookiewarden.tools.statement.phrases import has_number_of_time, is_like_lifetime, lifetime_of
from cookiewarden.tools.statement.words import columns_of, folded, head_of, words

Columns = dict[str, list[int]]
"""Columns by the kinds of their heads, the best first."""


def with_lifetimes(columns: Columns, rows: list[PageLine]) -> Columns:
    """Add the column that has lifetimes, if its head is not known."""
    if "lifetime" in columns:
        return columns
    known = {at for found in columns.values() for at in found}
    for at in range(width_of(rows)):
        cells = _cells(rows, at)
        if at not in known and cells and sum(lifetime_of(cell) is not None for cell in cells) * 2 > len(cells):
            return {**columns, "lifetime": [at]}
    return columns


def best_name(rows: list[PageLine], columns: list[int]) -> int:
    """Return the column whose cells are names most often; the first of equal ones."""

    def names(at: int) -> int:
        return sum(bool(names_in(cell, True)) for cell in _cells(rows, at))

    return max(columns, key=names) if len(columns) > 1 else columns[0]


def is_bare_row(line: PageLine) -> bool:
    """Check whether the first cell of a row without heads has a character that names of cookies have."""
    return bool(line.cells and STRONG.search(line.cells[0]) and names_in(line.cells[0], False))


def is_section(line: PageLine, name: int) -> bool:
    """Check for a row that has text only in the column of names, and not a name."""
    text = line.cells[name] if _is_alone(line, name) else ""
    return bool(text) and not STRONG.search(text) and (" " in text or text[:1].isupper())


def is_unclear(line: PageLine, name: int) -> bool:
    """Check for a row that has only a word, which could be the name of a cookie or of a category."""
    return _is_alone(line, name) and not STRONG.search(line.cells[name])


def is_row_of(columns: Columns, cells: tuple[str, ...]) -> bool:
    """Check whether cells are a name and, if there is a head for it, a lifetime."""
    name = cells[columns["name"][0]]
    spans = [cells[at] for at in columns.get("lifetime", [])]
    is_sure = any(lifetime_of(span) is not None for span in spans) if spans else is_clear(name)
    return is_sure and bool(names_in(name, True))


def is_clear(name: str) -> bool:
    """Check for a name in a form that headings do not have."""
    return re.search(r"^_|[_%*]|sess|(?:sid|csrf|xsrf)$", name, re.IGNORECASE) is not None


def upright(rows: list[PageLine]) -> list[PageLine]:
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


def abreast(heads: tuple[str, ...]) -> list[slice]:
    """Return the parts of a head that repeats in the same row, such as `Cookie | Use | Cookie | Use`. Other heads have
    one part."""
    kinds = [head.kind if (head := head_of(text)) is not None else "" for text in heads]
    starts = [at for at, kind in enumerate(kinds) if kind == kinds[0] != ""] or [0]
    parts = [slice(start, end) for start, end in zip(starts, [*starts[1:], len(heads)], strict=True)]
    sorts = {tuple(filter(None, kinds[part])) for part in parts}
    if len(parts) > 1 and len(sorts) == 1 and all(columns_of(heads[part]) is not None for part in parts):
        return parts
    return [slice(0, None)]


def unread_columns(heads: tuple[str, ...], rows: list[PageLine], columns: Columns, name: int) -> list[tuple[str, bool]]:
    """Return the heads of the columns with texts that are not read, and whether the texts look like lifetimes."""
    read = {name, *columns.get("lifetime", []), *(at[0] for at in columns.values())} - set(columns["name"]) | {name}
    read |= set(columns.get("provider", []))
    found = []
    for at in range(width_of(rows)):
        cells = _cells(rows, at)
        if at not in read and cells:
            head = heads[at] if at < len(heads) else ""
            has_times = "lifetime" not in columns and any(map(has_number_of_time, cells))
            found.append((head, has_times or _are_like_lifetimes(head, cells)))
    return found


def width_of(rows: list[PageLine]) -> int:
    """Return the number of columns."""
    return max((len(row.cells) for row in rows), default=0)


def _are_like_lifetimes(head: str, cells: list[str]) -> bool:
    """Check whether a column that is not read has lifetimes, or numbers that are not the numbers of the rows."""
    known = head_of(head)
    if known is not None and known.kind == "lifetime":
        return True
    if any(is_like_lifetime(cell) for cell in cells) and (known is None or known.kind != "name"):
        return True
    numbers = [int(cell) for cell in cells if re.fullmatch(r"[0-9]{1,9}", cell)]
    is_counted = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    has_unit = bool(unit_of(head)) or any(word in words().units for word in folded(head).split())
    return len(numbers) == len(cells) and (has_unit or (len(numbers) > 1 and not is_counted))


def _cells(rows: list[PageLine], at: int) -> list[str]:
    return [row.cells[at] for row in rows if at < len(row.cells) and row.cells[at]]


def _is_alone(line: PageLine, name: int) -> bool:
    return [at for at, cell in enumerate(line.cells) if cell] == [name]
