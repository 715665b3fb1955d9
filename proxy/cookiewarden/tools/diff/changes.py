"""Changes between two effects, each with its direction: stricter or looser."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.policy.policy import Entry, Flag, Rename, SameSite, Seal
from cookiewarden.tools.diff.facts import Effect, Fact, Key, Topic


class Direction(StrEnum):
    """Direction of a change."""

    STRICTER = "stricter"
    LOOSER = "looser"
    EITHER = "looser or stricter"
    """Partly looser and partly stricter, or unknown."""
    OTHER = ""
    """Neither: the change does not affect enforcement."""


@dataclass(frozen=True, slots=True)
class Change:
    """Fact that differs between two effects."""

    key: Key
    old: str
    new: str
    direction: Direction

    @property
    def what(self) -> str:
        """Label of the fact for people."""
        return self.key.label


def changes_of(old: Effect, new: Effect, old_passes: bool = False, new_passes: bool = False) -> Iterator[Change]:
    """Compare two effects. `old_passes`, `new_passes`: the policy passes undeclared cookies, so that the loss of a fact
    is the loss of a rule."""
    gone = Fact("", None)
    otherwise = [key for key in {**old, **new} if old.get(key, gone) != new.get(key, gone)]
    topics = {key.topic for key in otherwise}
    for key in otherwise:
        before, after = old.get(key, gone), new.get(key, gone)
        if not FOLLOWS.get(key.topic, frozenset()).isdisjoint(topics):
            continue
        if (key not in old and after.is_usual) or (key not in new and before.is_usual):
            continue  # the cookie is gained or lost, so the other policy has no such fact
        direction = _direction(before, after)
        if key not in new and new_passes and before.strictness is not None:
            direction = Direction.LOOSER
        if key not in old and old_passes and after.strictness is not None:
            direction = Direction.STRICTER
        yield Change(key, before.text, after.text, direction)


FOLLOWS = {
    Topic.NONE_WITHOUT_SECURE: frozenset({Topic.SECURE, Topic.SAME_SITE}),
    Topic.PARTITIONED_WITHOUT_SECURE: frozenset({Topic.SECURE, Topic.PARTITIONED}),
    Topic.SECURE_MISSING: frozenset({Topic.SECURE, Topic.SAME_SITE, Topic.PARTITIONED}),
    Topic.PATH_MISSING: frozenset({Topic.PATH}),
    Topic.HTTP_ONLY_MISSING: frozenset({Topic.HTTP_ONLY}),
    Topic.DELETION: frozenset({Topic.SET}),
}
"""Facts that follow from others, and are left out if one of those changes."""


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
    """Repeat a single rank: it holds for HTTPS and for HTTP."""
    return (ranks * size)[:size]


# Rules without a visible effect

FIELDS = {
    "secure": {
        Topic.SECURE,
        Topic.NONE_WITHOUT_SECURE,
        Topic.PARTITIONED_WITHOUT_SECURE,
        Topic.SECURE_MISSING,
    },
    "http_only": {Topic.HTTP_ONLY, Topic.HTTP_ONLY_MISSING},
    "partitioned": {Topic.PARTITIONED, Topic.PARTITIONED_WITHOUT_SECURE},
    "same_site": {Topic.SAME_SITE},
    "path": {Topic.PATH, Topic.PATH_MISSING},
    "domain": {Topic.DOMAIN},
    "path_moves": {Topic.PATH_MOVED},
    "domain_moves": {Topic.DOMAIN_MOVED},
    "priority": {Topic.PRIORITY},
    "supersede": {Topic.SUPERSEDED},
    "bound": {Topic.KEPT_FOR},
    "renew": {Topic.RENEWAL},
    "category": {Topic.CATEGORY},
    "forward": {Topic.SENT},
    "report_only": {Topic.ENFORCED},
    "until": {Topic.DECLARED_UNTIL},
    "seal": {Topic.VALUE, Topic.SEALED_FOR, Topic.UNSEALED_UNTIL, Topic.SEALED_TOO_LARGE},
    "rename": {Topic.KEPT_NAME, Topic.OWN_NAME_UNTIL},
}
"""Facts that show the effect of each rule of an entry."""
NEUTRAL = frozenset({"priority", "supersede"})
OF_REQUESTS = frozenset({"category", "forward", "report_only", "until", "seal", "rename"})
"""Rules that also apply to the cookies of requests."""


def written_otherwise(
    old: tuple[Entry | None, Entry | None], new: tuple[Entry | None, Entry | None], told: Iterable[Change]
) -> Iterator[Change]:
    """Yield changed rules without a change of effect. `old` and `new` are the entries for responses and requests."""
    shown = {change.key.topic for change in told}
    found: set[str] = set()
    for before, after, asked in zip(old, new, (frozenset(FIELDS), OF_REQUESTS), strict=True):
        if before is None or after is None or Topic.SET in shown:
            continue
        one, other = rules_of(before), rules_of(after)
        for rule in FIELDS:
            if rule in asked - found and one[rule] != other[rule] and not FIELDS[rule] & shown:
                found.add(rule)
                direction = Direction.OTHER if rule in NEUTRAL else Direction.EITHER
                yield Change(Key(Topic.AS_WRITTEN, rule), _shown(one[rule]), _shown(other[rule]), direction)


def rules_of(entry: Entry) -> dict[str, object]:
    """Return the rules of an entry. `false` becomes `keep` where both have the same effect."""
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
