"""Reloads that read only the entries that have changed.

A policy of 100,000 entries takes seconds to parse, to validate and to check. Most reloads change a few entries.
`KnownEntries` keeps the entries of the last valid load with the bytes of their list items. A reload passes a reduced
text of each file to `compose.load`: the items that are not known, and everything around the list. The known entries are
added to its result.

A complete load has the same result, for these reasons:

- An item is known only if the parser found exactly one entry for each line that looks like the beginning of an item.
  Its text is then one item, with a definite end. In a block list, the parser is in the same state at the beginning of
  each item.
- Items count as known only while the text after a list is unchanged in all files. The values before it, on which
  entries depend, must be equal. Checks of one entry depend on these only, so an entry without problems has none again.
- Checks of several entries concern names. Known entries that have the name of an entry that is read are read, too. The
  same is true of globs with the same beginning and end.
- Entries that other checks compare are never known: renamed cookies, the consent cookie, and the first and last item.

If a reduced load finds an error or something unexpected, a complete load replaces it."""

import hashlib
import posixpath
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.checks.names import sides
from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.items import (
    Items,
    common_prefix,
    common_suffix,
    cut,
    first_item,
    has_other_breaks,
    items_of,
    lines_of,
)
from cookiewarden.core.policy.loaded import Loaded, Reader, Unread
from cookiewarden.core.policy.policy import Entry, Policy
from cookiewarden.core.policy.problem import Place, Pos, Problem

P = TypeVar("P", Entry, Problem)

FEWEST = 200
"""Minimum number of items of a file whose entries are kept. A complete load of fewer is fast."""


class KnownEntries:
    """The entries of the last valid load."""

    def __init__(self, fewest: int = FEWEST) -> None:
        """Create without entries. `fewest` is the number of items from which the entries of a file are kept."""
        self._fewest = fewest
        self._files: dict[str, bytes] = {}
        """The content of each file, in the order read."""
        self._lists: dict[str, _List] = {}
        """The lists of files whose entries are known, by the name of the file."""
        self._context: Mapping[str, object] = {}
        """The values around the lists on which entries depend."""

    def load(self, path: str, read: Reader) -> Loaded:
        """Load a policy as `compose.load` does, and keep its entries. The sources may lack known items."""
        reading = _FilesRead(read)
        try:
            loaded = self._load_changes(path, reading) if self._lists else None
        except _Unexpected:
            loaded = None
        if loaded is None:
            loaded = load(path, reading)
            if loaded.policy is not None:
                self._context = _context(loaded)
                self._files = reading.files()
                self._lists = dict(_known_lists(path, self._files, loaded.policy, loaded.problems, self._fewest))
        return loaded

    def _load_changes(self, path: str, reading: "_FilesRead") -> Loaded | None:
        """Load without the known items. Return None, or raise _Unexpected, if that is not possible."""
        changes = _Changes(path, reading, self._files, self._lists)
        loaded = load(path, changes.read)
        if loaded.policy is not None and changes.want_more(loaded.policy.entries):
            loaded = load(path, changes.read)
        if loaded.policy is None or list(reading.files()) != list(self._files) or _context(loaded) != self._context:
            return None
        lists = changes.completed(loaded.policy, loaded.problems)
        policy = replace(
            loaded.policy,
            entries=changes.merged(loaded.policy.entries, lists),
            sha256=_sha256(reading.files().values()),
            places={key: changes.in_file(place) for key, place in loaded.policy.places.items()},
        )
        problems = [replace(problem, place=changes.in_file(problem.place)) for problem in loaded.problems]
        self._files, self._lists = reading.files(), lists
        return replace(loaded, policy=policy, problems=problems)


class _Unexpected(Exception):
    """Signal that a reduced load does not give the result."""


_WITHOUT_EFFECT = frozenset({"cookies", "mode", "policy", "on_error", "public_hosts", "gpc_json", "undeclared"})
"""Keys of a file that affect neither an entry nor a check of entries."""


def _context(loaded: Loaded) -> dict[str, dict[str, object]]:
    """Return the values of all files on which entries depend, except the entries themselves."""
    return {
        path: {key: value for key, value in source.data.items() if key not in _WITHOUT_EFFECT}
        for path, source in loaded.sources.items()
    }


