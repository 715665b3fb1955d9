"""Checks that a sealed or renamed cookie still works for those that use it."""

from collections.abc import Iterator, Sequence

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import Entry, SetBy
from cookiewarden.core.policy.problem import Code, Problem


def sealed_from_scripts(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.seal is not None and entry.set_by is not SetBy.SERVER:
        message = f"a script could not read a sealed cookie, and set_by is {entry.set_by}; seal needs set_by: server"
        yield declared.draft.problem(Code.SEAL_SCRIPT, message, "seal")


def not_renamable(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.rename is None:
        return
    if "*" in entry.name:
        message = "a glob cannot be renamed, since a new name is for one cookie only; declare the cookie by its name"
        yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")
    if entry.set_by is not SetBy.SERVER:
        message = (
            f"a script could not find a renamed cookie, and set_by is {entry.set_by}; rename_to needs set_by: server"
        )
        yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")


def names_taken(all_declared: Sequence[Declared]) -> Iterator[Problem]:
    """Report new names that another entry uses. Each name in a request must belong to one entry."""
    taken: dict[str, Entry] = {}
    for declared in all_declared:
        entry = declared.entry
        if entry.rename is None:
            continue
        new = entry.rename.name
        matching = (each.entry for each in all_declared if name_matches(each.entry.name, new))
        other = next(matching, None) or taken.setdefault(new, entry)
        if other is not entry:
            message = f'"{new}" is already the name of another cookie (at {other.place}); choose another name'
            yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")
