"""Can a cookie be sealed or renamed as its entry says, so that everybody who uses it still finds it?"""

from collections.abc import Iterator, Sequence

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import Entry, SetBy
from cookiewarden.core.policy.problem import Code, Problem


def sealed_from_scripts(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.seal is not None and entry.set_by is not SetBy.SERVER:
        message = f"only what the server sets can be sealed, and set_by is {entry.set_by}: a script could not read it"
        yield declared.draft.problem(Code.SEAL_SCRIPT, message, "seal")


def not_renamable(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.rename is None:
        return
    if "*" in entry.name:
        message = "one name can be given to one cookie only, and this entry is a glob"
        yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")
    if entry.set_by is not SetBy.SERVER:
        message = (
            f"only what the server sets can be renamed, and set_by is {entry.set_by}: its script would not find it"
        )
        yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")


def names_taken(all_declared: Sequence[Declared]) -> Iterator[Problem]:
    """New names that are another cookie's: browsers send the name back, and it must be clear whose it is."""
    taken: dict[str, Entry] = {}
    for declared in all_declared:
        entry = declared.entry
        if entry.rename is None:
            continue
        new = entry.rename.name
        matching = (each.entry for each in all_declared if name_matches(each.entry.name, new))
        other = next(matching, None) or taken.setdefault(new, entry)
        if other is not entry:
            message = f'"{new}" is the name of another cookie already, at {other.place}'
            yield declared.draft.problem(Code.RENAME_IMPOSSIBLE, message, "rename_to")
