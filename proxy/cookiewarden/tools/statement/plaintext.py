"""Lines of Markdown and of plain text, such as the text of a PDF."""

import re
from collections.abc import Iterator

from cookiewarden.tools.statement.layout import read_table
from cookiewarden.tools.statement.lines import LineKind, PageLine, plain

_BULLET = re.compile(r"[ \t]*(?:[*\u2022\u00b7\u25aa\u25cf\u25e6\u2023\u2013\u2014o+-]|\(?[0-9]{1,3}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r"#{1,6}[ \t]")
_PIPES = re.compile(r"\|?(?: *:?-+:? *\|)+(?: *:?-+:?)? *")
_OPEN_ROW = re.compile(r" {0,3}[^|\s-][^|]*\|")
"""Row of a Markdown table that does not begin with `|`."""
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
            yield PageLine(LineKind.ROW, "", row.number, tuple(row.cells), 1)
        if not rows:
            piped = piped or (at + 1 < len(lines) and _PIPES.fullmatch(lines[at + 1].strip()) is not None)
            yield from _text_line(
                f"| {lines[at].strip()}" if piped and _OPEN_ROW.match(lines[at]) else lines[at], at + 1
            )
        at = max(after, at + 1)


def _text_line(raw: str, number: int) -> Iterator[PageLine]:
    line = raw.rstrip()
    bullet = _BULLET.match(line)
    cells = _cells(line)
    if _RULE.fullmatch(line) and len(line.strip()) > 2:
        return
    elif _HEADING.match(line):
        yield PageLine(LineKind.HEADING, _unmarked(line.lstrip("#").rstrip("#")), number)
    elif bullet:
        yield PageLine(LineKind.ITEM, _unmarked(line[bullet.end() :]), number)
    elif len(cells) > 1:
        marked = line.lstrip().startswith("|")
        yield PageLine(LineKind.ROW, "", number, tuple(_unmarked(cell) for cell in cells), int(marked))
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
    text = re.sub(r"(?<!\\)((?<!\*)\*\*(?!\*\*)|__(?=\S)(?=[^_]*__(?!_))|`)", "", text)
    return plain(re.sub(r"\\([\\`*_<>\[\]|#+.-])", r"\1", text))
