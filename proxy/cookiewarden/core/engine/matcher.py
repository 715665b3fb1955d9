"""Which entry speaks for a name on a host and a path.

Rank: exact name, then the glob with the longest literal prefix, then the longest suffix; among those an exact
host, then the longest `*.` host, then none; then the longest path. `check` has made sure that two entries of
one rank never match the same thing.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cookiewarden.core.cookies.glob import glob_matches
from cookiewarden.core.cookies.scope import host_matches, path_match
from cookiewarden.core.policy.policy import Entry


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry for one of its hosts and one of its paths (empty: any)."""

    entry: Entry
    host: str
    path: bytes

    def applies(self, host: bytes, path: bytes | None) -> bool:
        """`path` None: a request, where the path is not looked at."""
        return (not self.host or host_matches(self.host, host)) and (
            path is None or not self.path or path_match(path, self.path)
        )

    @property
    def rank(self) -> tuple[int, int, int]:
        host = 0 if not self.host else len(self.host) if self.host.startswith("*.") else 1 << 16
        return (-_suffix_length(self.entry.name), -host, -len(self.path))


def _rank(rule: Rule) -> tuple[int, int, int]:
    return rule.rank


@dataclass(frozen=True, slots=True)
class Match:
    """The entry, or None: undeclared, or `out_of_scope` where the name is declared for elsewhere only."""

    entry: Entry | None
    out_of_scope: bool = False


FEW = 8
"""Rules of one name, and globs of one beginning and one end, that are tried one after the other; more of them are
looked up."""
_NOWHERE, _ELSEWHERE = Match(None), Match(None, True)


class _Group:
    """The rules of one name or glob, the one that ranks highest first."""

    __slots__ = ("_by_host", "_here", "_where", "rules")

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._by_host: dict[str, list[Rule]] = {}
        self._where: tuple[bytes, bytes | None] | None = None
        self._here: list[Rule] = []

    def at(self, host: bytes, path: bytes | None) -> list[Rule]:
        """Those that apply at a place. The last place is remembered: all cookies of a request have one, so a request
        looks at each rule once, however many of its cookies match."""
        if len(self.rules) == 1:
            return self.rules if self.rules[0].applies(host, path) else []
        where = (host, path)
        if self._where != where:
            self._here = self._find(host, path)
            self._where = where
        return self._here

    def _find(self, host: bytes, path: bytes | None) -> list[Rule]:
        if len(self.rules) <= FEW:
            return [rule for rule in self.rules if rule.applies(host, path)]
        if not self._by_host:
            for rule in self.rules:
                self._by_host.setdefault(rule.host, []).append(rule)
        found = [
            rule
            for pattern, rules in self._by_host.items()
            if not pattern or host_matches(pattern, host)
            for rule in rules
            if path is None or not rule.path or path_match(path, rule.path)
        ]
        return sorted(found, key=_rank)


GRAM = 3
"""Octets of a glob's middle by which it is looked up, where it has as many."""

Gram = tuple[int, ...]
Middle = tuple[list[bytes], _Group]
"""The parts of a glob between its stars, and its rules."""


class _Cell:
    """The globs with one beginning and one end: that with nothing between them, and those that ask for more."""

    __slots__ = ("_grams", "_lengths", "middles", "plain")

    def __init__(self) -> None:
        self.plain: _Group | None = None
        self.middles: dict[bytes, Middle] = {}
        self._grams: dict[Gram, list[Middle]] = {}
        self._lengths: list[int] = []

    def group(self, glob: bytes) -> _Group:
        """The rules of a glob; a new one is taken in."""
        parts = glob.split(b"*")
        if not any(parts[1:-1]):
            self.plain = self.plain or _Group()
            return self.plain
        return self.middles.setdefault(glob, (parts, _Group()))[1]

    def index(self) -> None:
        """Look up by the rarest octets of each glob from now on, where there are many."""
        if len(self.middles) <= FEW:
            return
        grams = {glob: _grams(parts) for glob, (parts, _) in self.middles.items()}
        often = Counter(gram for found in grams.values() for gram in found)
        for glob, found in grams.items():
            # Of equally rare ones that with letters: names end in digits more often.
            rarest = min(found, key=lambda gram: (often[gram], [-octet for octet in gram]))
            self._grams.setdefault(rarest, []).append(self.middles[glob])
        self._lengths = sorted({len(gram) for gram in self._grams})

    def groups(self) -> list[_Group]:
        """All of them."""
        return [*([self.plain] if self.plain else []), *(group for _, group in self.middles.values())]

    def matching(self, name: bytes) -> list[_Group]:
        """Those whose glob matches a name that has the beginning and the end."""
        found = [self.plain] if self.plain is not None else []
        for parts, group in self._candidates(name):
            if glob_matches(parts, name) and group not in found:
                found.append(group)
        return found

    def _candidates(self, name: bytes) -> Iterable[Middle]:
        if not self._grams:
            return self.middles.values()
        grams = self._grams
        found = (
            grams.keys() & set(zip(*[name[at:] for at in range(length)], strict=False)) for length in self._lengths
        )
        return [middle for some in found for gram in some for middle in grams[gram]]


