"""Search for the entry that applies to a name on a host and a path.

An exact name ranks first, then the glob with the longest literal prefix, then the one with the longest suffix. Among
these, an exact host ranks first, then the longest `*.` host, then no host. The longest path decides last. The checks of
a policy ensure that two entries of equal rank do not match the same cookie.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from cookiewarden.core.engine.effort import UNLIMITED, Effort
from cookiewarden.core.engine.globs import Globs, in_order, sides
from cookiewarden.core.engine.locations import Location, Locations, beginnings_of, host_rank
from cookiewarden.core.engine.masks import MAX_BITS, Beginnings, Sets, mask_of, numbers_of
from cookiewarden.core.policy.policy import Entry


@dataclass(frozen=True, slots=True)
class Match:
    """The matching entry, or None. `out_of_scope` is True if the name is declared only for other hosts or paths."""

    entry: Entry | None
    out_of_scope: bool = False


MAX_HERE = 256
"""Maximum number of locations for which a matcher stores the globs that apply."""
MANY = 32
"""Minimum number of other entries of a name with which an entry is found by its hosts."""
_STARS = re.compile(rb"\*+")
_NOWHERE, ELSEWHERE = Match(None), Match(None, True)


def _longest_path(entry: Entry) -> int:
    return max(map(len, entry.paths), default=0)


def _by_path(paths_of: Iterable[tuple[int, Iterable[str]]]) -> dict[bytes, list[int]]:
    """Return numbers by the texts with which a matching path begins. `paths_of`: paths of ascending numbers."""
    found: dict[bytes, list[int]] = {}
    for number, paths in paths_of:
        for text in {text for path in paths for text in beginnings_of(path)}:
            found.setdefault(text, []).append(number)
    return found


class _Many:
    """An index of many entries with one name. Their numbers are places in `entries`."""

    __slots__ = ("_living", "_on_any_path", "_on_hosts", "_on_paths", "entries")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = sorted(entries, key=_longest_path, reverse=True)
        """The entries, the longest path first, which is their rank where paths are not checked."""
        hosts: dict[str, list[int]] = {}
        for number, entry in enumerate(self.entries):
            for host in entry.hosts or ("",):
                hosts.setdefault(host, []).append(number)
        self._on_hosts = Sets(hosts)
        """The entries on each host. An empty one stands for any."""
        self._on_any_path = mask_of([number for number, entry in enumerate(self.entries) if not entry.paths])
        paths = _by_path((number, entry.paths) for number, entry in enumerate(self.entries))
        self._on_paths = Beginnings(paths, 4 * MAX_BITS)
        self._living = -math.inf, (1 << len(entries)) - 1

    def first(self, location: Location, now: float, effort: Effort) -> Match | None:
        """Return the match with the highest rank, which is on the most exact host."""
        numbers, ranks, on_hosts = self._of_living(now), location.hosts, self._on_hosts.numbers
        if location.path is not None:
            numbers &= self._on_any_path | self._on_paths.of(location.path)
        if not numbers:
            return None
        hosts = sorted(on_hosts.keys() & ranks.keys(), key=ranks.__getitem__, reverse=True)
        effort.count(2 + len(hosts) // 3)
        for host in [*hosts, ""]:
            here = numbers & self._on_hosts.union([host]) if host in on_hosts else 0
            if here:
                return Match(self._of_longest_path(here, location, effort))
        return None

    def _of_longest_path(self, here: int, location: Location, effort: Effort) -> Entry:
        """Return the entry with the longest path of some that apply."""
        path = location.path
        if path is None:
            return self.entries[(here & -here).bit_length() - 1]
        depth = self._on_paths.depth(path)
        if depth <= 4 * here.bit_count():  # otherwise it is cheaper to look at each entry
            effort.count(depth // 4)
            here = self._on_paths.longest(path, here) or here
        some = [self.entries[number] for number in numbers_of(here)]
        effort.count(len(some) // 2 + location.unprepared(some))
        return max(some, key=location.path_rank)

    def _of_living(self, now: float) -> int:
        if self._living[0] != now:
            self._living = now, mask_of([number for number, entry in enumerate(self.entries) if entry.until > now])
        return self._living[1]


class _Named:
    """All entries with one name, or with globs that match the same names."""

    __slots__ = ("entries", "many", "only", "until")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.until = max(entry.until for entry in entries)
        self.only = Match(entries[0]) if len(entries) == 1 else None
        """The match, if there is only one entry."""
        self.many = _Many(entries) if len(entries) > MANY else None


class _Here:
    """A location at a time, with the entries that apply."""

    __slots__ = ("_found", "globs", "living", "location", "now", "ranks", "where")

    def __init__(
        self, where: tuple[bytes, bytes | None], location: Location, now: float, globs: int, living: int
    ) -> None:
        self.where, self.location, self.now = where, location, now
        self.globs = globs
        """The globs of which entries may apply."""
        self.living = living
        """The globs that have not ended, at any location."""
        self._found: dict[_Named, Match | None] = {}
        self.ranks: dict[int, tuple[int, int]] = {}
        """The ranks of the entries of globs with equal beginnings and ends."""

    def match(self, named: _Named, effort: Effort) -> Match | None:
        """Return the match with the highest rank here, or None."""
        if named.only is not None:
            entry = named.entries[0]
            if entry.paths:
                effort.count(self.location.unprepared(named.entries))
            return named.only if entry.until > self.now and self.location.has(entry) else None
        if named not in self._found:
            self._found[named] = self._first_of(named, effort)
        return self._found[named]

    def _first_of(self, named: _Named, effort: Effort) -> Match | None:
        """Find the match with the highest rank."""
        if named.many is not None:
            return named.many.first(self.location, self.now, effort)
        effort.count(len(named.entries) + self.location.unprepared(named.entries))
        here = [entry for entry in named.entries if entry.until > self.now and self.location.has(entry)]
        return Match(max(here, key=self.location.rank)) if here else None


class Matcher:
    """Index of entries by name. A match takes one look-up of the name, one of its beginning and one of its end."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        # Most entries are the only one of their name. They are prepared when they are needed: 100,000 take 0.6 s.
        self._single: dict[bytes, Entry] = {}
        """Entries without others of their name, which may not be in `_exact` yet."""
        others: dict[bytes, list[Entry]] = {}
        for entry in entries:
            name = _STARS.sub(b"*", entry.name.encode())
            if b"*" in name or self._single.setdefault(name, entry) is not entry:
                others.setdefault(name, []).append(entry)
        for name in others.keys() & self._single.keys():
            others[name].insert(0, self._single.pop(name))
        self._exact = {name: _Named(some) for name, some in others.items() if b"*" not in name}
        globs = in_order([name for name in others if b"*" in name])
        self._globs = Globs(globs)
        self._named = [_Named(others[glob]) for glob in globs]
        """The entries of each glob, by its number."""
        self._alike = _alike(globs)
        self._locations = Locations(entries)
        self._index_scopes()
        self._last: dict[bool, _Here] = {}
        """The last location of a request and of a response, because an exchange has several cookies."""
        self._here: dict[tuple[Location, float], _Here] = {}
        self._living = -math.inf, self._of_living(-math.inf)

    def _index_scopes(self) -> None:
        """Index the globs by host and by path."""
        hosts: dict[str, list[int]] = {"": []}
        """The globs on each host. An empty one stands for any."""
        on_any_path, on_paths = [], []
        for number, named in enumerate(self._named):
            for host in {host for entry in named.entries for host in entry.hosts or ("",)}:
                hosts.setdefault(host, []).append(number)
            if not all(entry.paths for entry in named.entries):
                on_any_path.append(number)
            else:
                on_paths.append((number, {path for entry in named.entries for path in entry.paths}))
        self._on_hosts = Sets(hosts)
        self._on_any_path = mask_of(on_any_path)
        self._on_paths = Beginnings(
            _by_path(on_paths), 8 * MAX_BITS
        )  # deep paths have many beginnings, so their unions are stored

    @property
    def is_empty(self) -> bool:
        return not (self._single or self._exact or self._named)

    @property
    def has_paths(self) -> bool:
        """True if an entry applies only to some paths."""
        return self._locations.has_paths

    def path_key(self, path: bytes) -> bytes:
        """Return a text that is the same for all request paths that match the same paths of the policy."""
        return self._locations.path_key(path)

    def pieces(self) -> list[object]:
        """Return the parts of the matcher, so that a caller can free them in small steps."""
        return [*self._single, *self._exact.values(), *self._named]

    def match(
        self, name: bytes, host: bytes, path: bytes | None, now: float = -math.inf, effort: Effort = UNLIMITED
    ) -> Match:
        """Return the match for `name` on the canonical `host` and, for a Set-Cookie, under the request `path`.

        Entries that have ended at `now` (seconds since the epoch) do not match. The tables contain them, so the tables
        need not change when an entry ends. Raises TooMuchEffort."""
        if not name:
            return _NOWHERE
        here = self._last.get(path is None)
        if here is None or here.where != (host, path) or here.now != now:
            here = self._last[path is None] = self._at(host, path, now)
        exact = self._exactly(name)
        if exact is not None and (found := here.match(exact, effort)) is not None:
            return found
        globs = self._globs.of(name, effort)
        if globs and (found := self._first(name, globs & here.globs, here, effort)) is not None:
            return found
        if exact is not None and exact.until > now:
            return ELSEWHERE
        others = globs & here.living & ~here.globs
        return ELSEWHERE if others and self._globs.is_any(others, name, effort) else _NOWHERE

    def _exactly(self, name: bytes) -> _Named | None:
        """Return the entries with this name."""
        found = self._exact.get(name)
        if found is None and (entry := self._single.get(name)) is not None:
            found = self._exact[name] = _Named([entry])
        return found

    def _first(self, name: bytes, globs: int, here: _Here, effort: Effort) -> Match | None:
        """Return the match of the highest rank of some globs, which `Globs.of` returned for a name, or None."""
        while globs:
            lowest = globs & -globs
            number = lowest.bit_length() - 1
            alike = self._alike.get(number)
            if alike is not None:
                found = self._first_alike(name, globs & alike & here.globs, here, effort)
                if found is not None:
                    return found
                globs &= ~alike
                continue
            globs ^= lowest
            if self._globs.matches(number, name, effort):
                found = here.match(self._named[number], effort)
                if found is not None:
                    return found
                here.globs &= ~lowest  # no entry applies here
                effort.spend(1)
        return None

    def _first_alike(self, name: bytes, globs: int, here: _Here, effort: Effort) -> Match | None:
        """Return the match of the highest rank of some globs with equal beginnings and ends, or None."""
        effort.spend(2 + globs.bit_count() // 2)
        numbers = [
            number for number in numbers_of(globs) if number in here.ranks or self._ranks_here(number, here, effort)
        ]
        for number in sorted(numbers, key=here.ranks.__getitem__, reverse=True):
            if self._globs.matches(number, name, effort):
                return here.match(self._named[number], effort)
        return None

    def _ranks_here(self, number: int, here: _Here, effort: Effort) -> bool:
        """Set the rank of a glob. Return False if all its entries are for other locations."""
        effort.spend(2)
        found = here.match(self._named[number], effort)
        if found is None or found.entry is None:
            here.globs &= ~(1 << number)
            return False
        here.ranks[number] = here.location.rank(found.entry)
        return True

    def _at(self, host: bytes, path: bytes | None, now: float) -> _Here:
        location = self._locations.at(host, path)
        here = self._here.get((location, now))
        if here is None:
            if self._living[0] != now:
                self._living = now, self._of_living(now)
            living = globs = self._living[1]
            globs &= self._on_hosts.union(["", *(self._on_hosts.numbers.keys() & location.hosts.keys())])
            if path is not None:
                globs &= self._on_any_path | self._on_paths.of(location.path or b"")
            if len(self._here) >= MAX_HERE:
                self._here.clear()
            here = self._here[location, now] = _Here((host, path), location, now, globs, living)
        here.where = host, path
        return here

    def _of_living(self, now: float) -> int:
        return mask_of([number for number, named in enumerate(self._named) if named.until > now])


def _alike(globs: list[bytes]) -> dict[int, int]:
    """Return, for each glob with the beginning and end of others, the set of these globs."""
    found: dict[int, int] = {}
    for _, some in groupby(range(len(globs)), key=lambda number: sides(globs[number])):
        numbers = list(some)
        if len(numbers) > 1:
            found |= dict.fromkeys(numbers, mask_of(numbers))
    return found


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry with one of its hosts; an empty host matches any."""

    entry: Entry
    host: str


def rules_of_requests(entries: Iterable[Entry]) -> list[Rule]:
    """Return a rule for each host of each entry, in the order of their rank in requests. Paths only affect the rank."""
    entries = list(entries)
    order: dict[tuple[bytes, ...], int] = {}
    """The order of names, and of the beginnings and ends of globs."""
    names = dict.fromkeys(entry.name.encode() for entry in entries)
    for key in [(name,) for name in names if b"*" not in name] + [
        sides(glob) for glob in in_order(name for name in names if b"*" in name)
    ]:
        order.setdefault(key, len(order))

    def rank(rule: Rule) -> tuple[int, int, int]:
        name = rule.entry.name.encode()
        longest = max(map(len, rule.entry.paths), default=0)
        return order[sides(name) if b"*" in name else (name,)], -host_rank(rule.host), -longest

    return sorted((Rule(entry, host) for entry in entries for host in entry.hosts or ("",)), key=rank)
