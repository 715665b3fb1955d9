"""Parser of published cookie statements: names, purposes and lifetimes of cookies.

It reads lists (`- name: text`), tables, definition lists and labelled values (`Name: sid`), and accounts for each row
that it does not read. The heads and labels are in words.yaml."""

import re
from collections.abc import Iterable

from cookiewarden.tools.statement.claims import Published
from cookiewarden.tools.statement.lines import LineKind, NoStatement, PageLine
from cookiewarden.tools.statement.pagetext import lines_of
from cookiewarden.tools.statement.phrases import day_in
from cookiewarden.tools.statement.reader import PageReader
from cookiewarden.tools.statement.unread import unread

MAX_ROWS = 20_000
"""Maximum rows and items of a page."""


def read_page(raw: bytes, charset: str = "") -> Published:
    """Parse a page. `charset`: from its Content-Type header, or "". Raises NoStatement if it names no cookies."""
    lines = lines_of(raw, charset)
    if sum(line.kind in (LineKind.ROW, LineKind.ITEM) for line in lines) > MAX_ROWS:
        raise NoStatement(f"it has more than {MAX_ROWS} rows and items")
    text = "\n".join(" ".join((line.text, *line.cells)) for line in lines)
    published = PageReader(lines, Published(edited=_edited(lines), text=text)).read()
    for left in unread(lines, published):
        published.rows += left.is_row
        published.left_out.append(left)
    if not published.claims:
        if left_out := next(iter([*published.not_understood, *published.left_out]), None):
            rows = f"{published.rows} row{'s' * (published.rows != 1)}"
            raise NoStatement(f"no cookies found in {rows}; line {left_out.line}: {left_out.why}")
        raise NoStatement(
            "no cookies found; supported are lists (- name: purpose), tables and definition lists, and the text of a "
            "PDF from pdftotext -layout. If a script writes the list, save the page from a browser"
        )
    return published


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
