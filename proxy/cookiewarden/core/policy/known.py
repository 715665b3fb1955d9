"""Reloads that read only the entries that have changed.

A policy of 100,000 entries takes seconds to parse, to validate and to check. Most reloads change a few entries.
`KnownEntries` keeps the entries of the last valid load, each with the text of its list item. A reload passes a reduced
text of each file to `compose.load`: the items that are not known, and everything around the list. The known entries are
added to its result.

The result equals that of a complete load, for these reasons:

- An item is known only if the parser found exactly one entry for each line that looks like the beginning of an item.
  Its text is then one item, with a definite end: in a block list, the parser is in the same state at the beginning of
  each item.
- Items count as known only while everything around the lists is unchanged in all files. A check of one entry depends on
  nothing else, so an entry without problems has none again.
- Checks of several entries concern names. Each name of an item that is read is not the name of a known entry, else
  these are read, too. The same is true of the beginnings and ends of globs.
- Entries that other checks compare are never known: renamed cookies, the consent cookie, and the first and last item.

If a reduced load finds an error or something unexpected, a complete load replaces it.
"""

import hashlib
import posixpath
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.compose import Loaded, load
from cookiewarden.core.policy.includes import Reader, Unread
from cookiewarden.core.policy.policy import Entry, Policy
from cookiewarden.core.policy.problem import Place, Pos, Problem

FEWEST = 200
"""Minimum number of items of a file whose entries are kept. A complete load of fewer is fast."""

_LIST = re.compile(rb"^cookies[ \t]*:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( *)-(?=[ \t\n])", re.MULTILINE)
_OTHER_BREAKS = re.compile(rb"\r|\xc2\x85|\xe2\x80[\xa8\xa9]")
"""Line breaks of YAML other than LF."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A file, cut at the lines that look like the beginning of an item of `cookies`."""

    head: bytes
    items: list[bytes]
    tail: bytes
    starts: list[int]
    """The number of the first line of each item, and of the tail."""

    @property
    def context(self) -> tuple[bytes, bytes]:
        """The text around the list."""
        return self.head, self.tail


def cut_of(raw: bytes, fewest: int) -> Cut | None:
    """Cut the bytes of a file. Return None if its `cookies` is not a list of `fewest` items in block style."""
    begin = _LIST.search(raw)
    if begin is None or _OTHER_BREAKS.search(raw):
        return None
    indent, start = len(begin[1]), begin.start(1)
    # A line with fewer columns ends the list, or one without a dash in the same column. Comments belong to the item.
    end = re.compile(rb"^(?! {%d}-[ \t\n]| {%d}|[ \t]*(?:#|$))" % (indent, indent + 1), re.MULTILINE)
    after = end.search(raw, start)
    stop = after.start() if after is not None else len(raw)
    item = re.compile(rb"^ {%d}-(?=[ \t\n])" % indent, re.MULTILINE)
    places = [found.start() for found in item.finditer(raw, start, stop)]
    if len(places) < fewest:
        return None
    items = [raw[at:to] for at, to in zip(places, [*places[1:], stop], strict=True)]
    first = raw.count(b"\n", 0, start) + 1
    starts = list(accumulate((item.count(b"\n") for item in items), initial=first))
    return Cut(raw[:start], items, raw[stop:], starts)


@dataclass(frozen=True, slots=True)
class Known:
    """An entry and the number of lines from the beginning of its item to its place."""

    entry: Entry
    offset: int


class _Unexpected(Exception):
    """Signal that a reduced load does not give the result."""


