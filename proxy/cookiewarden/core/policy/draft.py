"""Entries as written in each file, and their overlay."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from cookiewarden.core.policy.models.entry import EntryModel
from cookiewarden.core.policy.problem import Code, Place, Pos, Problem
from cookiewarden.core.policy.source import Mark, Source, pos_of


class Spot(NamedTuple):
    """A host and a path for which an entry is declared; an empty text matches any."""

    host: str
    path: str


class Identity(NamedTuple):
    """Name and scope of an entry, in any order. Entries of two files with the same identity are merged."""

    name: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]

    def spots(self) -> Iterator[Spot]:
        for host in self.hosts or ("",):
            for path in self.paths or ("",):
                yield Spot(host, path)


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry as written in its files, before defaults are applied."""

    model: EntryModel
    source: Source
    mark: Mark
    layers: "tuple[EntryDraft, ...]" = ()
    """The drafts of an overlay: first of the main file, then of the included file."""

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def identity(self) -> Identity:
        scope = self.model.scope
        if scope is None:
            return Identity(self.name, (), ())
        return Identity(self.name, tuple(sorted(scope.hosts)), tuple(sorted(scope.paths)))

    def giving(self, key: str) -> "EntryDraft":
        """Return the draft whose value of a key applies."""
        return next((layer for layer in self.layers if key in layer.model.model_fields_set), self)

    def pos(self, key: str = "name") -> Pos:
        found = self.mark.members.get(key) if isinstance(self.mark.members, dict) else None
        return pos_of(self.mark.value if found is None else found.key)

    def place(self, key: str = "name") -> Place:
        """Return the place of a key of this entry."""
        draft = self.giving(key)
        return Place(draft.source.path, draft.pos(key))

    def problem(self, code: Code, message: str, key: str = "name") -> Problem:
        """Return a problem at one of this entry's keys."""
        draft = self.giving(key)
        return draft.source.problem(code, draft.pos(key), message)


def overlay(main: list[EntryDraft], included: list[EntryDraft]) -> list[EntryDraft]:
    """Merge entries. The keys of a main entry override an included entry with the same name and scope."""
    bases = {draft.identity: draft for draft in included}
    composed = []
    for draft in main:
        base = bases.pop(draft.identity, None)
        composed.append(draft if base is None else _over(draft, base))
    return [*composed, *(draft for draft in included if draft.identity in bases)]


def _over(draft: EntryDraft, base: EntryDraft) -> EntryDraft:
    given = {key: getattr(draft.model, key) for key in draft.model.model_fields_set}
    return replace(draft, model=base.model.model_copy(update=given), layers=(draft, base))