def _sha256(files: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for raw in files:
        digest.update(raw)
    return digest.hexdigest()


def _where(path: str, name: str) -> str:
    """Return the path of a file of the policy with this main file, as in the places of its entries."""
    return posixpath.join(posixpath.dirname(path), name)


class _FilesRead:
    """The files of one load, each read once."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._found: dict[str, bytes | Unread] = {}

    def __call__(self, name: str) -> bytes | Unread:
        if name not in self._found:
            self._found[name] = self._read(name)
        return self._found[name]

    def files(self) -> dict[str, bytes]:
        return {name: raw for name, raw in self._found.items() if isinstance(raw, bytes)}


# Lists of items


@dataclass(frozen=True, slots=True)
class _List:
    """The items of a file with their entries."""

    items: Items
    entries: list[Entry]
    unknown: frozenset[int]
    """The numbers of items that are always read."""
    names: "Counter[str]"
    """The number of entries of each name, or each kind of glob (see `sides`)."""


def _known_lists(
    path: str, files: Mapping[str, bytes], policy: Policy, problems: Iterable[Problem], fewest: int
) -> Iterator[tuple[str, _List]]:
    """Yield the names and lists of the files in which the lines that look like items are the policy's entries."""
    if any([entry.rename is not None for entry in policy.entries]):
        return
    entries, lines_of_problems = _by_file(policy.entries), _by_file(problems)
    for name, raw in files.items():
        where = _where(path, name)
        found = entries.get(where, [])
        items = items_of(raw) if len(found) >= fewest else None
        if items is not None and _are_items(items, found):
            faulty = [problem.place.pos.line for problem in lines_of_problems.get(where, [])]
            unknown = _unknown(policy, items, enumerate(found), faulty)
            yield name, _List(items, found, unknown, Counter([sides(entry.name) for entry in found]))


def _are_items(items: Items, entries: Sequence[Entry]) -> bool:
    """Check whether each line that looks like the beginning of an item begins one of these entries."""
    lines = items.lines
    return len(lines) == len(entries) + 1 and all(
        [lines[at] <= entry.place.pos.line < lines[at + 1] for at, entry in enumerate(entries)]
    )


def _by_file(placed: Iterable[P]) -> dict[str, list[P]]:
    """Return entries or problems by the path of their file."""
    found: dict[str, list[P]] = {}
    for one in placed:
        found.setdefault(one.place.path, []).append(one)
    return found


def _unknown(
    policy: Policy, items: Items, entries: Iterable[tuple[int, Entry]], faulty: Iterable[int]
) -> frozenset[int]:
    """Return the numbers of items that are always read.

    Their entries are compared with others, or have a problem on one of the lines `faulty`. The last item is among them,
    because its end is not certain."""
    consent = policy.consent.cookie if policy.consent is not None else ""
    last = len(items.starts) - 2
    compared = [at for at, entry in entries if consent and name_matches(entry.name, consent)]
    at_fault = [bisect_right(items.lines, line) - 1 for line in faulty]
    return frozenset([*compared, *(at for at in at_fault if 0 <= at <= last), last])


# Changes


class ReadLines(NamedTuple):
    """The first line of an item in a reduced file, the line after it, and their distance to those in the whole file."""

    begin: int
    end: int
    moved: int


class _Edited:
    """A file beside its last valid state: a part in the middle of its list may have changed."""

    def __init__(self, before: bytes, known: _List, raw: bytes) -> None:
        """Compare the file with the bytes `before`. Raises _Unexpected if anything after the list has changed."""
        self.raw = raw
        self.known = known
        starts, lines = known.items.starts, known.items.lines
        beginning = first_item(raw)
        if beginning is None or beginning.indent != known.items.indent:
            raise _Unexpected
        more, dash = len(raw) - len(before), known.items.indent + 2
        before_list = beginning.start - starts[0]
        self.lowered = beginning.line - lines[0]
        """The number of lines more before the list than before."""
        # The dash of an item ends the item before it.
        same = starts[0] + common_prefix(before, starts[0], raw, beginning.start)
        self.first = bisect_right(starts, same - dash, hi=len(starts) - 1) - 1
        """The first item that may have changed."""
        most = min(len(before), len(raw) - before_list) - starts[self.first] - dash
        after = len(before) - common_suffix(before, raw, most)
        # The first item whose beginning, with the line break before it, is part of the common end.
        ends_with_list = starts[-1] == len(before) == after
        self.after = len(starts) - 1 if ends_with_list else bisect_right(starts, after)
        """The first item after these, by its previous number."""
        if self.first < 0 or self.after >= len(starts):
            raise _Unexpected
        begin, end = starts[self.first] + before_list, starts[self.after] + more
        middle, stop = cut(raw, begin, end, known.items.indent)
        if stop < end or has_other_breaks(raw, 0, beginning.start) or has_other_breaks(raw, begin, end):
            raise _Unexpected
        self.added = self.first + len(middle) - self.after
        """The number of items more than before."""
        middle_lines = lines_of(raw, [*middle, end], lines[self.first] + self.lowered)
        self.moved = middle_lines[-1] - lines[self.after]
        """The number of lines more than before."""
        self.items = Items(
            known.items.indent,
            [*_plus(starts[: self.first], before_list), *middle, *_plus(starts[self.after :], more)],
            [*_plus(lines[: self.first], self.lowered), *middle_lines[:-1], *_plus(lines[self.after :], self.moved)],
        )
        texts = {before[starts[at] : starts[at + 1]]: at for at in range(self.first, self.after)}
        bounds = zip(middle, [*middle[1:], end], strict=True)
        self.middle = [texts.pop(raw[at:to], None) for at, to in bounds]
        """The previous numbers of the items that may have changed; None for new ones."""
        self._found = {previous: self.first + number for number, previous in enumerate(self.middle)}
        self.wanted: set[int] = set()
        """Known items that are read because of their names."""
        self.read: list[int] = []
        """The items that are read."""
        self.spans: list[ReadLines] = []
        """The lines of these items."""

    def previous(self, at: int) -> int | None:
        """Return the previous number of an item; None for a new one."""
        if at < self.first:
            return at
        if at >= self.after + self.added:
            return at - self.added
        return self.middle[at - self.first]

    def now(self, previous: int) -> int | None:
        """Return the number of a previous item; None if it is gone."""
        if previous < self.first:
            return previous
        if previous >= self.after:
            return previous + self.added
        return self._found.get(previous)

    def reduced(self) -> bytes:
        """Return the text without the known items."""
        starts, lines = self.items.starts, self.items.lines
        last = len(starts) - 2
        new = [self.first + number for number, previous in enumerate(self.middle) if previous is None]
        again = [at for at in map(self.now, self.known.unknown) if at is not None]
        self.read = sorted({0, last, *new, *again, *self.wanted})
        self.spans, begin = [], lines[0]
        for at in self.read:
            end = begin + lines[at + 1] - lines[at]
            self.spans.append(ReadLines(begin, end, lines[at] - begin))
            begin = end
        texts = [self.raw[starts[at] : starts[at + 1]] for at in self.read]
        return b"".join([self.raw[: starts[0]], *texts, self.raw[starts[-1] :]])

    def whole_line(self, line: int) -> int:
        """Return the number of a line of the reduced text in the whole file."""
        if line >= self.spans[-1].end:  # after the list
            return line + self.items.lines[-1] - self.spans[-1].end
        at = bisect_right(self.spans, line, key=lambda span: span.begin) - 1
        return line + self.spans[at].moved if at >= 0 else line

    def completed(self, read: Sequence[Entry]) -> list[Entry]:
        """Return the entries of the whole file. `read` has the entries of the reduced one. Raises _Unexpected."""
        if len(read) != len(self.read) or not all(
            [span.begin <= entry.place.pos.line < span.end for entry, span in zip(read, self.spans, strict=True)]
        ):
            raise _Unexpected
        known = self.known.entries
        found = [*known[: self.first], *(known[at or 0] for at in self.middle), *known[self.after :]]
        for at, entry in zip(self.read, read, strict=True):
            found[at] = entry
        return found

    def move(self, made: _List) -> None:
        """Move the places of the entries to their lines in the whole file. The places of their keys are then unknown.

        The previous policy has the same entries, and gets the places of the newest text. Copies of 50,000 entries would
        take a second."""
        lines, before, are_read = self.items.lines, self.known.items.lines, set(self.read)
        for at, span in zip(self.read, self.spans, strict=True):
            _move(made.entries[at], span.moved)
        begin = 0 if self.lowered else self.first
        for at in range(begin, len(made.entries) if self.moved else self.after + self.added):
            previous = self.previous(at)
            if previous is not None and at not in are_read and (lines_more := lines[at] - before[previous]):
                _move(made.entries[at], lines_more)
        for entry in made.entries:
            if entry.places is not _UNKNOWN:
                object.__setattr__(entry, "places", _UNKNOWN)

    def count(self, made: _List) -> None:
        """Count the names of the new list instead of the previous one."""
        names = made.names
        names.update([sides(one.name) for one in made.entries[self.first : self.after + self.added]])
        for entry in self.known.entries[self.first : self.after]:
            name = sides(entry.name)
            names[name] -= 1
            if not names[name]:
                del names[name]


def _plus(numbers: list[int], more: int) -> list[int]:
    return [number + more for number in numbers] if more else numbers


class _Changes:
    """The changed files of a policy: reduced texts for a load, and the way from its result to the whole one."""

    def __init__(self, path: str, reading: _FilesRead, before: Mapping[str, bytes], lists: Mapping[str, _List]) -> None:
        self._path = path
        self._reading = reading
        self._before = before
        self._lists = lists
        self._edited: dict[str, _Edited] = {}
        self._at: dict[str, _Edited] = {}
        """The same files by their path in places."""

    def read(self, name: str) -> bytes | Unread:
        """Return the reduced text of a file. Raises _Unexpected if more than the lists has changed."""
        raw = self._reading(name)
        if name not in self._lists:
            if raw != self._before.get(name):
                raise _Unexpected
            return raw
        if isinstance(raw, Unread):
            raise _Unexpected
        if name not in self._edited:
            edited = _Edited(self._before[name], self._lists[name], raw)
            self._edited[name] = self._at[_where(self._path, name)] = edited
        return self._edited[name].reduced()

    def want_more(self, entries: Iterable[Entry]) -> bool:
        """Check whether known entries have to be read, because of their names. `entries` are the ones that are read."""
        names = {sides(entry.name) for entry in entries}
        wants = False
        for edited in self._edited.values():
            known, are_read = edited.known, set(edited.read)
            again = Counter(sides(known.entries[at].name) for at in map(edited.previous, are_read) if at is not None)
            gone = Counter(
                sides(known.entries[at].name) for at in range(edited.first, edited.after) if edited.now(at) is None
            )
            left_out = {name for name in names if known.names[name] > again[name] + gone[name]}
            if left_out:
                wants = True
                edited.wanted |= {
                    now
                    for at, entry in enumerate(known.entries)
                    if sides(entry.name) in left_out and (now := edited.now(at)) is not None
                }
        return wants

    def completed(self, policy: Policy, problems: Iterable[Problem]) -> dict[str, _List]:
        """Return the new lists, from the policy and the problems of the reduced files. Raises _Unexpected."""
        if any([entry.rename is not None for entry in policy.entries]):
            raise _Unexpected
        lists, of_entries, of_problems = {}, _by_file(policy.entries), _by_file(problems)
        for name, edited in self._edited.items():
            where = _where(self._path, name)
            read = of_entries.get(where, [])
            entries = edited.completed(read)
            faulty = [edited.whole_line(one.place.pos.line) for one in of_problems.get(where, [])]
            unknown = _unknown(policy, edited.items, zip(edited.read, read, strict=True), faulty)
            lists[name] = _List(edited.items, entries, unknown, edited.known.names)
        for name, edited in self._edited.items():  # not before everything else has succeeded
            edited.move(lists[name])
            edited.count(lists[name])
        return lists

    def merged(self, entries: Iterable[Entry], lists: Mapping[str, _List]) -> tuple[Entry, ...]:
        """Return the entries of all files in their order, from the entries of the reduced files."""
        found = _by_file(entries)
        merged: list[Entry] = []
        for name in self._reading.files():
            merged += lists[name].entries if name in lists else found.get(_where(self._path, name), [])
        return tuple(merged)

    def in_file(self, place: Place) -> Place:
        """Return a place of a reduced file in the whole file."""
        edited = self._at.get(place.path)
        return place if edited is None else Place(place.path, Pos(edited.whole_line(place.pos.line), place.pos.column))


def _move(entry: Entry, lines: int) -> None:
    path, (line, column) = entry.place
    object.__setattr__(entry, "place", Place(path, Pos(line + lines, column)))


_UNKNOWN: Mapping[str, Place] = MappingProxyType({})
