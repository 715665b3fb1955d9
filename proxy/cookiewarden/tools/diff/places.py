"""Examples: a name for a glob, and hosts and paths, of which no other entry speaks by chance."""

from collections.abc import Iterable

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.cookies.scope import host_matches
from cookiewarden.core.policy.policy import Entry
from cookiewarden.tools.diff.effect import TrialSite

MAX_SITES = 10_000
"""Hosts times paths at which it is looked up which entry speaks for a name."""


FILLERS = "~^|!`'x0\ue000"
"""What may stand for a `*`, where it stands in no name that is declared."""


def example_of(declared: str, written: frozenset[str]) -> str:
    """A name for a glob that no more exact entry speaks for: a character stands for the `*` that is none of
    `written`."""
    if "*" not in declared:
        return declared
    filler = next((letter for letter in FILLERS if letter not in written), "cookiewarden")
    return declared.replace("*", filler)


def sites_of(name: str, scoped: Iterable[Entry], public: Iterable[str]) -> list[TrialSite]:
    """Anywhere, and each place that an entry which may speak for the name has in its scope."""
    entries = [entry for entry in scoped if name_matches(entry.name, name)]
    patterns = {*public, *(host for entry in entries for host in entry.hosts)}
    elsewhere = _unspoken("elsewhere", ".example", patterns)
    hosts = {elsewhere: "elsewhere"} | {_below(host, patterns): "" for entry in entries for host in entry.hosts}
    paths = dict.fromkeys(["/", *(path for entry in entries for path in entry.paths)])
    if len(hosts) * len(paths) <= MAX_SITES:
        return [TrialSite(host, path, told) for host, told in hosts.items() for path in paths]
    # Each host and each path of an entry with the first of the other: what is left is told as declared otherwise.
    found = {TrialSite(host, "/", told) for host, told in hosts.items()} | {
        TrialSite(elsewhere, path, "elsewhere") for path in paths
    }
    for entry in entries:
        own, first = (
            [_below(host, patterns) for host in entry.hosts] or [elsewhere],
            (entry.paths or ("/",))[0],
        )
        found |= {TrialSite(host, first, hosts[host]) for host in own}
        found |= {TrialSite(own[0], path, hosts[own[0]]) for path in entry.paths}
    return sorted(found, key=str)


def _below(pattern: str, patterns: set[str]) -> str:
    """The host, or one below `*.x`."""
    return _unspoken("below", pattern[1:], patterns - {pattern}) if pattern.startswith("*.") else pattern


MAX_TRIED = 100


def _unspoken(label: str, rest: str, patterns: set[str]) -> str:
    """A host that none of the patterns speaks of."""
    host = label + rest
    for number in range(MAX_TRIED):
        host = f"{label}{number or ''}{rest}" if number < MAX_TRIED // 2 else f"{label}.example{number}"
        if not any(host_matches(pattern, host.encode()) for pattern in patterns):
            break
    return host
