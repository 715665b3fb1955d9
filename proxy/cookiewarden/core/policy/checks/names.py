"""Checks for entries that match the same cookie."""

from collections.abc import Iterator, Sequence

from cookiewarden.core.policy.draft import EntryDraft, Identity, Spot
from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.problem import Code, Problem


def repeated(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Report entries with the same name and scope, in one file or in several included files."""
    first: dict[Identity, EntryDraft] = {}
    for draft in drafts:
        earlier = first.setdefault(draft.identity, draft)
        if earlier is not draft:
            message = f'"{draft.name}" is already declared at {earlier.place()}; remove one, or give it another scope'
            yield draft.problem(Code.DUPLICATE_ENTRY, message)


def overlapping(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Report entries with the same name whose hosts and paths overlap."""
    first: dict[tuple[str, Spot], EntryDraft] = {}
    for draft in drafts:
        identity = draft.identity
        for spot in identity.spots():
            other = first.setdefault((draft.name, spot), draft)
            if other is not draft and other.identity != identity:
                where = " ".join(filter(None, spot)) or "every host"
                message = f'"{draft.name}" is already declared for {where} at {other.place()}; remove it from one scope'
                yield draft.problem(Code.DUPLICATE_ENTRY, message)


def ambiguous(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Report two globs of equal rank that can match one name, which is true if prefix and suffix are the same."""
    first: dict[tuple[str, Spot], EntryDraft] = {}
    for draft in drafts:
        name = draft.name
        if "*" not in name:
            continue
        ends = sides(name)
        for spot in draft.identity.spots():
            other = first.setdefault((ends, spot), draft)
            if other is not draft and other.name != name:
                message = (
                    f'"{name}" and "{other.name}" (at {other.place()}) can match the same name with equal rank; '
                    "make the beginning or end of one longer"
                )
                yield draft.problem(Code.AMBIGUOUS_GLOB, message)


def sides(name: str) -> str:
    """Return a name, or the beginning and end of a glob, by which two globs are compared."""
    before, star, after = name.partition("*")
    return f"{before}*{after.rpartition('*')[2]}" if star else name


def too_broad(declared: Declared) -> Iterator[Problem]:
    """Report globs with fewer than three fixed characters."""
    name = declared.entry.name
    if "*" in name and len(name.replace("*", "")) < 3:
        message = f'"{name}" matches too many cookies; write at least 3 characters of the name'
        yield declared.draft.problem(Code.GLOB_TOO_BROAD, message)
