"""Which entry speaks for a name on a host and a path.

Rank: exact name, then the glob with the longest literal prefix, then the longest suffix; among those an exact
host, then the longest `*.` host, then none; then the longest path. `check` has made sure that two entries of
one rank never match the same thing.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cookiewarden.core.cookies.scope import host_matches, path_match
from cookiewarden.core.engine.globs import Globs
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
"""Rules of one name that are tried one after the other; more of them are looked up."""
MANY = 16
"""Globs that match a name and speak for other places or have ended: after so many, those that do not are sorted out."""
MAX_NEAR = 256
"""Places for which that is remembered,"""
MAX_RULES = 20_000
"""and the rules that are remembered for them."""
_NOWHERE, _ELSEWHERE = Match(None), Match(None, True)


class _Rules:
    """The rules of one name or glob, the one that ranks highest first."""

    __slots__ = ("_by_host", "_here", "_where", "all")

    def __init__(self) -> None:
        self.all: list[Rule] = []
        self._by_host: _ByHost | None = None
        self._where: tuple[bytes, bytes | None] | None = None
        self._here: list[Rule] = []

    def at(self, host: bytes, path: bytes | None) -> list[Rule]:
        """Those that apply at a place. The last place is remembered: all cookies of a request have one, so a request
        looks at each rule once, however many of its cookies match."""
        if len(self.all) == 1:
            return self.all if self.all[0].applies(host, path) else []
        where = (host, path)
        if self._where != where:
            self._here = self._find(host, path)
            self._where = where
        return self._here

    def _find(self, host: bytes, path: bytes | None) -> list[Rule]:
        if len(self.all) <= FEW:
            return [rule for rule in self.all if rule.applies(host, path)]
        self._by_host = self._by_host or _ByHost(self.all)
        return sorted(self._by_host.at(host, path), key=_rank)


class _ByHost:
    """Rules by their host."""

    __slots__ = ("_longest", "_rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[bytes, list[Rule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.host.encode(), []).append(rule)
        self._longest = max(map(len, self._rules), default=0)

    def at(self, host: bytes, path: bytes | None) -> Iterator[Rule]:
        """Those that apply at a place."""
        for pattern in _patterns_of(host, self._longest):
            for rule in self._rules.get(pattern, ()):
                if path is None or not rule.path or path_match(path, rule.path):
                    yield rule


@lru_cache(maxsize=64)
def _patterns_of(host: bytes, longest: int) -> tuple[bytes, ...]:
    """The patterns of at most so many octets that match a host (`host_matches`), and the empty one."""
    found = [b"", host]
    at = host.find(b".", max(1, len(host) - longest))
    while at > 0:
        found.append(b"*" + host[at:])
        at = host.find(b".", at + 1)
    return tuple(found)


class Matcher:
    """Finds the entry for a name. Cost: a look-up of the name, one of its beginning and one of its end."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._take(rule for entry in entries for rule in _rules(entry))

    @classmethod
    def _of(cls, rules: Iterable[Rule]) -> "Matcher":
        made = cls(())
        made._take(rules)
        return made

    def _take(self, rules: Iterable[Rule]) -> None:
        self._exact: dict[bytes, _Rules] = {}
        self._globs: Globs[_Rules] = Globs()
        for rule in rules:
            name = rule.entry.name.encode()
            if b"*" in name:
                self._globs.get(name, _Rules()).all.append(rule)
            else:
                self._exact.setdefault(name, _Rules()).all.append(rule)
        self._globs.index()
        for found in self._all():
            found.all.sort(key=_rank)
        self._by_host: _ByHost | None = None
        self._near_rules = 0
        self._near: dict[tuple[bytes, bytes | None, float], Matcher] = {}
        self._current: tuple[float, Matcher] | None = None

    @property
    def is_empty(self) -> bool:
        return not any(True for _ in self._all())

    def _all(self) -> Iterator[_Rules]:
        yield from self._exact.values()
        for found in self._globs.ranked():
            yield from found

    def rules(self) -> list[Rule]:
        """All rules, the one that ranks higher before the other."""
        ordered = [rule for found in self._exact.values() for rule in found.all]
        for alike in self._globs.ranked():
            ordered += sorted((rule for found in alike for rule in found.all), key=_rank)
        return ordered

    def pieces(self) -> list[object]:
        """What it is made of: whoever holds these while it is freed can free them little by little."""
        return list(self._all())

    def match(self, name: bytes, host: bytes, path: bytes | None, now: float = -math.inf) -> Match:
        """The entry for `name` on the canonical `host` and, for a Set-Cookie, under the request `path`. Entries that
        have ended by `now`, in seconds since the epoch, do not count: which these are changes with the days, and the
        tables do not."""
        if self._globs.has_many_middles or (host, path, now) in self._near:
            return self._match_near(self._rules_near(host, path, now), name, now)
        elsewhere = False
        for tried, alike in enumerate(self._matching(name)):
            here = [rule for found in alike for rule in found.at(host, path) if rule.entry.until > now]
            if here:
                return Match(here[0].entry if len(alike) == 1 else min(here, key=_rank).entry)
            elsewhere = elsewhere or any(rule.entry.until > now for found in alike for rule in found.all)
            if tried == MANY:
                return self._match_near(self._rules_near(host, path, now), name, now)
        return _ELSEWHERE if elsewhere else _NOWHERE

    def _match_near(self, near: "Matcher", name: bytes, now: float) -> Match:
        """`near`: the rules that apply and have not ended."""
        entry = near._first(name)
        if entry is not None:
            return Match(entry)
        return _ELSEWHERE if self._living(now)._has(name) else _NOWHERE

    def _matching(self, name: bytes) -> Iterator[list[_Rules]]:
        """The rules whose name or glob matches, those of a higher rank first; in one list those of globs with one
        beginning and one end."""
        if not name:
            return
        exact = self._exact.get(name)
        if exact is not None:
            yield [exact]
        yield from self._globs.matching(name)

    def _has(self, name: bytes) -> bool:
        return bool(name) and (name in self._exact or self._globs.has(name))

    def _first(self, name: bytes) -> Entry | None:
        """The entry for a name where all rules apply."""
        for alike in self._matching(name):
            return min((rule for found in alike for rule in found.all), key=_rank).entry
        return None

    def _rules_near(self, host: bytes, path: bytes | None, now: float) -> "Matcher":
        """The rules that apply at a place and have not ended. For a policy where many match a name, and few of them
        here: remembered for the last places."""
        place = (host, path, now)
        found = self._near.get(place)
        if found is None:
            self._by_host = self._by_host or _ByHost(rule for found in self._all() for rule in found.all)
            rules = [rule for rule in self._by_host.at(host, path) if rule.entry.until > now]
            self._near_rules += len(rules)
            if len(self._near) >= MAX_NEAR or self._near_rules > MAX_RULES:
                self._near.clear()
                self._near_rules = len(rules)
            found = self._near[place] = Matcher._of(rules)
        return found

    def _living(self, now: float) -> "Matcher":
        """The rules that have not ended."""
        if self._current is None or self._current[0] != now:
            rules = (rule for found in self._all() for rule in found.all)
            self._current = now, Matcher._of(rule for rule in rules if rule.entry.until > now)
        return self._current[1]


def _rules(entry: Entry) -> Iterator[Rule]:
    for host in entry.hosts or ("",):
        for path in entry.paths or ("",):
            yield Rule(entry, host, path.encode())


def _suffix_length(name: str) -> int:
    return len(name) - 1 - name.rfind("*") if "*" in name else 0
