"""Comparison of two policies: cookies that only one of them passes, and differences in attributes and lifetimes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from cookiewarden.core.cookies.scope import host_matches
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.matcher import Match, Matcher
from cookiewarden.core.policy.policy import (
    Entry,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    Policy,
)
from cookiewarden.tools.diff.changes import Change, Direction, changes_of, rules_of, written_otherwise
from cookiewarden.tools.diff.effect import TrialSite, effect, policy_effect, statement_effect
from cookiewarden.tools.diff.facts import Effect, Key, Topic
from cookiewarden.tools.diff.places import example_of, sites_of


class ChangeKind(StrEnum):
    """Kind of difference for a cookie."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class CookieDifference:
    """Cookie with a difference. `sites` are the places of the difference; empty means all places that were tried."""

    name: str
    kind: ChangeKind
    changes: tuple[Change, ...]
    sites: tuple[str, ...] = ()
    old: Entry | None = None
    new: Entry | None = None


@dataclass(slots=True)
class Replayed:
    """Decision on recorded traffic that differs between the policies."""

    header: str
    name: str
    old: str
    new: str
    count: int = 0
    example: str = ""
    """First URL, without its query."""


@dataclass(slots=True)
class Diff:
    """Result of a comparison; false if both policies have the same effect."""

    policy: list[Change]
    cookies: list[CookieDifference]
    replayed: list[Replayed] | None = None
    """Differences on recorded traffic; None without recorded traffic."""
    exchanges: int = 0
    left_out: int = 0
    """Number of decisions left out of `replayed` because it is full."""

    @property
    def directions(self) -> set[Direction]:
        changes = [*self.policy, *(c for d in self.cookies for c in d.changes)]
        return {change.direction for change in changes}

    def __bool__(self) -> bool:
        return bool(self.policy or self.cookies or self.replayed)


NOT_COMPARED = frozenset(
    {
        "place",
        "places",
        "stated",
        "rules",
        "purpose",
        "renewed",
        "lifetime",
        "lifetime_source",
        "party",
        "owner",
        "reason",
    }
)
"""Keys of an entry that are compared as facts, or that have no effect."""


@dataclass(slots=True)
class Version:
    """Policy with an engine that enforces it and an engine in the policy's mode."""

    policy: Policy
    enforcing: Engine
    engine: Engine
    now: float
    matcher: Matcher = field(init=False)
    letters: frozenset[str] = field(init=False)
    """Characters in the names of entries."""
    by_name: dict[str, list[Entry]] = field(init=False)

    def __post_init__(self) -> None:
        self.matcher = Matcher(entry for entry in self.policy.entries if entry.until > self.now)
        self.by_name = {}
        for entry in self.policy.entries:
            self.by_name.setdefault(entry.name, []).append(entry)
        self.letters = frozenset().union(*(entry.name for entry in self.policy.entries))

    def entry(self, name: str, site: TrialSite) -> Entry | None:
        return self.matches(name, site)[0].entry

    def entries(self, name: str, site: TrialSite) -> tuple[Entry | None, Entry | None]:
        """Return the entries that decide on the cookie in responses and in requests of a site."""
        set_there, sent_there = self.matches(name, site)
        return set_there.entry, sent_there.entry

    def matches(self, name: str, site: TrialSite) -> tuple[Match, Match]:
        """Return the matches in responses and in requests of a site. Requests match without their path."""
        octets, host = name.encode(), site.octets
        return self.matcher.match(octets, host, site.path.encode()), self.matcher.match(octets, host, None)

    def declared(self, name: str) -> list[tuple[object, ...]]:
        """Return the rules of its entries in order, without places and texts."""
        keys = [key for key in Entry.__dataclass_fields__ if key not in NOT_COMPARED]
        return [(*(getattr(e, key) for key in keys), *rules_of(e).items()) for e in self.by_name.get(name, ())]

    def first(self, name: str) -> Entry | None:
        return next(iter(self.by_name.get(name, ())), None)

    def is_public(self, site: TrialSite) -> bool:
        """Check whether the site is one of the public hosts, so that browsers see the same host as the proxy."""
        return any(host_matches(pattern, site.octets) for pattern in self.policy.public_hosts)

    def effect(self, name: str, site: TrialSite) -> Effect:
        return effect(name, site, self.enforcing, self.entry(name, site), self.now)


