"""Do two entries claim the same cookie?"""

from collections.abc import Iterator, Sequence

from cookiewarden.core.policy.draft import EntryDraft, Identity, Spot
from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.problem import Code, Problem


def repeated(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Entries of one name and one scope, in one file or in several included ones."""
    first: dict[Identity, EntryDraft] = {}
    for draft in drafts:
        earlier = first.setdefault(draft.identity, draft)
        if earlier is not draft:
            message = f'"{draft.name}" is declared already at {earlier.place()}; give one of them another scope'
            yield draft.problem(Code.DUPLICATE_ENTRY, message)


def overlapping(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Entries of one name whose hosts and paths overlap."""
    first: dict[tuple[str, Spot], EntryDraft] = {}
    for draft in drafts:
        identity = draft.identity
        for spot in identity.spots():
            other = first.setdefault((draft.name, spot), draft)
            if other is not draft and other.identity != identity:
                where = " ".join(filter(None, spot)) or "every host"
                message = f'"{draft.name}" is declared already at {other.place()} for {where}; one of them can have it'
                yield draft.problem(Code.DUPLICATE_ENTRY, message)


def ambiguous(drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Two globs of equal rank that can match one name: all those with one prefix and one suffix can."""
    first: dict[tuple[str, str, Spot], EntryDraft] = {}
    for draft in drafts:
        name = draft.name
        if "*" not in name:
            continue
        prefix, suffix = name[: name.index("*")], name[name.rindex("*") + 1 :]
        for spot in draft.identity.spots():
            other = first.setdefault((prefix, suffix, spot), draft)
            if other is not draft and other.name != name:
                message = (
                    f'"{name}" and "{other.name}" at {other.place()} match the same names with equal rank; '
                    "make one more exact"
                )
                yield draft.problem(Code.AMBIGUOUS_GLOB, message)


def too_broad(declared: Declared) -> Iterator[Problem]:
    """A glob that matches nearly every name."""
    name = declared.entry.name
    if "*" in name and len(name.replace("*", "")) < 3:
        message = f'"{name}" declares nearly everything; name more of it'
        yield declared.draft.problem(Code.GLOB_TOO_BROAD, message)
