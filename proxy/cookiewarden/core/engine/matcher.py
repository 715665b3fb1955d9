"""Search for the entry that applies to a name on a host and a path.

An exact name ranks first, then the glob with the longest literal prefix, then the one with the longest suffix. Among
these, an exact host ranks first, then the longest `*.` host, then no host. The longest path decides last. The checks of
a policy ensure that two entries of equal rank do not match the same cookie.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from cookiewarden.core.cookies.scope import host_matches, path_match
from cookiewarden.core.engine.globs import Globs, Rank
from cookiewarden.core.policy.policy import Entry


@dataclass(frozen=True, slots=True)
class Rule:
    """An entry with one of its hosts and one of its paths; an empty text matches any."""

    entry: Entry
    host: str
    path: bytes

    def applies(self, host: bytes, path: bytes | None) -> bool:
        """Check whether the rule applies at a place. For a request, `path` is None and is not checked."""
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
    """The matching entry, or None. `out_of_scope` is True if the name is declared only for other hosts or paths."""

    entry: Entry | None
    out_of_scope: bool = False


FEW = 8
"""Maximum number of rules of one name that are tried one by one. Above it, they are looked up by host."""
MANY = 16
"""Number of matching globs without an applicable rule after which a matcher for the place is built."""
MAX_NEAR = 256
"""Maximum number of matchers stored for places."""
MAX_RULES = 20_000
"""Maximum number of rules in all these matchers."""
_NOWHERE, _ELSEWHERE = Match(None), Match(None, True)


class _Rules:
    """Rules of one name or glob, in the order of their rank."""

    __slots__ = ("_by_host", "_here", "_where", "all", "everywhere")

    def __init__(self) -> None:
        self.all: list[Rule] = []
        self.everywhere: Match | None = None
        """The match at every place, if there is only one rule and it applies everywhere."""
        self._by_host: _ByHost | None = None
        self._where: tuple[bytes, bytes | None] | None = None
        self._here: list[Rule] = []

    def index(self) -> None:
        """Prepare for look-ups. All rules must be present."""
        self.all.sort(key=_rank)
        if len(self.all) == 1 and not self.all[0].host and not self.all[0].path:
            self.everywhere = Match(self.all[0].entry)

    def at(self, host: bytes, path: bytes | None) -> list[Rule]:
        """Return the rules that apply at a place.

        The result for the last place is kept. All cookies of a request have the same place, so a request checks each
        rule once."""
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
    """Rules by host."""

    __slots__ = ("_longest", "_rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[bytes, list[Rule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.host.encode(), []).append(rule)
        self._longest = max(map(len, self._rules), default=0)

    def at(self, host: bytes, path: bytes | None) -> Iterator[Rule]:
        """Yield the rules that apply at a place."""
        for pattern in _patterns_of(host, self._longest):
            for rule in self._rules.get(pattern, ()):
                if path is None or not rule.path or path_match(path, rule.path):
                    yield rule


@lru_cache(maxsize=64)
def _patterns_of(host: bytes, longest: int) -> tuple[bytes, ...]:
    """Return the patterns of at most `longest` octets that match a host (`host_matches`), and the empty one."""
    found = [b"", host]
    at = host.find(b".", max(1, len(host) - longest))
    while at > 0:
        found.append(b"*" + host[at:])
        at = host.find(b".", at + 1)
    return tuple(found)


class Matcher:
    """Index of entries by name. A match takes one look-up of the name, one of its beginning and one of its end."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        # Most entries are the only one of their name. Their rules are made when they are needed: 100,000 take 0.6 s.
        single: dict[bytes, Entry] = {}
        others: list[Entry] = []
        for entry in entries:
            name = entry.name.encode()
            if b"*" in name or single.setdefault(name, entry) is not entry:
                others.append(entry)
        repeated = {entry.name.encode() for entry in others} & single.keys()
        first = [single.pop(name) for name in repeated]
        self._single: dict[bytes, Entry] = {}
        self._take(rule for entry in (*first, *others) for rule in _rules(entry))
        self._single = single
        """Entries without others of their name, whose rules may not be in `_exact` yet."""

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
            found.index()
        self._by_host: _ByHost | None = None
        self._near_rules = 0
        self._near: dict[tuple[bytes, bytes | None, float], Matcher] = {}
        self._current: tuple[float, Matcher] | None = None

    @property
    def is_empty(self) -> bool:
        return not self._single and not any(True for _ in self._all())

    def _exactly(self, name: bytes) -> _Rules | None:
        """Return the rules of entries with this name."""
        found = self._exact.get(name)
        if found is None and (entry := self._single.get(name)) is not None:
            found = _Rules()
            found.all.extend(_rules(entry))
            found.index()
            self._exact[name] = found  # complete, because another thread may read it
        return found

    def _all_exact(self) -> Iterable[_Rules]:
        for name in self._single:
            self._exactly(name)
        return self._exact.values()

    def _all(self) -> Iterator[_Rules]:
        yield from self._all_exact()
        for found in self._globs.ranked():
            yield from found

    def rules(self) -> list[Rule]:
        """Return all rules in the order of their rank."""
        ordered = [rule for found in self._all_exact() for rule in found.all]
        for alike in self._globs.ranked():
            ordered += sorted((rule for found in alike for rule in found.all), key=_rank)
        return ordered

    def pieces(self) -> list[object]:
        """Return the parts of the matcher, so that a caller can free them in small steps."""
        return [*self._single, *self._exact.values(), *self._globs.ranked()]

    def match(self, name: bytes, host: bytes, path: bytes | None, now: float = -math.inf) -> Match:
        """Return the match for `name` on the canonical `host` and, for a Set-Cookie, under the request `path`.

        Entries that have ended at `now` (seconds since the epoch) do not match. The tables contain them, so the tables
        need not change when an entry ends."""
        if self._globs.has_many_middles or (self._near and (host, path, now) in self._near):
            return self._match_near(self._rules_near(host, path, now), name, now)
        elsewhere = False
        for tried, (_, alike) in enumerate(self._matching(name)):
            everywhere = alike[0].everywhere
            if everywhere is not None and len(alike) == 1:
                if alike[0].all[0].entry.until > now:
                    return everywhere
            else:
                here = [rule for found in alike for rule in found.at(host, path) if rule.entry.until > now]
                if here:
                    return Match(here[0].entry if len(alike) == 1 else min(here, key=_rank).entry)
                elsewhere = elsewhere or any(rule.entry.until > now for found in alike for rule in found.all)
            if tried == MANY:
                return self._match_near(self._rules_near(host, path, now), name, now)
        return _ELSEWHERE if elsewhere else _NOWHERE

    def _match_near(self, near: "Matcher", name: bytes, now: float) -> Match:
        """Return the match for a name. `near` has the rules that apply and have not ended."""
        entry = near._first(name)
        if entry is not None:
            return Match(entry)
        return _ELSEWHERE if self._living(now)._has(name) else _NOWHERE

    def _matching(self, name: bytes) -> Iterator[tuple[Rank, list[_Rules]]]:
        """Return the rules whose name or glob matches, highest rank first. Globs with equal beginning and end are in
        one list."""
        exact = self._exactly(name)
        if exact is not None:
            return chain([((len(name), 0), [exact])], self._globs.matching(name))
        return self._globs.matching(name) if name else iter(())

    def _has(self, name: bytes) -> bool:
        return bool(name) and (name in self._exact or name in self._single or self._globs.has(name))

    def _first(self, name: bytes) -> Entry | None:
        """Return the entry for a name if all rules of this matcher apply."""
        for _, alike in self._matching(name):
            return min((rule for found in alike for rule in found.all), key=_rank).entry
        return None

    def _rules_near(self, host: bytes, path: bytes | None, now: float) -> "Matcher":
        """Return a matcher of the rules that apply at a place and have not ended.

        It helps with policies in which many rules match a name but few apply at a place. Recent matchers are kept."""
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
        """Return a matcher of the rules that have not ended."""
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
