"""Two policies compared by what they do: which cookies one lets pass and the other does not, and with which attributes and lifetimes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from cookiewarden.core.decision import Judged
from cookiewarden.core.engine import Engine
from cookiewarden.core.matcher import Match, Matcher, entry_matches
from cookiewarden.core.policy import (
    Entry,
    Flag,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    Policy,
    Rename,
    SameSite,
    Seal,
)
from cookiewarden.core.problem import printable, printable_octets
from cookiewarden.core.scope import host_matches
from cookiewarden.tools.effect import Effect, Fact, Site, effect, missing, policy_effect, statement_effect
from cookiewarden.tools.shown import differing_attributes
from cookiewarden.tools.traffic import Recorded

MAX_SITES = 10_000
"""Hosts times paths at which it is looked up which entry speaks for a name."""


class Direction(StrEnum):
    """What a change does to the promise."""

    STRICTER = "stricter"
    LOOSER = "looser"
    EITHER = "looser or stricter"
    """In part the one and in part the other, or there is no telling."""
    OTHER = ""
    """No promise is another."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise."""

    what: str
    old: str
    new: str
    direction: Direction


class Kind(StrEnum):
    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A cookie of which something is otherwise. `sites`: where; empty: everywhere that it was tried."""

    name: str
    kind: Kind
    changes: tuple[Change, ...]
    sites: tuple[str, ...] = ()
    old: Entry | None = None
    new: Entry | None = None


@dataclass(slots=True)
class Replayed:
    """A decision that recorded traffic gets otherwise."""

    header: str
    name: str
    old: str
    new: str
    count: int = 0
    example: str = ""
    """The first URL of it, without its query."""


@dataclass(slots=True)
class Diff:
    policy: list[Change]
    cookies: list[Difference]
    replayed: list[Replayed] | None = None
    """None: no traffic was given."""
    exchanges: int = 0
    left_out: int = 0
    """Decisions that changed and are not in `replayed`, for there are too many kinds of them."""

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
"""Keys of an entry that are facts by themselves, or none."""


@dataclass(slots=True)
class Version:
    """A policy, with an engine that enforces it and one in its own mode."""

    policy: Policy
    enforcing: Engine
    engine: Engine
    now: float
    matcher: Matcher = field(init=False)
    letters: frozenset[str] = field(init=False)
    """That are in names of entries."""

    def __post_init__(self) -> None:
        self.matcher = Matcher(entry for entry in self.policy.entries if entry.until > self.now)
        self.letters = frozenset().union(*(entry.name for entry in self.policy.entries))

    def entry(self, name: str, site: Site) -> Entry | None:
        return self.matches(name, site)[0].entry

    def entries(self, name: str, site: Site) -> tuple[Entry | None, Entry | None]:
        """For what is set there, and for what is sent there."""
        set_there, sent_there = self.matches(name, site)
        return set_there.entry, sent_there.entry

    def matches(self, name: str, site: Site) -> tuple[Match, Match]:
        """The same, with what is declared elsewhere only. On requests the path is not looked at."""
        octets, host = name.encode(), site.octets
        return self.matcher.match(octets, host, site.path.encode()), self.matcher.match(octets, host, None)

    def declared(self, name: str) -> list[tuple[object, ...]]:
        """Its entries, in order, but for where they stand and what they say to people."""
        keys = [key for key in Entry.__dataclass_fields__ if key not in NOT_COMPARED]
        return [
            (*(getattr(entry, key) for key in keys), *_rules(entry).items())
            for entry in self.policy.entries
            if entry.name == name
        ]

    def first(self, name: str) -> Entry | None:
        return next((entry for entry in self.policy.entries if entry.name == name), None)

    def is_public(self, site: Site) -> bool:
        """Whether browsers are where a request says they are."""
        return any(host_matches(pattern, site.octets) for pattern in self.policy.public_hosts)

    def effect(self, name: str, site: Site) -> Effect:
        return effect(name, site, self.enforcing, self.entry(name, site), self.now)


def diff(old: Version, new: Version) -> Diff:
    """What is otherwise with `new`."""
    rules = list(_changes(policy_effect(old.policy), policy_effect(new.policy)))
    general = [*rules, *_changes(statement_effect(old.policy), statement_effect(new.policy))]
    same_rules = (
        not rules and old.policy.name == new.policy.name and old.policy.categories == new.policy.categories
    )
    entries = [*new.policy.entries, *old.policy.entries]
    scoped = [entry for entry in entries if entry.hosts or entry.paths]
    found: list[Difference] = []
    for declared in dict.fromkeys(entry.name for entry in entries):
        found += _differences(declared, old, new, scoped, same_rules)
    return Diff(general, found)


def _differences(
    declared: str, old: Version, new: Version, scoped: list[Entry], same_rules: bool
) -> Iterator[Difference]:
    name = _example(declared, old, new)
    sites = _sites(name, scoped, {*old.policy.public_hosts, *new.policy.public_hosts})
    places: dict[tuple[Change, ...], list[Site]] = {}
    for where in _alike(name, sites, old, new):
        # The engine reads nothing else of a policy: what is the same need not be tried.
        site = where[0]
        if same_rules and all(map(_same, old.entries(name, site), new.entries(name, site))):
            continue
        changes = tuple(
            _changes(old.effect(name, site), new.effect(name, site), _lets_pass(old), _lets_pass(new))
        )
        changes += tuple(_written_otherwise(old.entries(name, site), new.entries(name, site), changes))
        if changes:
            places.setdefault(changes, []).extend(where)
    was, is_now = old.declared(declared), new.declared(declared)
    if not places and was and is_now and was != is_now:
        yield Difference(declared, Kind.CHANGED, (UNSEEN,), (), old.first(declared), new.first(declared))
    for changes, where in places.items():
        before, after = old.entry(name, where[0]), new.entry(name, where[0])
        kind = Kind.GAINED if before is None and after is not None else Kind.LOST if after is None and before is not None else Kind.CHANGED  # fmt: skip
        everywhere = len(where) == len(sites)
        told = () if everywhere else tuple(map(str, where))
        yield Difference(declared, kind, changes, told, before, after)


UNSEEN = Change("declared", "one way", "another; no effect was found by trying", Direction.EITHER)
"""Of entries that are not the same, and of which no example shows it: a scope, an order or a day may."""

FIELDS = {
    "secure": {"Secure", "SameSite=None without Secure", "Partitioned without Secure", missing("Secure")},
    "http_only": {"HttpOnly", missing("HttpOnly")}, "partitioned": {"Partitioned", "Partitioned without Secure"}, "same_site": {"SameSite"},
    "path": {"Path", missing("Path")}, "domain": {"Domain"}, "priority": {"Priority"}, "supersede": {"the one under its old path or domain"},
    "bound": {"kept for"}, "category": {"category"}, "forward": {"sent by browsers"}, "report_only": {"enforced"}, "until": {"declared until"},
    "seal": {"value", "sealed for", "unsealed values let in until"}, "rename": {"name that browsers keep", "its own name let in until"},
}  # fmt: skip
"""In which facts a rule of an entry shows."""
NEUTRAL = frozenset({"priority", "supersede"})
OF_REQUESTS = frozenset({"category", "forward", "report_only", "until", "seal", "rename"})
"""That are asked of what browsers send."""


def _written_otherwise(
    old: tuple[Entry | None, Entry | None], new: tuple[Entry | None, Entry | None], told: Iterable[Change]
) -> Iterator[Change]:
    """Rules of the entries, for what is set and for what is sent, that are others and show in nothing that is told."""
    shown = {change.what for change in told}
    found: set[str] = set()
    for before, after, asked in zip(old, new, (frozenset(FIELDS), OF_REQUESTS), strict=True):
        if before is None or after is None or "set by the application" in shown:
            continue
        one, other = _rules(before), _rules(after)
        for rule in FIELDS:
            if rule in asked - found and one[rule] != other[rule] and not FIELDS[rule] & shown:
                found.add(rule)
                direction = Direction.OTHER if rule in NEUTRAL else Direction.EITHER
                yield Change(f"{rule}, as written", _shown(one[rule]), _shown(other[rule]), direction)


def _rules(entry: Entry) -> dict[str, object]:
    """What an entry asks for, `false` and `keep` being one where they do the same."""
    given = {name: getattr(entry.rules if hasattr(entry.rules, name) else entry, name) for name in FIELDS}
    for name in ("http_only", "partitioned"):
        given[name] = Flag.KEEP if given[name] is Flag.OFF else given[name]
    given["bound"] = entry.rules.bound.seconds if entry.rules.bound else None
    return given


def _shown(value: object) -> str:
    if isinstance(value, SameSite):
        return f"{value.verb.value} {value.value}".strip()
    if isinstance(value, Seal | Rename):
        return "another" if isinstance(value, Seal) else value.name
    return "none" if value is None else str(value)


def _lets_pass(version: Version) -> bool:
    """Whether what is in no entry passes one way or the other: there the loss of an entry is the loss of its rules."""
    policy = version.policy
    return (
        policy.on_response is not OnUndeclaredResponse.BLOCK
        or policy.on_request is not OnUndeclaredRequest.STRIP
    )


def _alike(name: str, sites: list[Site], old: Version, new: Version) -> Iterable[list[Site]]:
    """Sites at which the same entries speak for a name: what holds at one of them holds at all."""
    groups: dict[tuple[object, ...], list[Site]] = {}
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
    """But for where it stands."""
    if one is None or other is None:
        return False  # declared elsewhere, ended or not at all: that is tried
    return all(
        getattr(one, key) == getattr(other, key)
        for key in Entry.__dataclass_fields__
        if key not in ("place", "places")
    )


FILLERS = "~^|!`'x0\ue000"
"""What may stand for a `*`, where it stands in no name that is declared."""


def _example(declared: str, old: Version, new: Version) -> str:
    """A name for a glob that no more exact entry speaks for: a character stands for the `*` that is in none of them."""
    if "*" not in declared:
        return declared
    written = old.letters | new.letters
    filler = next((letter for letter in FILLERS if letter not in written), "cookiewarden")
    return declared.replace("*", filler)


def _sites(name: str, scoped: Iterable[Entry], public: Iterable[str]) -> list[Site]:
    """Anywhere, and each place that an entry which may speak for the name has in its scope."""
    entries = [entry for entry in scoped if entry_matches(entry, name)]
    patterns = {*public, *(host for entry in entries for host in entry.hosts)}
    elsewhere = _unspoken("elsewhere", ".example", patterns)
    hosts = {elsewhere: "elsewhere"} | {
        _below(host, patterns): "" for entry in entries for host in entry.hosts
    }
    paths = dict.fromkeys(["/", *(path for entry in entries for path in entry.paths)])
    if len(hosts) * len(paths) <= MAX_SITES:
        return [Site(host, path, told) for host, told in hosts.items() for path in paths]
    # Each host and each path of an entry with the first of the other: what is left is told as declared otherwise.
    found = {Site(host, "/", told) for host, told in hosts.items()} | {
        Site(elsewhere, path, "elsewhere") for path in paths
    }
    for entry in entries:
        own, first = (
            [_below(host, patterns) for host in entry.hosts] or [elsewhere],
            (entry.paths or ("/",))[0],
        )
        found |= {Site(host, first, hosts[host]) for host in own}
        found |= {Site(own[0], path, hosts[own[0]]) for path in entry.paths}
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


def _changes(
    old: Effect, new: Effect, old_passes: bool = False, new_passes: bool = False
) -> Iterator[Change]:
    """`old_passes`, `new_passes`: whether what is in no entry passes there, so that a fact that is gone is a rule less."""
    gone = Fact("", None)
    otherwise = [what for what in {**old, **new} if old.get(what, gone) != new.get(what, gone)]
    for what in otherwise:
        before, after = old.get(what, gone), new.get(what, gone)
        if not FOLLOWS.get(what, frozenset()).isdisjoint(otherwise):
            continue
        if not before.text and what in _DEFAULTS and after.text in _DEFAULTS[what]:
            continue
        if not after.text and what in _DEFAULTS and before.text in _DEFAULTS[what]:
            continue
        direction = _direction(before, after)
        if what not in new and new_passes and before.strictness is not None:
            direction = Direction.LOOSER
        if what not in old and old_passes and after.strictness is not None:
            direction = Direction.STRICTER
        yield Change(what, before.text, after.text, direction)


FOLLOWS = {
    "SameSite=None without Secure": frozenset({"Secure", "SameSite"}),
    "Partitioned without Secure": frozenset({"Secure", "Partitioned"}),
    missing("Secure"): frozenset({"Secure", "SameSite", "Partitioned"}),
    missing("Path"): frozenset({"Path"}),
    missing("HttpOnly"): frozenset({"HttpOnly"}),
    "its deletion": frozenset({"set by the application"}),
}
"""What is not worth a line where one of these is told: it follows."""

_PLAIN = frozenset({"as the application sets it", "nothing", "its own", "left alone"})
_DEFAULTS = {
    what: _PLAIN | {"not asked", "yes", "ignore", "any time", "blocked"}
    for what in (
        "enforced", "consent", "Sec-GPC", "category", "purpose", "stated lifetime", "lifetime is", "renewed", "party", "declared until",
        "owner", "reason", "SameSite=None without Secure", "Partitioned without Secure", "kept for", "Secure", "HttpOnly", "Partitioned", "SameSite", "Path", "Domain", "Priority", "value", "name that browsers keep",
        "the one under its old path or domain",
        "sealed for", "unsealed values let in until", "its own name let in until",
    )
}  # fmt: skip
"""What is not worth a line where there is nothing to compare it with: a cookie that is gained or lost."""


def _direction(old: Fact, new: Fact) -> Direction:
    before, after = old.strictness, new.strictness
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        holds, is_held = after >= before, after <= before
    elif isinstance(before, tuple) and isinstance(after, tuple):
        size = max(len(before), len(after))
        pairs = list(zip(_filled(before, size), _filled(after, size), strict=True))
        holds, is_held = all(a >= b for b, a in pairs), all(a <= b for b, a in pairs)
    else:
        return Direction.OTHER
    if holds and is_held:
        return Direction.OTHER
    return Direction.STRICTER if holds else Direction.LOOSER if is_held else Direction.EITHER


def _filled(ranks: tuple[float, ...], size: int) -> tuple[float, ...]:
    """`Secure` is the same over HTTP where it is told once."""
    return (ranks * size)[:size]


# Recorded traffic

MAX_KINDS = 1000
"""Of decisions that changed: traffic may have any number of names."""


def replay(found: Diff, exchanges: Iterable[Recorded], old: Version, new: Version) -> None:
    """Add the decisions on recorded traffic that are otherwise, each policy in its own mode."""
    kinds = {(r.header, r.name, r.old, r.new): r for r in found.replayed or []}
    found.replayed = found.replayed if found.replayed is not None else []
    for one in exchanges:
        found.exchanges += 1
        at = one.at or new.now
        for header, name, before, after in _decided_otherwise(one, old.engine, new.engine, at):
            key = (header, name, before, after)
            if key not in kinds:
                if len(kinds) >= MAX_KINDS:
                    found.left_out += 1
                    continue
                kinds[key] = Replayed(*key, example=printable(one.url))
                found.replayed.append(kinds[key])
            kinds[key].count += 1


def _decided_otherwise(
    one: Recorded, old: Engine, new: Engine, at: float
) -> Iterator[tuple[str, str, str, str]]:
    asked = [engine.on_request(one.asked, one.exchange, at).cookies for engine in (old, new)]
    answered = [engine.on_response(one.answered, one.exchange, at).cookies for engine in (old, new)]
    for header, (before, after) in (("Cookie", asked), ("Set-Cookie", answered)):
        ours = [j for j in before if not j.before], [j for j in after if not j.before]
        yield from _ours_otherwise(header, *ours)
        theirs = zip((j for j in before if j.before), (j for j in after if j.before), strict=True)
        for was, is_now in theirs:
            # What is sealed is another each time.
            told = was.decision.told, is_now.decision.told
            if told[0] != told[1] or (was.after != is_now.after and not _is_sealed(was, is_now)):
                yield header, printable_octets(was.name), *_apart(told, was.after, is_now.after)


def _ours_otherwise(
    header: str, before: list[Judged], after: list[Judged]
) -> Iterator[tuple[str, str, str, str]]:
    was, is_now = {j.name for j in before}, {j.name for j in after}
    for name in sorted(was ^ is_now):
        told = ("expired", "left alone") if name in was else ("left alone", "expired")
        yield header, printable_octets(name), *told


def _is_sealed(*cookies: Judged) -> bool:
    return all(j.decision.entry is not None and j.decision.entry.seal is not None for j in cookies)


def _apart(told: tuple[str, str], before: bytes | None, after: bytes | None) -> tuple[str, str]:
    """Where the decisions have the same words and the lines differ."""
    if told[0] != told[1]:
        return told
    which = " and ".join(differing_attributes(before or b"", after or b""))
    return told[0], f"{told[1]}, with another {which}" if which else f"{told[1]}, to something else"
