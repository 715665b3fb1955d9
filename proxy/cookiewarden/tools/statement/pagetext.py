"""Lines of an HTML, Markdown or text page, classified as headings, list items, table rows and text."""

import re

from cookiewarden.tools.statement.charset import decoded
from cookiewarden.tools.statement.lines import NoStatement, PageLine
from cookiewarden.tools.statement.markup import html_lines
from cookiewarden.tools.statement.plaintext import text_lines

MAX_PAGE = 8 * 1024 * 1024
"""Maximum size of a page in octets."""


def lines_of(raw: bytes, charset: str = "") -> list[PageLine]:
    """Split a page into classified lines. `charset`: from its Content-Type header, or "". Raises NoStatement if it is
    too large or not text."""
    if len(raw) > MAX_PAGE:
        raise NoStatement(f"it is larger than {MAX_PAGE // 1024 // 1024} MiB")
    if raw.startswith(b"%PDF"):
        raise NoStatement("it is a PDF; convert it to text with pdftotext -layout")
    text = decoded(raw, charset)
    return html_lines(text) if _IS_HTML.search(text[:20000]) else list(text_lines(text))


_IS_HTML = re.compile(
    r"<(!doctype html|html|head|body|table|tr|p|ul|ol|li|dl|div|h[1-6]|section|main|article|details|pre)\b",
    re.IGNORECASE,
)
