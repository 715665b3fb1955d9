"""Lines of Markdown and of plain text, such as the text of a PDF."""

import csv
import re
from collections.abc import Iterator
from html import unescape
from itertools import islice

from cookiewarden.tools.statement.layout import read_table
from cookiewarden.tools.statement.lines import MAX_MARKED, LineKind, PageLine, plain

_BULLET = re.compile(r"[ \t]*(?:[*\u2022\u00b7\u25aa\u25cf\u25e6\u2023\u2013\u2014o+-]|\(?[0-9]{1,3}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r"#{1,6}[ \t]")
_PIPES = re.compile(r"\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *")
_OPEN_ROW = re.compile(r" {0,3}[^|\s-][^|]*\|")
"""Row of a Markdown table that does not begin with `|`."""
_CSV = re.compile(r"""(?::header:\s*+)?("[^"]*+"(?:\s*+,\s*+(?:"(?:[^"]|"")*+"|[^",]*+))++)""")
"""Row of CSV whose first field has quotes, as in a csv-table of reStructuredText."""
_RULE = re.compile(r"[\s|:=+-]+")


def text_lines(text: str) -> Iterator[PageLine]:
    """Read the tables of a PDF, and other text line by line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    at, piped = 0, False
    while at < len(lines):
        if not lines[at].strip():
            piped = False
            if at == 0 or lines[at - 1].strip():  # repeated blank lines have no meaning
                yield PageLine(LineKind.BLANK, "", at + 1)
            at += 1
            continue
        rows, after = read_table(lines, at) if "  " in lines[at].strip() else ([], at)
        for row in rows:
            if row.why:
                yield PageLine(LineKind.TEXT, plain(" ".join(row.cells)), row.number, why=row.why)
            elif row.is_section:
                yield PageLine(LineKind.SECTION, plain(row.cells[0]), row.number, table=1)
            else:
                yield PageLine(LineKind.ROW, "", row.number, tuple(row.cells), 1)
        if not rows:
            piped = piped or (at + 1 < len(lines) and _PIPES.fullmatch(lines[at + 1].strip()) is not None)
            yield from _text_line(
                f"| {lines[at].strip()}" if piped and _OPEN_ROW.match(lines[at]) else lines[at], at + 1
            )
        at = max(after, at + 1)


def _text_line(raw: str, number: int) -> Iterator[PageLine]:
    line = raw.rstrip()
    text = _without_tags(line).replace("\n", " ").rstrip()
    bullet = _BULLET.match(line)
    cells = _cells(line)
    if _RULE.fullmatch(line) and len(line.strip()) > 2:
        return
    elif _HEADING.match(line):
        yield PageLine(LineKind.HEADING, _unmarked(text.lstrip("#").rstrip("#")), number)
    elif bullet:
        item = text[bullet.end() :]
        yield PageLine(LineKind.ITEM, _unmarked(item), number, lead=_lead(item), marked=_marked(item))
    elif len(cells) > 1:
        marked = line.lstrip().startswith("|") or _CSV.fullmatch(line.strip()) is not None
        yield PageLine(LineKind.ROW, "", number, tuple(_cell(cell) for cell in cells), int(marked))
    else:
        yield PageLine(LineKind.TEXT, _unmarked(text), number, lead=_lead(text), marked=_marked(text))


def _cells(line: str) -> list[str]:
    """Split a row of a Markdown table, of a table with tabs, of columns from pdftotext, or of CSV with quotes."""
    stripped = line.strip()
    if stripped.startswith("|"):
        inner = stripped.removeprefix("|").removesuffix("|")
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]
    if row := _CSV.fullmatch(stripped):
        return [plain(cell) for cell in next(csv.reader([row[1]], skipinitialspace=True))]
    return [cell.strip() for cell in re.split(r"\t+| {3,}", stripped)]


_DELETED = re.compile(
    r"~~[^~]{1,500}~~|<(?P<tag>del|s|strike|sup)\b[^<>]*>[^<>]{0,500}</(?P=tag)\s*>|<!--.{0,500}?-->", re.IGNORECASE
)
"""Text that is not part of the page, and marks of footnotes."""
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li)\s*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|dfn|div|em|font|i|img|ins|kbd|li|mark|ol|p|q|samp|small|span|strong|sub|sup"
    r"|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Elements of HTML in Markdown. Other words in angle brackets, such as `<id>`, are placeholders."""


def _without_tags(text: str) -> str:
    """Remove HTML from Markdown. Lines of a cell end with a line feed."""
    text = _TAG.sub("", _BREAK.sub("\n", _DELETED.sub("", text))) if "<" in text or "~~" in text else text
    return unescape(text) if "&" in text else text


def _lead(text: str) -> str:
    """Return the emphasised text, or the code, at the beginning of Markdown."""
    found = _LEAD.match(text)
    return _unmarked(found[1] or found[2] or found[3]) if found else ""


def _marked(text: str) -> tuple[str, ...]:
    """Return the emphasised texts and the code in Markdown."""
    found = islice(_EMPHASIS.finditer(text), MAX_MARKED)
    return tuple(_unmarked(one[1] or one[2]) for one in found)


_EMPHASIS = re.compile(r"\*\*([^*]{1,128})\*\*|`([^`]{1,128})`")
_LEAD = re.compile(r"\s*(?:\*\*([^*]{1,200})\*\*|__([^_\s](?:[^_]|_(?!_)){0,200})__|`([^`]{1,200})`)")


def _cell(text: str) -> str:
    """Remove the markup of a cell; its lines end with a line feed."""
    return "\n".join(filter(None, map(_unmarked, _without_tags(text).split("\n"))))


def _unmarked(text: str) -> str:
    """Remove the markup of Markdown. Code keeps its characters."""
    parts = _CODE.split(text)  # text, code, text, code, ..., text
    parts[::2] = [_without_emphasis(part) for part in parts[::2]]
    return plain("".join(parts))


def _without_emphasis(text: str) -> str:
    text = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    text = _STRONG.sub(r"\1", re.sub(r"(?<!\\)(?<!\*)\*\*(?!\*\*)", "", text))
    return re.sub(r"\\([\\`*_<>\[\]|#+.-])", r"\1", text.replace("`", ""))


_CODE = re.compile(r"(?<!\\)`([^`\n]{1,500})`")
_STRONG = re.compile(r"(?<![\w\\])__(?=[^\s_])([^_]{1,200}(?:_(?!_)[^_]{1,200}){0,9})(?<!\s)__(?!\w)")
"""Emphasised text (CommonMark 6.2). `__utma and __utmb` has none, since a blank is before the second `__`."""
