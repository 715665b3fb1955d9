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
    if not _is_html(text[:20000]):
        return list(text_lines(text))
    return html_lines(text if _WHOLE.search(text[:20000]) else _FRONT.sub("", _TITLE.sub(_heading, text)))


_WHOLE = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"^(#{1,6})[ \t]+([^\n<>]{1,300}?)[ \t]*#*$", re.MULTILINE)
_FRONT = re.compile(r"\A\s*---[ \t]*\n(?:[^\n<]{0,500}\n){0,50}?---[ \t]*(?=\n)")
"""Front matter of Markdown."""


def _heading(found: re.Match[str]) -> str:
    """Return a heading of Markdown among HTML as a heading of HTML."""
    level, title = len(found[1]), re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", found[2])
    return f"<h{level}>{title}</h{level}>"


def _is_html(text: str) -> bool:
    """Check for a page of HTML. A Markdown table can have HTML in its cells."""
    is_markdown = _RULE.search(text) is not None and _DOCUMENT.search(text) is None
    return _IS_HTML.search(text) is not None and not is_markdown


_RULE = re.compile(r"^ {0,3}\|? {0,9}:?-{2,20}:? {0,9}\|[ |:-]{0,99}$", re.MULTILINE)
"""Line below the heads of a Markdown table."""
_DOCUMENT = re.compile(r"<(!doctype html|html|head|body|table|pre)\b", re.IGNORECASE)


_IS_HTML = re.compile(
    r"<(!doctype html|html|head|body|table|tr|p|ul|ol|li|dl|div|h[1-6]|section|main|article|details|pre)\b",
    re.IGNORECASE,
)
