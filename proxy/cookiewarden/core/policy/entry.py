"""Effective rules of an entry, from its own keys, the defaults and the ceiling."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.entry import EntryModel, RenameModel, RulesModel, SealModel
from cookiewarden.core.policy.policy import NO_MOVES, Entry, Flag, Lifetime, Moves, Rename, Rules, SameSite, Seal, SetBy
from cookiewarden.core.policy.problem import Place
from cookiewarden.core.policy.source import Source, pos_of


@dataclass(frozen=True, slots=True)
class Declared:
    """An entry and its draft. Checks read the entry and report places in the draft."""

    draft: EntryDraft
    entry: Entry


class Places(Mapping[str, Place]):
    """Places of the keys that affect an entry, including `defaults`. Each is computed when it is asked for, because few
    are. They are empty after the source is cleared."""

    __slots__ = ("_defaults", "_layers")

    def __init__(self, draft: EntryDraft, defaults: Mapping[str, Place]) -> None:
        layers = draft.layers or (draft,)
        self._layers = [(one.source.path, one.mark.members) for one in layers if isinstance(one.mark.members, dict)]
        self._defaults = defaults

    def __getitem__(self, key: str) -> Place:
        for path, members in self._layers:
            if key in members:
                return Place(path, pos_of(members[key].key))
        return self._of_defaults()[key]

    def _of_defaults(self) -> Mapping[str, Place]:
        return self._defaults if all(members for _, members in self._layers) else {}

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._of_defaults(), *(key for _, members in self._layers for key in members)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)  # another process has no source


def places_of(defaults: RulesModel, main: Source) -> dict[str, Place]:
    """Return the places of the keys of `defaults` in the main file."""
    return {key: Place(main.path, main.key_pos(("defaults", key))) for key in defaults.model_fields_set}


def declare(draft: EntryDraft, defaults: RulesModel, ceiling: Lifetime | None, places: Mapping[str, Place]) -> Declared:
    """Build an entry. `places` are the places of the defaults' keys."""
    model = draft.model
    set_by = model.set_by or SetBy.SERVER
    entry = Entry(
        name=model.name,
        place=draft.place(),
        rules=_rules(model, defaults, set_by, ceiling),
        hosts=tuple(model.scope.hosts) if model.scope else (),
        paths=tuple(model.scope.paths) if model.scope else (),
        category=model.category or "",
        purpose=model.purpose or {},
        lifetime=model.lifetime or defaults.lifetime,
        lifetime_source=model.lifetime_source or "",
        renewed=model.renewed or {},
        set_by=set_by,
        party=model.party or "",
        owner=model.owner or "",
        reason=model.reason or "",
        forward=model.forward is not False and set_by is not SetBy.INFRASTRUCTURE,
        report_only=model.stage == "report",
        device_bound=model.device_bound is True,
        seal=_seal(model.seal),
        rename=_rename(model.rename_to),
        until=model.until if model.until is not None else math.inf,
        stated=frozenset(model.model_fields_set),
        places=Places(draft, places),
    )
    return Declared(draft, entry)


def _rules(model: EntryModel, defaults: RulesModel, set_by: SetBy, ceiling: Lifetime | None) -> Rules:
    http_only = model.http_only or (defaults.http_only if set_by is SetBy.SERVER else None)
    supersede = model.supersede if model.supersede is not None else defaults.supersede
    renew = model.renew if model.renew is not None else defaults.renew
    path, domain = model.path or defaults.path, model.domain or defaults.domain
    return Rules(
        secure=model.secure or defaults.secure or Flag.KEEP,
        http_only=http_only or Flag.KEEP,
        partitioned=model.partitioned or defaults.partitioned or Flag.KEEP,
        same_site=model.same_site or defaults.same_site or SameSite(),
        path=_exactly(path),
        domain=_exactly(domain),
        path_moves=path if isinstance(path, Moves) else NO_MOVES,
        domain_moves=domain if isinstance(domain, Moves) else NO_MOVES,
        priority=_unless_keep(model.priority or defaults.priority),
        # A team that moved paths before has no cookie at the previous path, where another application may have one.
        supersede=not _is_moved(path, domain) if supersede is None else supersede,
        renew=renew is not False,
        bound=_tighter(model.lifetime or defaults.lifetime, ceiling),
    )


def _is_moved(path: str | Moves | None, domain: str | Moves | None) -> bool:
    return isinstance(path, Moves) or isinstance(domain, Moves)


def _seal(model: SealModel | None) -> Seal | None:
    if model is None:
        return None
    until = model.accept_plain_until
    return Seal(model.context or "", -math.inf if until is None else until, model.too_large == "pass")


def _rename(model: RenameModel | None) -> Rename | None:
    if model is None:
        return None
    until = model.accept_plain_until
    return Rename(model.name, math.inf if until is None else until)


def _exactly(value: str | Moves | None) -> str | None:
    return None if isinstance(value, Moves) else _unless_keep(value)


def _unless_keep(value: str | None) -> str | None:
    return None if value == "keep" else value


def _tighter(lifetime: Lifetime | None, ceiling: Lifetime | None) -> Lifetime | None:
    if lifetime is None or ceiling is None:
        return lifetime or ceiling
    return min(lifetime, ceiling, key=lambda bound: bound.seconds)
