"""Lines of a page: headings, list items, table rows and text."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice


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
    lead: str = ""
    """Text at the beginning of the line that is emphasised or code."""
    marked: tuple[str, ...] = ()
    """Texts in the line that are emphasised or code."""
    why: str = ""
    """Reason why the line cannot be read, if its table is known to be misread."""
    is_read: bool = False
    """True for a line that the reader accounts for."""


OPEN, CLOSE = "\ue000", "\ue001"
"""Private characters around emphasised text and code, which pages cannot contain."""
_MARK = re.compile(f"[{OPEN}{CLOSE}]")
_LEAD = re.compile(f"\\s*{OPEN}[{OPEN}\\s]*([^{OPEN}{CLOSE}]*)")


def unmarked(text: str) -> str:
    """Remove the characters around emphasised text."""
    return _MARK.sub("", text)


def lead_of(text: str) -> str:
    """Return the emphasised text at the beginning of a marked text."""
    found = _LEAD.match(text)
    return plain(found[1]) if found else ""


def marked_in(text: str) -> tuple[str, ...]:
    """Return the emphasised texts of a marked text."""
    return tuple(map(plain, islice((found[1] for found in _MARKED.finditer(text)), MAX_MARKED)))


MAX_MARKED = 20
"""Maximum emphasised texts of a line that are kept."""
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]{{1,128}}){CLOSE}")


def plain(text: str) -> str:
    """Collapse white space to single spaces."""
    return " ".join(text.split())
