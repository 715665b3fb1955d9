"""Lines of an HTML, Markdown or text page, classified as headings, list items, table rows and text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from html.parser import HTMLParser

from cookiewarden.tools.statement.layout import read_table

MAX_PAGE = 8 * 1024 * 1024
"""Maximum size of a page in octets."""
MAX_TERM = 1000
"""Maximum characters of a term in a definition list."""


class NoStatement(Exception):
    """Reason why a page cannot be read as a statement; exit code 3."""


class LineKind(Enum):
    """Kind of a line."""

    TEXT = auto()
    HEADING = auto()
    ITEM = auto()
    ROW = auto()
    BLANK = auto()


@dataclass(slots=True)
class PageLine:
    """Line of a page. Rows have `cells`."""

    kind: LineKind
    text: str
    number: int
    cells: tuple[str, ...] = ()


def lines_of(raw: bytes) -> list[PageLine]:
    """Split a page into classified lines. Raises NoStatement if it is too large or not text."""
    if len(raw) > MAX_PAGE:
        raise NoStatement(f"it is larger than {MAX_PAGE // 1024 // 1024} MiB")
    if raw.startswith(b"%PDF"):
        raise NoStatement("it is a PDF; convert it to text with pdftotext -layout")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NoStatement("it is UTF-16; save it as UTF-8")
    if b"\0" in raw or raw[:4] == b"PK\x03\x04":
        raise NoStatement("it is a binary file; give HTML, Markdown or text")
    text = raw.decode("utf-8-sig", "replace")
    return _html_lines(text) if _IS_HTML.search(text[:20000]) else list(_text_lines(text))


_IS_HTML = re.compile(r"<(!doctype html|html|body|table|p|li|div)\b", re.IGNORECASE)


class _Html(HTMLParser):
    """Parser that makes a line of each block, and a list of cells of each table row."""

    BLOCKS = frozenset(
        {
            "p",
            "div",
            "section",
            "article",
            "ul",
            "ol",
            "table",
            "thead",
            "tbody",
            "dl",
            "br",
            "hr",
            "main",
            "header",
            "footer",
            "nav",
            "tr",
            "caption",
            "summary",
            "details",
            "pre",
        }
    )
    HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "head"})
    ENDS = frozenset({"li", "dd", "ul", "ol", "dl", "table", "p", "caption"})
    INSIDE = frozenset({"p", "div", "br", "span"})
    """Elements that do not end an item or a cell."""
    HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[PageLine] = []
        self.text: list[str] = []
        self.cells: list[str] | None = None
        self.kind = LineKind.TEXT
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self.hidden += 1
        elif self.cells is not None and tag in ("td", "th"):
            self._cell()
        elif (self.cells is not None or self.kind is LineKind.ITEM) and tag in self.INSIDE:
            self.text.append(" ")
        elif tag == "li":
            self._end(LineKind.ITEM)
        elif tag in ("dt", "dd"):
            self._term(tag)
        elif tag in self.HEADINGS:
            self._end(LineKind.HEADING)
        elif tag in self.BLOCKS:
            self._end(LineKind.TEXT)
        if tag == "tr":
            self._row()
            self.cells, self.text = [], []

    def handle_endtag(self, tag: str) -> None:
        if tag in self.HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("tr", "table") and self.cells is not None:
            self._row()
        elif self.kind is LineKind.ITEM and tag in self.INSIDE:
            self.text.append(" ")
        elif self.cells is None and (tag in self.HEADINGS or tag in self.ENDS):
            self._end(LineKind.TEXT)

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)

    def end(self) -> None:
        """End the last line."""
        self._end(LineKind.TEXT)

    def _row(self) -> None:
        """End a row, with or without its end tag."""
        if self.cells is not None:
            self._cell()
            # The first piece is the text before the first cell.
            self.lines.append(PageLine(LineKind.ROW, "", self.getpos()[0], tuple(self.cells[1:])))
            self.cells = None

    def _cell(self) -> None:
        if self.cells is not None:
            self.cells.append(plain("".join(self.text)))
            self.text = []

    def _term(self, tag: str) -> None:
        """Make an item of `<dt>name<dd>text`."""
        text = plain("".join(self.text))
        if tag == "dd" and text:
            self.text, self.kind = [f"{text[:MAX_TERM]}: "], LineKind.ITEM
        else:
            self._end(LineKind.TEXT)

    def _end(self, following: LineKind) -> None:
        text = plain("".join(self.text))
        if text:
            self.lines.append(PageLine(self.kind, text, self.getpos()[0]))
        self.text, self.kind = [], following


def _without_comments(text: str) -> str:
    """Remove comments, because unclosed ones cost the parser quadratic time."""
    kept = []
    at = 0
    while (begin := text.find("<!--", at)) >= 0:
        kept.append(text[at:begin])
        end = text.find("-->", begin + 4)
        at = end + 3 if end >= 0 else len(text)
    return " ".join([*kept, text[at:]])


_TAG = re.compile(r"<(?:(/?[A-Za-z][A-Za-z0-9]*)|[!?])[^<>]*>|<")


def _bare_tag(found: re.Match[str]) -> str:
    """Remove the attributes of a tag, and escape a `<` that does not begin a tag."""
    return f"<{found[1]}>" if found[1] else "" if len(found[0]) > 1 else "&lt;"


def _html_lines(text: str) -> list[PageLine]:
    parser = _Html()
    parser.feed(_TAG.sub(_bare_tag, _without_comments(text)))
    parser.close()
    parser.end()
    return parser.lines


_BULLET = re.compile(r"[ \t]*(?:[*\u2022\u00b7\u25aa\u25cf\u25e6\u2023\u2013\u2014o+-]|\(?[0-9]{1,3}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r"#{1,6}[ \t]")
_RULE = re.compile(r"[\s|:=+-]+")


def _text_lines(text: str) -> Iterator[PageLine]:
    """Read the tables of a PDF, and other text line by line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    at = 0
    while at < len(lines):
        rows, after = read_table(lines, at) if "  " in lines[at].strip() else ([], at)
        for row in rows:
            yield PageLine(LineKind.ROW, "", row.number, tuple(row.cells))
        if not rows:
            yield from _text_line(lines[at], at + 1)
        at = max(after, at + 1)


