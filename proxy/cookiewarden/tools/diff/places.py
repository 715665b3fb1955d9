"""Examples for trials: a name for a glob, and hosts and paths, that do not match other entries by accident."""

from collections.abc import Iterable

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.cookies.scope import host_matches
from cookiewarden.core.policy.policy import Entry
from cookiewarden.tools.diff.effect import TrialSite

MAX_SITES = 10_000
"""Maximum combinations of host and path that are tried for a name."""


FILLERS = "~^|!`'x0\ue000"
"""Replacements for a `*`; the first that is not in a declared name is used."""


def example_of(declared: str, written: frozenset[str]) -> str:
    """Return an example of a glob that a more specific entry does not match. A character that is not in `written`
    replaces the `*`."""
    if "*" not in declared:
        return declared
    filler = next((letter for letter in FILLERS if letter not in written), "cookiewarden")
    return declared.replace("*", filler)


def sites_of(name: str, scoped: Iterable[Entry], public: Iterable[str]) -> list[TrialSite]:
    """Return an unscoped site, and the sites in the scopes of the entries that match the name."""
    entries = [entry for entry in scoped if name_matches(entry.name, name)]
    patterns = {*public, *(host for entry in entries for host in entry.hosts)}
    elsewhere = _unspoken("elsewhere", ".example", patterns)
    hosts = {elsewhere: "elsewhere"} | {_below(host, patterns): "" for entry in entries for host in entry.hosts}
    paths = dict.fromkeys(["/", *(path for entry in entries for path in entry.paths)])
    if len(hosts) * len(paths) <= MAX_SITES:
        return [TrialSite(host, path, told) for host, told in hosts.items() for path in paths]
    # Pair each host of an entry with its first path, and each path with its first host. Changes elsewhere are reported
    # as entries of another form.
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
    """Return the host, or an example host for `*.x`."""
    return _unspoken("below", pattern[1:], patterns - {pattern}) if pattern.startswith("*.") else pattern


MAX_TRIED = 100


def _unspoken(label: str, rest: str, patterns: set[str]) -> str:
    """Return a host that does not match any of the patterns."""
    host = label + rest
    for number in range(MAX_TRIED):
        host = f"{label}{number or ''}{rest}" if number < MAX_TRIED // 2 else f"{label}.example{number}"
        if not any(host_matches(pattern, host.encode()) for pattern in patterns):
            break
    return host
