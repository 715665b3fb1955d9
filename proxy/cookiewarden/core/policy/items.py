"""The list `cookies` in the text of a policy file, cut at the lines that look like the beginning of an item.

The text is searched and compared in blocks, because a large file is read beside traffic. No step then holds the
interpreter for more than a millisecond."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

BLOCK = 1 << 15
"""Octets that are compared or searched at once, which takes less than a millisecond."""

_LIST = re.compile(rb"^cookies[ \t]*:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( *)-(?=[ \t\n])", re.MULTILINE)
_OTHER_BREAKS = re.compile(rb"\r|\xc2\x85|\xe2\x80[\xa8\xa9]")
"""Line breaks of YAML other than LF."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list in block style."""

    indent: int
    """Spaces before the dash of each item."""
    starts: list[int]
    """The first octet of each item, and the one after the list."""
    lines: list[int]
    """The numbers of these lines."""


def items_of(raw: bytes) -> Items | None:
    """Cut the bytes of a file. Return None if it has no list in block style, or other line breaks than LF."""
    begin = first_item(raw)
    if begin is None:
        return None
    starts, stop = cut(raw, begin.start, len(raw), begin.indent)
    if has_other_breaks(raw, 0, len(raw)):
        return None
    starts.append(stop)
    return Items(begin.indent, starts, lines_of(raw, starts, begin.line))


class FirstItem(NamedTuple):
    """The first item of a list: its indentation, first octet and line."""

    indent: int
    start: int
    line: int


def first_item(raw: bytes) -> FirstItem | None:
    """Return the first item of the list, or None if the list is not in block style."""
    found = _LIST.search(raw)
    return found and FirstItem(len(found[1]), found.start(1), raw.count(b"\n", 0, found.start(1)) + 1)


def has_other_breaks(raw: bytes, start: int, end: int) -> bool:
    """Check for line breaks other than LF between two places."""
    return any(_OTHER_BREAKS.search(raw, at, to) for at, to in _blocks(raw, start, end))


def cut(raw: bytes, start: int, end: int, indent: int) -> tuple[list[int], int]:
    """Return the beginnings of the items between two places, and the end of the list or `end`."""
    item = re.compile(rb"^ {%d}-(?=[ \t\n])" % indent, re.MULTILINE)
    # A line with fewer columns ends the list, or one without a dash in the same column. Comments belong to the item.
    other = re.compile(rb"^(?! {%d}-[ \t\n]| {%d}|[ \t]*(?:#|$))" % (indent, indent + 1), re.MULTILINE)
    starts: list[int] = []
    for at, to in _blocks(raw, start, end):
        stop = other.search(raw, at, to)
        if stop is not None:
            to = stop.start()
        starts += [found.start() for found in item.finditer(raw, at, to)]
        if stop is not None:
            return starts, to
    return starts, end


def _blocks(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of blocks of whole lines."""
    while start < end:
        line_end = raw.find(b"\n", min(start + BLOCK, end), end)
        to = end if line_end < 0 else line_end + 1
        yield start, to
        start = to


def lines_of(raw: bytes, starts: Sequence[int], first: int) -> list[int]:
    """Return the numbers of the lines at these places. `first` is the number of the first one."""
    return list(accumulate((raw.count(b"\n", at, to) for at, to in pairwise(starts)), initial=first))


def common_prefix(one: bytes, start: int, other: bytes, other_start: int) -> int:
    """Return the number of equal octets from two places."""
    at, end = 0, min(len(one) - start, len(other) - other_start)

    def is_same(size: int) -> bool:
        return one[start + at : start + at + size] == other[other_start + at : other_start + at + size]

    while at < end and is_same(BLOCK):
        at += BLOCK
    size = BLOCK
    while at < end and size > 1:
        size //= 2
        if is_same(size):
            at += size
    return min(at, end)


def common_suffix(one: bytes, other: bytes, most: int) -> int:
    """Return the number of equal octets at the end, at most `most`."""

    def is_same(begin: int, end: int) -> bool:
        return one[len(one) - end : len(one) - begin] == other[len(other) - end : len(other) - begin]

    at = 0
    while at + BLOCK <= most and is_same(at, at + BLOCK):
        at += BLOCK
    size = BLOCK
    while size > 1:
        size //= 2
        if at + size <= most and is_same(at, at + size):
            at += size
    return at
