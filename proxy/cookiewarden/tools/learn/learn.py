"""Draft of a register from an inventory: entries for undeclared cookies and families, with suggestions of a catalog.

A draft is for review. Purposes and categories are comments, and a new policy is in report mode.
"""

from dataclasses import dataclass

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Pos, Problem, printable
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
from cookiewarden.core.report.evidence import hidden_cookies
from cookiewarden.core.report.family import Family, families
from cookiewarden.core.report.inventory import Inventory, Record, ShapeSeen, Times
from cookiewarden.core.report.judge import Judged
from cookiewarden.tools.learn.catalog import Catalog, Suggestion
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed, declared

EMPTY = """version: 1
policy: {name}
# Review the entries, run the proxy, and check cookiewarden forecast. Then set the mode to enforce.
mode: report

undeclared: {{response: block, request: strip}}
defaults: {{secure: true, http_only: true, same_site: {{default: Lax}}}}

cookies:
"""
"""Beginning of a new policy."""


@dataclass(frozen=True, slots=True)
class RegisterDraft:
    """Entries to add."""

    entries: list[DraftedEntry]
    names: list[str]
    """Undeclared names that were seen; names that cannot be declared are comments."""
    families: list[Family]
    suggested: int
    """Number of entries with a row in the catalog."""

    @property
    def yaml(self) -> str:
        return "".join(entry.text for entry in self.entries)

    @property
    def declared(self) -> int:
        """Number of entries that are not comments."""
        return declared(self.entries)


def new_policy(name: str, made: RegisterDraft) -> str:
    """Compose a policy in report mode from drafted entries."""
    return composed(EMPTY.format(name=scalar(name)), made.entries)


def draft(inventory: Inventory, judged: Judged, policy: Policy, catalog: Catalog | None, now: float) -> RegisterDraft:
    """Draft entries for the cookies of an inventory that `policy` does not declare."""
    undeclared = {f.name for f in drift(inventory, judged, policy, now) if f.kind is Kind.UNDECLARED}
    found = families(name for name in undeclared if "*" not in name)
    of_families = {member for family in found for member in family.members}
    records = [inventory.records[name] for name in sorted(undeclared - of_families)]
    seen: list[tuple[Record, Family | None]] = [(record, None) for record in records]
    seen += [(_joined(family, inventory), family) for family in found]
    entries, suggested, hidden = [], 0, hidden_cookies(inventory)
    for record, family in sorted(seen, key=lambda pair: (not pair[0].by_server, pair[0].name)):
        known = catalog.find(record.name) if catalog is not None else None
        suggested += known is not None
        entries.append(_entry(record, family, known, hidden))
    head = EMPTY.format(name="draft")
    return RegisterDraft(accepted(head, entries), sorted(record.name for record, _ in seen), found, suggested)


def _joined(family: Family, inventory: Inventory) -> Record:
    """Merge the records of all members of a family."""
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
        joined.largest = max(joined.largest, record.largest)
        joined.device_bound = joined.device_bound or record.device_bound
        joined.visits += record.visits
        joined.renewals += record.renewals
        joined.compared += record.compared
        joined.in_headers += record.in_headers
        joined.changed += record.changed
        joined.over_http += record.over_http
        joined.cross_site += record.cross_site
        joined.cross_posts += record.cross_posts
        joined.places += [place for place in record.places if place not in joined.places]
    return joined


def _entry(record: Record, family: Family | None, known: Suggestion | None, hidden: int) -> DraftedEntry:
    """Draft an entry. Suggestions of the catalog are comments."""
    is_glob = family is not None
    notes = [f"a family: {printable(family.why)}"] if family is not None else []
    purpose, category = PURPOSE, CATEGORY
    if known is not None:
        told = ", ".join(filter(None, (known.platform, known.retention)))
        notes.append(f"found in the catalog ({told}); the suggestions below need review")
        purpose = scalar(known.description) if known.description else PURPOSE
        category = scalar(known.category.lower()) if known.category else CATEGORY
    yaml = entry_yaml(record, is_glob, notes, purpose, category, hidden)
    return DraftedEntry(yaml, is_declared=not why_undeclarable(record, is_glob))


# Additions


def merged(source: Source, raw: str, entries: str) -> str | Problem:
    """Add entries at the end of `cookies` in the text of a policy, without changing its other octets. Returns a problem
    if the YAML has a form to which entries cannot be added."""
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
        "cannot add entries to this form of cookies; write one entry per line that begins with -, or paste the entries"
    )
    return source.problem(Code.WRONG_VALUE, pos, message)


def _end_of_block(lines: list[str], first: int, indent: str) -> int:
    """Return the number of the last line of the list whose first item is on line `first`."""
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
    """Replace the indentation of drafted entries, which is two spaces."""
    return "".join(
        indent + line.removeprefix("  ") if line.strip() else line for line in entries.splitlines(keepends=True)
    )
