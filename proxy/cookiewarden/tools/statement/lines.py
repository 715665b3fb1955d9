"""Lines of a page: headings, list items, table rows and text."""

from dataclasses import dataclass
from enum import Enum, auto


class NoStatement(Exception):
    """Reason why a page cannot be read as a statement; exit code 3."""


class LineKind(Enum):
    """Kind of a line."""

    TEXT = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    SECTION = auto()
    """Row of a table with one cell over the whole width, such as the name of a category."""
    BLANK = auto()


@dataclass(slots=True)
class PageLine:
    """Line of a page. Rows have `cells`, and items have the lines of their text there."""

    kind: LineKind
    text: str
    number: int
    cells: tuple[str, ...] = ()
    table: int = 0
    """Number of the table; 0 for columns of plain text, which are perhaps not a table."""
    is_head: bool = False
    """True if all cells of the row are `th`."""


def plain(text: str) -> str:
    """Collapse white space to single spaces."""
    return " ".join(text.split())