def _text_line(raw: str, number: int) -> Iterator[PageLine]:
    line = raw.rstrip()
    bullet = _BULLET.match(line)
    cells = _cells(line)
    if not line.strip():
        yield PageLine(LineKind.BLANK, "", number)
    elif _RULE.fullmatch(line) and len(line.strip()) > 2:
        return
    elif _HEADING.match(line):
        yield PageLine(LineKind.HEADING, _unmarked(line.lstrip("#").rstrip("#")), number)
    elif bullet:
        yield PageLine(LineKind.ITEM, _unmarked(line[bullet.end() :]), number)
    elif len(cells) > 1:
        yield PageLine(LineKind.ROW, "", number, tuple(_unmarked(cell) for cell in cells))
    else:
        yield PageLine(LineKind.TEXT, _unmarked(line), number)


def _cells(line: str) -> list[str]:
    """Split a row of a Markdown table, of a table with tabs, or of columns from pdftotext."""
    stripped = line.strip()
    if stripped.startswith("|"):
        inner = stripped.removeprefix("|").removesuffix("|")
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]
    return [cell.strip() for cell in re.split(r"\t+| {3,}", stripped)]


def _unmarked(text: str) -> str:
    """Remove the markup of Markdown."""
    text = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    text = re.sub(r"(?<!\\)(\*\*|__(?=\S)(?=[^_]*__(?!_))|`)", "", text)
    return plain(re.sub(r"\\([\\`*_<>\[\]|#+.-])", r"\1", text))


def plain(text: str) -> str:
    """Collapse white space to single spaces."""
    return " ".join(text.split())
