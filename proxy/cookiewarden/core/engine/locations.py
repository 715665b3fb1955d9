"""Locations: hosts and paths of exchanges, as far as a policy distinguishes them.

All hosts that match the same patterns of a policy are one location. So a new host or path in a request is rarely a new
location."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cookiewarden.core.engine.masks import Beginnings
from cookiewarden.core.policy.policy import Entry

MAX_LOCATIONS = 256
"""Maximum number of locations stored."""
MAX_PATTERNS = 20_000
"""Maximum number of hosts in these locations."""
FEW_PATHS = 4
"""Maximum number of paths of an entry that are prepared when they are needed."""
_END = b"\0"
"""Octet after a path, which does not occur in paths."""


def host_rank(host: str) -> int:
    """Return the rank of an entry's host: an exact one is first, then the longest `*.x`, then none."""
    return 0 if not host else len(host) if host.startswith("*.") else 1 << 16


class _Declared(NamedTuple):
    """The paths of an entry, the longest first."""

    beginnings: tuple[bytes, ...]
    """Texts with which a path begins that one of them matches (`path_match`). The path ends with `_END`."""
    lengths: list[int]
    """For each of these texts, the length of its declared path."""

    @classmethod
    def of(cls, paths: Iterable[str]) -> "_Declared":
        found = [(text, len(path)) for path in sorted(paths, key=len, reverse=True) for text in beginnings_of(path)]
        return cls(tuple([text for text, _ in found]), [length for _, length in found])


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """The hosts of a policy that match an exchange, with their ranks, and the path of the exchange."""

    hosts: Mapping[str, int]
    path: bytes | None
    """A path that matches the same paths of the policy, and `_END`. None for a request, in which paths are not
    checked."""
    _declared: dict[tuple[str, ...], _Declared]
    """The paths of entries. All locations share them."""

    def has(self, entry: Entry) -> bool:
        """Check whether an entry applies here."""
        return not (entry.hosts and self.hosts.keys().isdisjoint(entry.hosts)) and self.has_path_of(entry)

    def has_path_of(self, entry: Entry) -> bool:
        """Check whether an entry applies to the path."""
        return not entry.paths or self.path is None or self.path.startswith(self._paths_of(entry).beginnings)

    def rank(self, entry: Entry) -> tuple[int, int]:
        """Return the rank of an entry that applies: of its most exact host, then of its longest path."""
        return max(map(self.hosts.__getitem__, self.hosts.keys() & entry.hosts), default=0), self.path_rank(entry)

    def path_rank(self, entry: Entry) -> int:
        """Return the length of the longest path of an entry that applies."""
        if not entry.paths:
            return 0
        if self.path is None:
            return max(map(len, entry.paths))
        declared = self._paths_of(entry)
        return declared.lengths[list(map(self.path.startswith, declared.beginnings)).index(True)]

    def unprepared(self, entries: Iterable[Entry]) -> int:
        """Return the number of paths of entries that are not prepared yet."""
        if self.path is None:
            return 0
        return sum([len(entry.paths) for entry in entries if entry.paths and entry.paths not in self._declared])

    def _paths_of(self, entry: Entry) -> _Declared:
        found = self._declared.get(entry.paths)
        if found is None:
            found = self._declared[entry.paths] = _Declared.of(entry.paths)
        return found


class Locations:
    """All locations of a policy."""

    def __init__(self, entries: Collection[Entry]) -> None:
        hosts: set[str] = set()
        paths: set[str] = set()
        for entry in entries:
            if entry.hosts or entry.paths:
                hosts.update(entry.hosts)
                paths.update(entry.paths)
        self._hosts = hosts
        self._longest = max(map(len, hosts), default=0)
        self._with_slash = {path.encode() for path in paths if path.endswith("/")}
        self._beginnings = Beginnings(dict.fromkeys([with_slash(path) for path in paths], ()))
        """The declared paths with a slash at their end. The path `/x` matches what begins with `/x/`."""
        many = {entry.paths for entry in entries if len(entry.paths) > FEW_PATHS}
        self._declared = {some: _Declared.of(some) for some in many}
        self._locations: dict[tuple[frozenset[str], bytes | None], Location] = {}
        self._patterns = 0

    @property
    def has_paths(self) -> bool:
        return bool(self._beginnings.texts)

    def path_key(self, path: bytes) -> bytes:
        """Return a text that is the same for all request paths that match the same paths of the policy."""
        if not self._beginnings.texts:
            return b""
        whole = path if path.endswith(b"/") else path + b"/"
        at = self._beginnings.find(whole)
        found = self._beginnings.texts[at] if at >= 0 else b""
        # The declared path `/x/` does not match the path `/x`.
        return path if found == whole != path and whole in self._with_slash else found

    def at(self, host: bytes, path: bytes | None) -> Location:
        """Return the location of a canonical host and the path of a request, or None for a request's own cookies."""
        hosts = frozenset(self._hosts.intersection(_patterns_of(host, self._longest))) if self._hosts else frozenset()
        key = hosts, None if path is None else self.path_key(path)
        return self._locations.get(key) or self._new(key)

    def _new(self, key: tuple[frozenset[str], bytes | None]) -> Location:
        hosts, path = key
        location = Location(
            {host: host_rank(host) for host in hosts}, None if path is None else path + _END, self._declared
        )
        if len(self._locations) >= MAX_LOCATIONS or self._patterns + len(hosts) > MAX_PATTERNS:
            self._locations.clear()
            self._patterns = 0
        self._patterns += len(hosts)
        self._locations[key] = location
        return location


def beginnings_of(path: str) -> tuple[bytes, ...]:
    """Return the texts with which the `path` of a location begins if a declared path matches it (`path_match`)."""
    text = path.encode()
    return (text,) if text.endswith(b"/") else (text + b"/", text + _END)


def with_slash(path: str) -> bytes:
    """Return a declared path with a slash at its end."""
    return path.encode().removesuffix(b"/") + b"/"


def _patterns_of(host: bytes, longest: int) -> list[str]:
    """Return the patterns of at most `longest` characters that match a host (`host_matches`)."""
    name = host.decode("utf-8", "surrogateescape")
    found = [name]
    at = name.find(".", max(1, len(name) - longest))
    while at > 0:
        found.append("*" + name[at:])
        at = name.find(".", at + 1)
    return found