def diff(old: Version, new: Version) -> Diff:
    """Compare `new` with `old`."""
    rules = list(changes_of(policy_effect(old.policy), policy_effect(new.policy)))
    general = [*rules, *changes_of(statement_effect(old.policy), statement_effect(new.policy))]
    same_rules = not rules and old.policy.name == new.policy.name and old.policy.categories == new.policy.categories
    entries = [*new.policy.entries, *old.policy.entries]
    scoped = [entry for entry in entries if entry.hosts or entry.paths]
    found: list[CookieDifference] = []
    for declared in dict.fromkeys(entry.name for entry in entries):
        found += _differences(declared, old, new, scoped, same_rules)
    return Diff(general, found)


def _differences(
    declared: str, old: Version, new: Version, scoped: list[Entry], same_rules: bool
) -> Iterator[CookieDifference]:
    name = example_of(declared, old.letters | new.letters)
    sites = sites_of(name, scoped, {*old.policy.public_hosts, *new.policy.public_hosts})
    places: dict[tuple[Change, ...], list[TrialSite]] = {}
    passes = _lets_pass(old), _lets_pass(new)
    for where in _alike(name, sites, old, new):
        # Decisions depend only on these; a cookie with equal entries and rules has equal effects.
        site = where[0]
        entries = old.entries(name, site), new.entries(name, site)
        if same_rules and all(map(_same, *entries)):
            continue
        changes = tuple(changes_of(old.effect(name, site), new.effect(name, site), *passes))
        changes += tuple(written_otherwise(*entries, changes))
        if changes:
            places.setdefault(changes, []).extend(where)
    was, is_now = old.declared(declared), new.declared(declared)
    if not places and was and is_now and was != is_now:
        yield CookieDifference(declared, ChangeKind.CHANGED, (UNSEEN,), (), old.first(declared), new.first(declared))
    for changes, where in places.items():
        before, after = old.entry(name, where[0]), new.entry(name, where[0])
        kind = (
            ChangeKind.GAINED
            if before is None and after is not None
            else ChangeKind.LOST
            if after is None and before is not None
            else ChangeKind.CHANGED
        )
        everywhere = len(where) == len(sites)
        told = () if everywhere else tuple(map(str, where))
        yield CookieDifference(declared, kind, changes, told, before, after)


UNSEEN = Change(Key(Topic.DECLARED), "one form", "another form; trials found no effect", Direction.EITHER)
"""Change of entries without a difference in trials; scopes, order or dates may have an effect."""


def _lets_pass(version: Version) -> bool:
    """Check whether undeclared cookies pass in responses or requests, so that the loss of an entry loses its rules."""
    policy = version.policy
    return policy.on_response is not OnUndeclaredResponse.BLOCK or policy.on_request is not OnUndeclaredRequest.STRIP


def _alike(name: str, sites: list[TrialSite], old: Version, new: Version) -> Iterable[list[TrialSite]]:
    """Group sites at which the same entries decide on a name; a trial at one site of a group holds for all."""
    groups: dict[tuple[object, ...], list[TrialSite]] = {}
    for site in sites:
        found = (*old.matches(name, site), *new.matches(name, site))
        key = (
            *((id(match.entry), match.out_of_scope) for match in found),
            old.is_public(site),
            new.is_public(site),
        )
        groups.setdefault(key, []).append(site)
    return groups.values()


def _same(one: Entry | None, other: Entry | None) -> bool:
    """Check whether two entries are equal except for their places."""
    if one is None or other is None:
        return False  # declared elsewhere, expired or undeclared: a trial decides
    return all(
        getattr(one, key) == getattr(other, key)
        for key in Entry.__dataclass_fields__
        if key not in ("place", "places", "stated")
    )
