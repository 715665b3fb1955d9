"""What is otherwise between two effects, and whether that is stricter or looser."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.policy.policy import Entry, Flag, Rename, SameSite, Seal
from cookiewarden.tools.diff.effect import Effect, Fact, missing


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


def changes_of(
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


# Rules that no trial shows

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


def written_otherwise(
    old: tuple[Entry | None, Entry | None], new: tuple[Entry | None, Entry | None], told: Iterable[Change]
) -> Iterator[Change]:
    """Rules of the entries, for what is set and for what is sent, that are others and show in nothing that is told."""
    shown = {change.what for change in told}
    found: set[str] = set()
    for before, after, asked in zip(old, new, (frozenset(FIELDS), OF_REQUESTS), strict=True):
        if before is None or after is None or "set by the application" in shown:
            continue
        one, other = rules_of(before), rules_of(after)
        for rule in FIELDS:
            if rule in asked - found and one[rule] != other[rule] and not FIELDS[rule] & shown:
                found.add(rule)
                direction = Direction.OTHER if rule in NEUTRAL else Direction.EITHER
                yield Change(f"{rule}, as written", _shown(one[rule]), _shown(other[rule]), direction)


def rules_of(entry: Entry) -> dict[str, object]:
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
