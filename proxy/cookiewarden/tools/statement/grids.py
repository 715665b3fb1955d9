"""Grids of `<div>`, `<p>` or lists that look like a table: heads, and rows with as many cells."""

from dataclasses import dataclass, field

from cookiewarden.tools.statement.claims import quoted
from cookiewarden.tools.statement.columns import is_clear
from cookiewarden.tools.statement.lines import LineKind, PageLine
from cookiewarden.tools.statement.names import names_in
from cookiewarden.tools.statement.phrases import is_like_lifetime
from cookiewarden.tools.statement.words import MAX_COLUMNS, columns_of, head_of

MAX_GRID_CELL = 50
"""Maximum lines of a cell."""
BOXES = frozenset({"body", "div", "p", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements that can be rows or cells, and headings, which end a grid."""


@dataclass(slots=True)
class Box:
    """Element with its lines, from `start` to before `end`."""

    tag: str
    start: int
    end: int = 0
    boxes: list["Box"] = field(default_factory=list)
    heads: tuple[str, ...] = ()
    """Heads of columns, if the element has them only."""


def close(box: Box, lines: list[PageLine], table: int) -> bool:
    """End an element, and replace a grid in it by the rows of a table. Returns True if it has one."""
    box.end = len(lines)
    begin = next((at for at, one in enumerate(box.boxes) if one.heads), None)
    if begin is not None:
        if not any(one.end > one.start for one in box.boxes[begin + 1 :]):
            box.heads = box.boxes[begin].heads if begin == 0 else ()
            return False
        found = _rows_below(box.boxes[begin], box.boxes[begin + 1 :], lines, table)
        return _replace(box, box.boxes[begin].start, found, lines)
    first, heads = _heads_among(box.boxes, lines)
    if len(heads) < 2 or columns_of(heads) is None:
        return False
    cells = box.boxes[first + len(heads) :]
    if not cells:
        box.heads = heads if first == 0 else ()
        return False
    return _replace(box, box.boxes[first].start, _flat_rows(heads, box.boxes[first], cells, lines, table), lines)


def _replace(box: Box, start: int, found: tuple[list[PageLine], int], lines: list[PageLine]) -> bool:
    rows, end = found
    if not rows:
        return False
    lines[start:end] = rows
    box.end, box.boxes = len(lines), []
    return True


def _heads_among(boxes: list[Box], lines: list[PageLine]) -> tuple[int, tuple[str, ...]]:
    """Return the first cells beside each other that are heads, with the index of the first one."""
    heads: list[str] = []
    first = 0
    for at, box in enumerate(boxes):
        text = lines[box.start].text if box.end == box.start + 1 and lines[box.start].kind in _TEXTS else ""
        if text and len(heads) < MAX_COLUMNS and head_of(text) is not None:
            first = at if not heads else first
            heads.append(text)
        elif len(heads) > 1 and columns_of(tuple(heads)) is not None:
            break
        else:
            heads = []
    return first, tuple(heads)


_TEXTS = (LineKind.TEXT, LineKind.ITEM, LineKind.HEADING)


def _rows_below(head: Box, boxes: list[Box], lines: list[PageLine], table: int) -> tuple[list[PageLine], int]:
    """Return the rows of a grid whose rows are elements, and the index after its lines."""
    width, rows, end = len(head.heads), [_row(head.heads, lines[head.start].number, table)], head.end
    waiting: list[PageLine] = []
    is_sure = False
    name = (columns_of(head.heads) or {"name": [0]})["name"][0]
    for box in boxes:
        if box.tag.startswith("h") or any(line.kind is LineKind.ROW for line in lines[box.start : box.end]):
            break
        for one in _flattened(box, width, name):
            said = [_text(cell, lines) for cell in one.boxes]
            if len(one.boxes) == width:
                if any(said):
                    rows += [*waiting, _row(tuple(said), lines[one.start].number, table)]
                    is_sure = is_sure or bool(names_in(said[name], True))
                    waiting = []
            elif text := _text(one, lines):
                waiting.append(_irregular(one, text, lines, table))
        end = box.end if not waiting else end
    return (rows, end) if is_sure else ([], end)


def _flattened(box: Box, width: int, name: int) -> list[Box]:
    """Return the rows in an element that wraps them, or the element. A cell with a name has no other cells in it."""
    is_row = len(box.boxes) == width and len(box.boxes[name].boxes) < 2
    if is_row or not any(one.boxes for one in box.boxes):
        return [box]
    return [row for one in box.boxes for row in _flattened(one, width, name)]


def _irregular(box: Box, text: str, lines: list[PageLine], table: int) -> PageLine:
    """Return an element that is not a row: a heading between rows, or a row with other cells, which is reported."""
    number = lines[box.start].number
    if len(box.boxes) < 2 and "\n" not in text:
        return PageLine(LineKind.SECTION, text, number, table=table)
    why = f"a row that does not fit the heads of its grid: {quoted(text)}"
    return PageLine(LineKind.TEXT, " ".join(text.split()), number, why=why)


def _flat_rows(
    heads: tuple[str, ...], first: Box, boxes: list[Box], lines: list[PageLine], table: int
) -> tuple[list[PageLine], int]:
    """Return the rows of a grid whose cells are all in one element. Each row must have a name.

    If there is a head for lifetimes, its cells must be lifetimes or empty. Otherwise a cell that is split would move
    all others."""
    cells: list[Box] = []
    for box in boxes:
        if box.tag.startswith("h") or any(line.kind is LineKind.ROW for line in lines[box.start : box.end]):
            break
        cells.append(box)
    width = len(heads)
    columns = columns_of(heads) or {"name": [0]}
    if not cells or len(cells) % width:
        return [], 0
    rows, is_sure = [_row(heads, lines[first.start].number, table)], False
    for at in range(0, len(cells), width):
        said = tuple(_text(cell, lines) for cell in cells[at : at + width])
        spans = [said[column] for column in columns.get("lifetime", [])]
        if not names_in(said[columns["name"][0]], True) or not all(not s or is_like_lifetime(s) for s in spans):
            return [], 0
        is_sure = is_sure or any(spans) or (not spans and is_clear(said[columns["name"][0]]))
        rows.append(_row(said, lines[cells[at].start].number, table))
    return (rows, cells[-1].end) if is_sure else ([], 0)


def _row(cells: tuple[str, ...], number: int, table: int) -> PageLine:
    return PageLine(LineKind.ROW, "", number, cells, table)


def _text(box: Box, lines: list[PageLine]) -> str:
    """Return the text of a cell; its lines end with a line feed."""
    found = [line for line in lines[box.start : min(box.end, box.start + MAX_GRID_CELL)] if line.text]
    return "\n".join(text for line in found for text in (line.cells or (line.text,)))
