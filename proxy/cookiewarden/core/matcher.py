"""Which entry speaks for a name on a host and a path.

Rank: exact name, then the glob with the longest literal prefix, then the longest suffix; among those an exact
host, then the longest `*.` host, then none; then the longest path. `check` has made sure that two entries of
one rank never match the same thing.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cookiewarden.core.policy import Entry
from cookiewarden.core.scope import host_matches, path_match


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


@dataclass(frozen=True, slots=True)
class Match:
    """The entry, or None: undeclared, or `out_of_scope` where the name is declared for elsewhere only."""

    entry: Entry | None
    out_of_scope: bool = False


class Matcher:
    """Finds the entry for a name. Cost: one look-up, and one for each prefix length where globs exist."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._exact: dict[bytes, list[Rule]] = {}
        self._globs: dict[bytes, list[tuple[list[bytes], Rule]]] = {}
        for entry in entries:
            for rule in _rules(entry):
                self._add(rule)
        for rules in self._exact.values():
            rules.sort(key=lambda rule: rule.rank)
        for globs in self._globs.values():
            globs.sort(key=lambda item: item[1].rank)
        self._lengths = sorted({len(prefix) for prefix in self._globs}, reverse=True)

    def _add(self, rule: Rule) -> None:
        name = rule.entry.name.encode()
        if b"*" in name:
            self._globs.setdefault(name[: name.index(b"*")], []).append((name.split(b"*"), rule))
        else:
            self._exact.setdefault(name, []).append(rule)

    def rules(self) -> list[Rule]:
        """All rules, the one that ranks higher before the other."""
        exact = [rule for rules in self._exact.values() for rule in rules]
        return exact + [
            rule
            for length in self._lengths
            for prefix, globs in self._globs.items()
            if len(prefix) == length
            for _, rule in globs
        ]

    def pieces(self) -> list[object]:
        """What it is made of: whoever holds these while it is freed can free them little by little."""
        return [*self._exact.values(), *self._globs.values()]

    def match(self, name: bytes, host: bytes, path: bytes | None, now: float = -math.inf) -> Match:
        """The entry for `name` on the canonical `host` and, for a Set-Cookie, under the request `path`. Entries that have
        ended by `now` do not count: which these are changes with the days, and the tables do not."""
        elsewhere = False
        if name:
            for rule in self._candidates(name):
                if rule.entry.until <= now:
                    continue
                if rule.applies(host, path):
                    return Match(rule.entry)
                elsewhere = True
        return Match(None, elsewhere)

    def _candidates(self, name: bytes) -> Iterator[Rule]:
        yield from self._exact.get(name, ())
        for length in self._lengths:
            if length <= len(name):
                for parts, rule in self._globs.get(name[:length], ()):
                    if glob_matches(parts, name):
                        yield rule


def glob_matches(parts: list[bytes], name: bytes) -> bool:
    """Whether `name`, which begins with the first of the parts, is all of them in order with anything between.
    Each part is taken where it first stands, which finds a match if there is one: the cost is linear, where a
    regular expression would try every place."""
    first, *middle, last = parts
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and name.endswith(last)


def entry_matches(entry: Entry, name: str) -> bool:
    """Whether an entry may speak for a name, somewhere."""
    parts = entry.name.encode().split(b"*")
    return (
        entry.name == name
        if len(parts) == 1
        else (name.encode().startswith(parts[0]) and glob_matches(parts, name.encode()))
    )


def _rules(entry: Entry) -> Iterator[Rule]:
    for host in entry.hosts or ("",):
        for path in entry.paths or ("",):
            yield Rule(entry, host, path.encode())


def _suffix_length(name: str) -> int:
    return len(name) - 1 - name.rfind("*") if "*" in name else 0
