"""Tables of `pdftotext -layout` whose cells are centred in their rows. Columns are where texts overlap, and each row is
the lines around its name."""

import re
from dataclasses import dataclass, field
from math import inf

from cookiewarden.tools.statement.names import names_in
from cookiewarden.tools.statement.phrases import is_like_lifetime
from cookiewarden.tools.statement.words import columns_of

Piece = tuple[int, str]
"""Text between gaps of a line, with its position."""
GAP = 6
"""Blank lines that end a table; the end of a page has fewer."""
MAX_REGION = 20_000
"""Maximum lines of a table."""
MAX_HEIGHT = 40
"""Maximum lines of a row."""
MAX_SPANS = 60
"""Maximum separate places of texts; a table has about as many as columns."""
MAX_SHIFT = 1.0
"""Maximum lines between the middles of the cells of a row."""


@dataclass(slots=True)
class Region:
    """Lines below a head that fit its columns."""

    lines: list[list[str] | None] = field(default_factory=list)
    """Cells of each line, or None for a blank line."""
    end: int = 0
    """Index of the line after the last one."""
    sections: dict[int, str] = field(default_factory=dict)
    """Lines across the columns, such as the name of a category, by their place in `lines`."""


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    heads: set[int]
    has_texts: bool


def pieces_of(line: str) -> list[Piece]:
    """Split a line at gaps of two spaces or more. Returns each piece with its position."""
    return [(found.start(), found[0]) for found in re.finditer(r"\S+(?: \S+)*", line.expandtabs())]


def region_below(lines: list[str], at: int) -> Region | None:
    """Return the lines below the head in line `at` that fit its columns, or None if the columns are not clear."""
    head = pieces_of(lines[at])
    spans = [_Span(start, start + len(text), {n}, False) for n, (start, text) in enumerate(head)]
    taken: list[list[Piece]] = []
    sections: dict[int, str] = {}
    blank = 0
    at += 1
    while at < len(lines) and blank < GAP and len(taken) < MAX_REGION:
        pieces = pieces_of(lines[at])
        blank = 0 if pieces else blank + 1
        if len(pieces) > 1 and columns_of(tuple(text for _, text in pieces)) is not None:
            break
        joined = _joined(spans, pieces)
        if joined is None and _is_section(lines, at, spans):
            sections[len(taken)] = pieces[0][1]
            joined, pieces = spans, []
        if joined is None or len(joined) > MAX_SPANS:
            break
        spans = joined
        taken.append(pieces)
        at += 1
    while taken and not taken[-1]:
        taken.pop()
        at -= 1
    columns = _columns(spans, len(head))
    if columns is None:
        return None
    cells = [_cells(pieces, columns, len(head)) if pieces else None for pieces in taken]
    return Region(cells, at, {place: text for place, text in sections.items() if place < len(taken)})


def _is_section(lines: list[str], at: int, spans: list[_Span]) -> bool:
    """Check for one line across the columns before a line that fits them. Sentences have several lines, or follow
    each other."""
    pieces = pieces_of(lines[at])
    following = next((line for line in lines[at + 1 : at + 3] if line.strip()), "")
    below = pieces_of(following)
    return len(pieces) == 1 and bool(below) and len(pieces[0][1]) <= 120 and _joined(spans, below) is not None


def _joined(spans: list[_Span], pieces: list[Piece]) -> list[_Span] | None:
    """Add the texts of a line to the places of texts. Returns None if it joins two heads."""
    for start, text in pieces:
        end = start + len(text)
        over = [span for span in spans if span.start < end and start < span.end]
        heads = set[int]().union(*(span.heads for span in over))
        if len(heads) > 1:
            return None
        one = _Span(min([start, *(s.start for s in over)]), max([end, *(s.end for s in over)]), heads, True)
        spans = sorted([*(span for span in spans if span not in over), one], key=lambda span: span.start)
    return spans