def _grams(parts: list[bytes]) -> set[Gram]:
    """Octets that stand together in every name that the glob matches."""
    middles = parts[1:-1]
    length = min(GRAM, max(map(len, middles)))
    return {tuple(middle[at : at + length]) for middle in middles for at in range(len(middle) - length + 1)}


class _Stem:
    """The globs that have one beginning, by their end."""

    __slots__ = ("above", "cells", "ends", "prefix")

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix
        self.cells: dict[bytes, _Cell] = {}
        self.ends: list[int] = []
        """The lengths of the ends, the longest first."""
        self.above: _Stem | None = None
        """The longest other beginning that this one begins with."""

    def group(self, rest: bytes) -> _Group:
        """The rules of the glob that goes on so after its first star; a new one is taken in."""
        end = rest.rpartition(b"*")[2]
        return self.cells.setdefault(end, _Cell()).group(self.prefix + b"*" + rest)

    def index(self) -> None:
        self.ends = sorted({len(end) for end in self.cells}, reverse=True)
        for cell in self.cells.values():
            cell.index()

    def groups(self) -> list[_Group]:
        """All of them."""
        return [group for cell in self.cells.values() for group in cell.groups()]


class Matcher:
    """Finds the entry for a name. Cost: two look-ups, and one for each beginning and end of globs that the name has."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._exact: dict[bytes, _Group] = {}
        self._stems: dict[bytes, _Stem] = {}
        for entry in entries:
            self._group(entry.name.encode()).rules += _rules(entry)
        for group in self._groups():
            group.rules.sort(key=_rank)
        ends = {end for stem in self._stems.values() for end in stem.cells}
        self._ends = {length: {end for end in ends if len(end) == length} for length in sorted(set(map(len, ends)))}
        self._prefixes = sorted(self._stems)
        before: _Stem | None = None
        for prefix in self._prefixes:
            stem = self._stems[prefix]
            stem.index()
            stem.above = _climb(before, prefix)
            before = stem

    @property
    def is_empty(self) -> bool:
        return not self._exact and not self._stems

    def _group(self, name: bytes) -> _Group:
        """The rules of a name or glob; a new one is taken in."""
        if b"*" not in name:
            return self._exact.setdefault(name, _Group())
        prefix, _, rest = name.partition(b"*")
        return self._stems.setdefault(prefix, _Stem(prefix)).group(rest)

    def _groups(self) -> list[_Group]:
        return [*self._exact.values(), *(group for stem in self._stems.values() for group in stem.groups())]

    def rules(self) -> list[Rule]:
        """All rules, the one that ranks higher before the other."""
        found = [rule for group in self._exact.values() for rule in group.rules]
        for stem in sorted(self._stems.values(), key=lambda stem: -len(stem.prefix)):
            found += sorted((rule for group in stem.groups() for rule in group.rules), key=_rank)
        return found

    def pieces(self) -> list[object]:
        """What it is made of: whoever holds these while it is freed can free them little by little."""
        return list(self._groups())

    def match(self, name: bytes, host: bytes, path: bytes | None, now: float = -math.inf) -> Match:
        """The entry for `name` on the canonical `host` and, for a Set-Cookie, under the request `path`. Entries that
        have ended by `now`, in seconds since the epoch, do not count: which these are changes with the days, and the
        tables do not."""
        elsewhere = False
        if name:
            for groups in self._candidates(name):
                here = [r for group in groups for r in group.at(host, path) if r.entry.until > now]
                if here:
                    return Match(here[0].entry if len(groups) == 1 else min(here, key=_rank).entry)
                elsewhere = elsewhere or any(r.entry.until > now for group in groups for r in group.rules)
        return _ELSEWHERE if elsewhere else _NOWHERE

    def _candidates(self, name: bytes) -> Iterator[list[_Group]]:
        """The groups that match a name, those of a higher rank first; those of one list have the same beginning and
        end."""
        exact = self._exact.get(name)
        if exact is not None:
            yield [exact]
        at, length = bisect_right(self._prefixes, name), len(name)
        stem = _climb(self._stems[self._prefixes[at - 1]], name) if at else None
        # Of many beginnings that a name has, most have no end that it has.
        here = {end for end, texts in self._ends.items() if name[max(length - end, 0) :] in texts}
        while stem is not None and here:
            room, cells = length - len(stem.prefix), stem.cells
            for end in stem.ends:
                if end in here and end <= room:
                    cell = cells.get(name[length - end :])
                    if cell is not None and (groups := cell.matching(name)):
                        yield groups
            stem = stem.above


def _climb(stem: _Stem | None, name: bytes) -> _Stem | None:
    """The nearest of a beginning and those above it with which a name begins."""
    while stem is not None and not name.startswith(stem.prefix):
        stem = stem.above
    return stem


def _rules(entry: Entry) -> Iterator[Rule]:
    for host in entry.hosts or ("",):
        for path in entry.paths or ("",):
            yield Rule(entry, host, path.encode())


def _suffix_length(name: str) -> int:
    return len(name) - 1 - name.rfind("*") if "*" in name else 0
