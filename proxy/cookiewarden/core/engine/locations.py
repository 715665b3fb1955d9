"""Locations: hosts and paths of exchanges, as far as a policy distinguishes them.

All hosts that match the same patterns of a policy are one location. So a new host or path in a request is rarely a new
location."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cookiewarden.core.engine.masks import Beginnings
from cookiewarden.core.policy.policy import Entry

MAX_LOCATIONS = 256
"""Maximum number of locations stored."""
MAX_PATTERNS = 20_000
"""Maximum number of hosts and paths in these locations."""


def host_rank(host: str) -> int:
    """Return the rank of an entry's host: an exact one is first, then the longest `*.x`, then none."""
    return 0 if not host else len(host) if host.startswith("*.") else 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """The hosts and paths of a policy that match an exchange, with their ranks."""

    hosts: Mapping[str, int]
    paths: Mapping[str, int] | None
    """None for a request, in which paths are not checked."""

    def has(self, entry: Entry) -> bool:
        """Check whether an entry applies here."""
        if entry.hosts and self.hosts.keys().isdisjoint(entry.hosts):
            return False
        return not entry.paths or self.paths is None or not self.paths.keys().isdisjoint(entry.paths)

    def rank(self, entry: Entry) -> tuple[int, int]:
        """Return the rank of an entry that applies: of its most exact host, then of its longest path."""
        host = max(map(self.hosts.__getitem__, self.hosts.keys() & entry.hosts), default=0)
        if self.paths is None:
            return host, max(map(len, entry.paths), default=0)
        return host, max(map(self.paths.__getitem__, self.paths.keys() & entry.paths), default=0)


class Locations:
    """All locations of a policy."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        hosts: set[str] = set()
        paths: set[str] = set()
        for entry in entries:
            if entry.hosts or entry.paths:
                hosts.update(entry.hosts)
                paths.update(entry.paths)
        self._hosts = hosts
        self._longest = max(map(len, hosts), default=0)
        by_text: dict[bytes, list[str]] = {}
        for path in paths:
            by_text.setdefault(path.encode().removesuffix(b"/") + b"/", []).append(path)
        self._paths = by_text
        """Declared paths, by the text with a slash at its end. The path `/x` matches what begins with `/x/`."""
        self._beginnings = Beginnings(dict.fromkeys(by_text, ()))
        self._locations: dict[tuple[frozenset[str], bytes | None], Location] = {}
        self._patterns = 0

    @property
    def has_paths(self) -> bool:
        return bool(self._paths)

    def path_key(self, path: bytes) -> bytes:
        """Return a text that is the same for all request paths that match the same paths of the policy."""
        if not self._paths:
            return b""
        whole = path if path.endswith(b"/") else path + b"/"
        at = self._beginnings.find(whole)
        found = self._beginnings.texts[at] if at >= 0 else b""
        # The declared path `/x/` does not match the path `/x`.
        return path if found == whole != path and whole.decode() in self._paths[whole] else found

    def at(self, host: bytes, path: bytes | None) -> Location:
        """Return the location of a canonical host and the path of a request, or None for a request's own cookies."""
        hosts = frozenset(self._hosts.intersection(_patterns_of(host, self._longest))) if self._hosts else frozenset()
        key = hosts, None if path is None else self.path_key(path)
        return self._locations.get(key) or self._new(key)

    def _new(self, key: tuple[frozenset[str], bytes | None]) -> Location:
        hosts, path = key
        paths = None if path is None else {found: len(found) for found in self._declared(path)}
        location = Location({host: host_rank(host) for host in hosts}, paths)
        size = len(hosts) + len(paths or ())
        if len(self._locations) >= MAX_LOCATIONS or self._patterns + size > MAX_PATTERNS:
            self._locations.clear()
            self._patterns = 0
        self._patterns += size
        self._locations[key] = location
        return location

    def _declared(self, path: bytes) -> list[str]:
        """Return the declared paths that match what `path_key` returned."""
        whole = path if path.endswith(b"/") else path + b"/"
        texts = [self._beginnings.texts[at] for at in self._beginnings.all(self._beginnings.find(whole))]
        found = [declared for text in texts for declared in self._paths[text]]
        return found if whole == path else [declared for declared in found if declared.encode() != whole]


def _patterns_of(host: bytes, longest: int) -> list[str]:
    """Return the patterns of at most `longest` characters that match a host (`host_matches`)."""
    name = host.decode("utf-8", "surrogateescape")
    found = [name]
    at = name.find(".", max(1, len(name) - longest))
    while at > 0:
        found.append("*" + name[at:])
        at = name.find(".", at + 1)
    return found
