"""A draft of a register from what was seen: entries for undeclared cookies, families among them, and what a catalog
suggests.

What is drafted is for a person to read: purposes and categories are comments, and a new policy begins in report mode.
"""

from dataclasses import dataclass

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Pos, Problem
from cookiewarden.core.policy.source import Source
from cookiewarden.core.report.drift import (
    CATEGORY,
    PURPOSE,
    Kind,
    drift,
    entry_yaml,
    scalar,
    why_undeclarable,
)
from cookiewarden.core.report.family import Family, families
from cookiewarden.core.report.inventory import Inventory, Record, ShapeSeen, Times
from cookiewarden.core.report.judge import Judged
from cookiewarden.tools.learn.catalog import Catalog, Suggestion
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed, declared

EMPTY = """version: 1
policy: {name}
mode: report # nothing is changed yet: read what is below, run it, ask cookiewarden forecast, then say enforce

undeclared: {{response: block, request: strip}}
defaults: {{secure: true, http_only: true, same_site: {{default: Lax}}}}

cookies:
"""
"""What a new policy begins with."""


@dataclass(frozen=True, slots=True)
class RegisterDraft:
    """Entries to add."""

    entries: list[DraftedEntry]
    names: list[str]
    """That were seen and are not declared: those that cannot be are comments."""
    families: list[Family]
    suggested: int
    """How many of them the catalog knows."""

    @property
    def yaml(self) -> str:
        return "".join(entry.text for entry in self.entries)

    @property
    def declared(self) -> int:
        """How many entries there are that are no comments."""
        return declared(self.entries)


def new_policy(name: str, made: RegisterDraft) -> str:
    """A whole policy of drafted entries, in report mode."""
    return composed(EMPTY.format(name=scalar(name)), made.entries)


def draft(inventory: Inventory, judged: Judged, policy: Policy, catalog: Catalog | None, now: float) -> RegisterDraft:
    """For what `policy` does not declare."""
    undeclared = {f.name for f in drift(inventory, judged, policy, now) if f.kind is Kind.UNDECLARED}
    found = families(name for name in undeclared if "*" not in name)
    of_families = {member for family in found for member in family.members}
    records = [inventory.records[name] for name in sorted(undeclared - of_families)]
    seen: list[tuple[Record, Family | None]] = [(record, None) for record in records]
    seen += [(_joined(family, inventory), family) for family in found]
    entries, suggested = [], 0
    for record, family in sorted(seen, key=lambda pair: (not pair[0].by_server, pair[0].name)):
        known = catalog.find(record.name) if catalog is not None else None
        suggested += known is not None
        entries.append(_entry(record, family, known))
    head = EMPTY.format(name="draft")
    return RegisterDraft(accepted(head, entries), sorted(record.name for record, _ in seen), found, suggested)


def _joined(family: Family, inventory: Inventory) -> Record:
    """What was seen of all members."""
    joined = Record(family.glob)
    for member in family.members:
        record = inventory.records[member]
        for side, times in record.sides.items():
            into = joined.sides.setdefault(side, Times())
            into.add(times.count, times.last)
            into.first = min(into.first, times.first)
        for seen in record.shapes:
            known = next((s for s in joined.shapes if s.shape == seen.shape), None)
            if known is None:
                joined.shapes.append(ShapeSeen(seen.shape, seen.count, seen.shortest, seen.longest))
            else:
                known.count += seen.count
                known.longest = max(known.longest, seen.longest)
        joined.places += [place for place in record.places if place not in joined.places]
    return joined


def _entry(record: Record, family: Family | None, known: Suggestion | None) -> DraftedEntry:
    """What the catalog suggests is still a comment: a person takes it over or does not."""
    is_glob = family is not None
    notes = [f"a family: {family.why}"] if family is not None else []
    purpose, category = PURPOSE, CATEGORY
    if known is not None:
        told = ", ".join(filter(None, (known.platform, known.retention)))
        notes.append(f"the catalog knows it ({told}); what follows is its suggestion, and nobody has checked it")
        purpose = scalar(known.description) if known.description else PURPOSE
        category = scalar(known.category.lower()) if known.category else CATEGORY
    yaml = entry_yaml(record, is_glob, notes, purpose, category)
    return DraftedEntry(yaml, is_declared=not why_undeclarable(record, is_glob))


# Merging


def merged(source: Source, raw: str, entries: str) -> str | Problem:
    """A policy's text with entries added at the end of its `cookies`; every other octet as it was. A problem where that
    cannot be done for the way in which the file is written."""
    cookies = source.data.get("cookies") if isinstance(source.data, dict) else None
    lines = raw.splitlines(keepends=True)
    if cookies is None:
        gap = "" if not raw or raw.endswith("\n") else "\n"
        return f"{raw}{gap}\ncookies:\n{entries}"
    if not cookies:
        value = source.value_pos(("cookies",))
        return _flow(source, value)
    first = source.value_pos(("cookies", 0))
    line = lines[first.line - 1]
    dash = line[: first.column - 1].rfind("-")
    if dash < 0 or line[:dash].strip():
        return _flow(source, first)
    indent = line[:dash]
    end = _end_of_block(lines, first.line, indent)
    before = "".join(lines[:end])
    gap = "" if before.endswith("\n") else "\n"
    return before + gap + "\n" + _indented(entries, indent) + "".join(lines[end:])


def _flow(source: Source, pos: Pos) -> Problem:
    message = (
        "the cookies are written in a way that cannot be added to, such as [ ]: write each on lines of its own, "
        "after a - on the first, or paste the entries by hand"
    )
    return source.problem(Code.WRONG_VALUE, pos, message)


def _end_of_block(lines: list[str], first: int, indent: str) -> int:
    """How many lines there are up to the last one of the list whose first item is on line `first`."""
    end = first
    for number in range(first, len(lines)):
        text = lines[number]
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        belongs = text.startswith(indent + " ") or text.startswith(indent + "-")
        if not belongs:
            break
        end = number + 1
    return end


def _indented(entries: str, indent: str) -> str:
    """The entries are written with two blanks before their dash."""
    return "".join(
        indent + line.removeprefix("  ") if line.strip() else line for line in entries.splitlines(keepends=True)
    )