def _columns(spans: list[_Span], width: int) -> list[tuple[int, int, int]] | None:
    """Return places with their column. A place without a head belongs to the neighbour that has no texts."""
    found: list[tuple[int, int, int]] = []
    for at, span in enumerate(spans):
        before = next((one for one in reversed(spans[:at]) if one.heads), None)
        after = next((one for one in spans[at + 1 :] if one.heads), None)
        if span.heads:
            owner = span
        elif before is None or after is None:
            owner = after or before or span
        elif before.has_texts == after.has_texts:
            return None
        else:
            owner = after if before.has_texts else before
        found.append((span.start, span.end, min(owner.heads)))
    return found


def _cells(pieces: list[Piece], columns: list[tuple[int, int, int]], width: int) -> list[str]:
    cells = [""] * width
    for start, text in pieces:
        column = next(column for begin, end, column in columns if begin <= start < end)
        cells[column] = f"{cells[column]} {text}".strip()
    return cells


def rows_of(region: Region, name: int, lifetime: int | None) -> tuple[list[tuple[int, list[str]]], float] | None:
    """Divide lines into rows so that the middles of the cells are nearest to each other. Returns each row with the
    index of its first line, and the sum of the differences; None if a line does not fit."""
    lines = region.lines
    widest = max((len(cells[name]) for cells in lines if cells), default=0)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(lines) + 1):
        if lines[end - 1] is None:
            best.append((best[end - 1][0], end - 1))
            continue
        found = (inf, 0)
        for begin in range(end - 1, max(-1, end - 1 - MAX_HEIGHT), -1):
            if lines[begin] is None:
                break
            cost = best[begin][0]
            if cost < found[0]:
                found = min(found, (cost + _cost(lines[begin:end], name, lifetime, widest), begin))
        best.append(found)
    if best[-1][0] == inf:
        return None
    rows: list[tuple[int, list[str]]] = []
    end = len(lines)
    while end:
        begin = best[end][1]
        if lines[begin] is not None:
            rows.append((begin, _row(lines[begin:end], name, widest)))
        end = begin
    return rows[::-1], best[-1][0]


def _cost(lines: list[list[str] | None], name: int, lifetime: int | None, widest: int) -> float:
    """Return the difference of the middles of a row's cells, with a penalty for texts that are not understood."""
    given = [cells for cells in lines if cells]
    middles = [_middle([cells[column] for cells in given]) for column in range(len(given[0]))]
    middle = middles[name]
    if middle is None or any(other is not None and abs(other - middle) > MAX_SHIFT for other in middles):
        return inf
    row = _row(lines, name, widest)
    if not names_in(row[name], True):
        return inf
    shift = sum(abs(other - middle) for other in middles if other is not None)
    joints = sum(bool(cells[name]) for cells in given) - 1
    said = row[lifetime] if lifetime is not None else ""
    count = sum(bool(cells[lifetime]) for cells in given) if lifetime is not None else 0
    return shift + joints * 1.5 + (count if said and not is_like_lifetime(said) else 0)


def _middle(texts: list[str]) -> float | None:
    places = [at for at, text in enumerate(texts) if text]
    return (places[0] + places[-1]) / 2 if places else None


def _row(lines: list[list[str] | None], name: int, widest: int) -> list[str]:
    """Join the lines of a row."""
    given = [cells for cells in lines if cells]
    row = [" ".join(filter(None, (cells[column] for cells in given))) for column in range(len(given[0]))]
    row[name] = joined_name([cells[name] for cells in given if cells[name]], widest)
    return row


def joined_name(parts: list[str], widest: int) -> str:
    """Join the lines of a name. A line that had room for the next one is a separate name."""
    name = ""
    length = 0
    for part in parts:
        first = re.split(r"(?<=-)", part)[0]
        between = "\n" if name and (length + len(first) <= widest or name.endswith(",")) else ""
        name, length = f"{name}{between}{part}", len(part)
    return name
