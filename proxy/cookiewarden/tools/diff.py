"""Two policies compared by what they do: which cookies one lets pass and the other does not, and with which attributes and lifetimes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from cookiewarden.core.decision import Judged
from cookiewarden.core.engine import Engine
from cookiewarden.core.matcher import Match, Matcher, entry_matches
from cookiewarden.core.policy import Entry, Policy
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
    sites = _sites(name, scoped)
    places: dict[tuple[Change, ...], list[Site]] = {}
    for where in _alike(name, sites, old, new):
        # The engine reads nothing else of a policy: what is the same need not be tried.
        site = where[0]
        if same_rules and all(map(_same, old.entries(name, site), new.entries(name, site))):
            continue
        changes = tuple(_changes(old.effect(name, site), new.effect(name, site)))
        if changes:
            places.setdefault(changes, []).extend(where)
    for changes, where in places.items():
        before, after = old.entry(name, where[0]), new.entry(name, where[0])
        kind = Kind.GAINED if before is None and after is not None else Kind.LOST if after is None and before is not None else Kind.CHANGED  # fmt: skip
        everywhere = len(where) == len(sites)
        told = () if everywhere else tuple(map(str, where))
        yield Difference(declared, kind, changes, told, before, after)


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


def _sites(name: str, scoped: Iterable[Entry]) -> list[Site]:
    """Anywhere, and each place that an entry which may speak for the name has in its scope."""
    entries = [entry for entry in scoped if entry_matches(entry, name)]
    hosts = dict.fromkeys(["", *(h.replace("*.", "below.") for e in entries for h in e.hosts)])
    paths = dict.fromkeys(["/", *(path for entry in entries for path in entry.paths)])
    if len(hosts) * len(paths) <= MAX_SITES:
        return [Site(host, path) for host in hosts for path in paths]
    # Each by itself: what only two entries together do where their scopes meet is not looked for among so many.
    return [*(Site(host) for host in hosts), *(Site("", path) for path in paths)]


def _changes(old: Effect, new: Effect) -> Iterator[Change]:
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
        yield Change(what, before.text, after.text, _direction(before, after))


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