class KnownEntries:
    """The entries of the last valid load."""

    def __init__(self, fewest: int = FEWEST) -> None:
        """Create without entries. `fewest` is the number of items from which the entries of a file are kept."""
        self._fewest = fewest
        self._context: object = None
        """The text around the lists of all files, in the order read."""
        self._known: dict[str, dict[bytes, Known]] = {}
        """The entries by the text of their item, for each file by its name."""

    def load(self, path: str, read: Reader) -> Loaded:
        """Load a policy as `compose.load` does, and keep its entries. The sources may lack known items."""
        reading = _Reading(read, self._fewest)
        try:
            loaded = self._load_reduced(path, reading) if self._known else None
        except _Unexpected:
            loaded = None
        if loaded is None:
            loaded = load(path, reading.read)
            if loaded.policy is not None:
                self._keep(path, loaded.policy, loaded.problems, reading)
        return loaded

    def _load_reduced(self, path: str, reading: "_Reading") -> Loaded | None:
        """Load without the known items. Return None, or raise _Unexpected, if that is not possible."""
        reduction = _Reduction(path, self._known, reading)
        loaded = load(path, reduction.read)
        if loaded.policy is None or reading.context() != self._context:
            return None
        if reduction.reads_more(loaded.policy.entries):
            loaded = load(path, reduction.read)
        if loaded.policy is None or reduction.reads_more(loaded.policy.entries):
            return None
        entries = reduction.completed(loaded.policy.entries)
        places = {key: reduction.in_file(place) for key, place in loaded.policy.places.items()}
        policy = replace(loaded.policy, entries=entries, sha256=reading.sha256(), places=places)
        problems = [replace(problem, place=reduction.in_file(problem.place)) for problem in loaded.problems]
        self._keep(path, policy, problems, reading)
        return replace(loaded, policy=policy, problems=problems)

    def _keep(self, path: str, policy: Policy, problems: Iterable[Problem], reading: "_Reading") -> None:
        """Keep the entries of a valid policy, if the lines that look like items are its items."""
        self._context, self._known = reading.context(), {}
        of_file: dict[str, list[Entry]] = {}
        for entry in policy.entries:
            of_file.setdefault(entry.place.path, []).append(entry)
        faulty: dict[str, set[int]] = {}
        for problem in problems:
            faulty.setdefault(problem.place.path, set()).add(problem.place.pos.line)
        consent = policy.consent.cookie if policy.consent is not None else ""
        if any(entry.rename is not None for entry in policy.entries):
            return
        for name, cut in reading.cuts().items():
            where = _where(path, name)
            if cut is not None:
                lines = faulty.get(where, set())
                self._known[name] = dict(_known_of(cut, of_file.get(where, []), lines, consent))


def _where(path: str, name: str) -> str:
    """Return the path of a file of the policy with this main file, as in the places of its entries."""
    return posixpath.join(posixpath.dirname(path), name)


def _known_of(cut: Cut, entries: list[Entry], faulty: set[int], consent: str) -> Iterator[tuple[bytes, Known]]:
    """Yield the texts of the items of a file with their entries, if each item has one entry."""
    starts = cut.starts
    if len(entries) != len(cut.items):
        return
    found = list(zip(cut.items, entries, starts, starts[1:], strict=False))
    if not all([start <= entry.place.pos.line < end for _, entry, start, end in found]):
        return
    for item, entry, start, end in found[1:-1]:
        if faulty and not faulty.isdisjoint(range(start, end)):
            continue
        if not consent or not name_matches(entry.name, consent):
            yield item, Known(entry, entry.place.pos.line - start)


class _Reading:
    """The files of one load, each read once."""

    def __init__(self, read: Reader, fewest: int) -> None:
        self._read = read
        self._fewest = fewest
        self._raw: dict[str, bytes | Unread] = {}
        self._cuts: dict[str, Cut | None] = {}

    def read(self, name: str) -> bytes | Unread:
        if name not in self._raw:
            self._raw[name] = self._read(name)
        return self._raw[name]

    def cut(self, name: str) -> Cut | None:
        """Return the cut of a file that was read."""
        raw = self._raw[name]
        if name not in self._cuts:
            self._cuts[name] = cut_of(raw, self._fewest) if isinstance(raw, bytes) else None
        return self._cuts[name]

    def cuts(self) -> dict[str, Cut | None]:
        return {name: self.cut(name) for name in self._raw}

    def context(self) -> object:
        return [(name, self._raw[name] if cut is None else cut.context) for name, cut in self.cuts().items()]

    def sha256(self) -> str:
        return hashlib.sha256(b"".join(raw for raw in self._raw.values() if isinstance(raw, bytes))).hexdigest()


class Span(NamedTuple):
    """The first line of an item in a reduced file, the line after it, and their distance to those in the whole file."""

    begin: int
    end: int
    moved: int


def _spans(starts: list[int], read: list[int]) -> Iterator[Span]:
    """Yield the lines of the items that are read."""
    begin = starts[0]
    for at in read:
        end = begin + starts[at + 1] - starts[at]
        yield Span(begin, end, starts[at] - begin)
        begin = end


class _Reduction:
    """Reduced texts of the files, and the way from their results to those of the whole files."""

    def __init__(self, path: str, known: Mapping[str, Mapping[bytes, Known]], reading: _Reading) -> None:
        self._path = path
        self._known = known
        self._reading = reading
        self._read: dict[str, list[int]] = {}
        """The numbers of the items that are read, for each reduced file."""
        self._spans: dict[str, list[Span]] = {}
        """The lines of these items."""
        self._wanted: set[str] = set()
        """Names of entries that are read although they are known."""

    def read(self, name: str) -> bytes | Unread:
        """Return the reduced text of a file."""
        raw = self._reading.read(name)
        cut, known = self._reading.cut(name), self._known.get(name)
        self._read.pop(name, None)
        if cut is None or not known:
            return raw
        last, wanted = len(cut.items) - 1, self._wanted
        read = [
            at
            for at, item in enumerate(cut.items)
            if at in (0, last) or (found := known.get(item)) is None or _sides(found.entry.name) in wanted
        ]
        self._read[name], self._spans[name] = read, list(_spans(cut.starts, read))
        return b"".join([cut.head, *(cut.items[at] for at in read), cut.tail])

    def reads_more(self, entries: Iterable[Entry]) -> bool:
        """Check whether known entries have to be read, because of their names. `entries` are the ones that are read."""
        names = {_sides(entry.name) for entry in entries}
        more: set[str] = set()
        for name, read in self._read.items():
            cut, known, are_read = self._reading.cut(name), self._known[name], set(read)
            left_out = [item for at, item in enumerate(cut.items) if at not in are_read] if cut is not None else []
            more |= names.intersection([_sides(known[item].entry.name) for item in left_out])
            if len(set(left_out)) < len(left_out):
                more |= {_sides(known[item].entry.name) for item, count in Counter(left_out).items() if count > 1}
        more -= self._wanted
        self._wanted |= more
        return bool(more)

    def completed(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Return the entries of the whole files from those of the reduced ones. Raises _Unexpected."""
        rest = list(reversed(entries))
        merged: list[Entry] = []
        for name in self._reading.cuts():
            where = _where(self._path, name)
            cut = self._reading.cut(name) if name in self._read else None
            if cut is None:
                while rest and rest[-1].place.path == where:
                    merged.append(rest.pop())
                continue
            known, are_read, starts = self._known[name], set(self._read[name]), cut.starts
            spans = iter(self._spans[name])
            for at, item in enumerate(cut.items):
                if at not in are_read:
                    one = known[item]
                    merged.append(_at(one.entry, starts[at] + one.offset))
                    continue
                begin, end, moved = next(spans)
                entry = rest.pop() if rest else None
                if entry is None or entry.place.path != where or not begin <= entry.place.pos.line < end:
                    raise _Unexpected
                merged.append(_at(entry, entry.place.pos.line + moved))
        if rest or any(entry.rename is not None for entry in entries):
            raise _Unexpected
        return tuple(merged)

    def in_file(self, place: Place) -> Place:
        """Return a place of a reduced file in the whole file."""
        name = next((name for name in self._read if _where(self._path, name) == place.path), "")
        cut = self._reading.cut(name) if name else None
        if cut is None:
            return place
        spans = self._spans[name]
        line, column = place.pos
        at = bisect_right(spans, line, key=lambda span: span.begin) - 1
        moved = spans[at].moved if at >= 0 else 0
        if line >= spans[-1].end:  # in the tail
            moved = cut.starts[-1] - spans[-1].end
        return Place(place.path, Pos(line + moved, column))


def _sides(name: str) -> str:
    """Return a name, or the beginning and end of a glob, by which two globs are compared."""
    before, star, after = name.partition("*")
    return f"{before}*{after.rpartition('*')[2]}" if star else name


_NAMES = [name for name in Entry.__slots__ if name not in ("place", "places")]
_VALUES = attrgetter(*_NAMES)


def _at(entry: Entry, line: int) -> Entry:
    """Return an entry whose place is on another line. The places of its keys are then unknown."""
    place = entry.place
    if place.pos.line == line:
        return entry
    moved = Place(place.path, Pos(line, place.pos.column))
    return Entry(place=moved, **dict(zip(_NAMES, _VALUES(entry), strict=True)))
