"""Comparison of a published statement with a policy, and drafts of policies from statements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import Entry, Lifetime, Policy, SetBy, is_script_read
from cookiewarden.core.report.drift import scalar
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed
from cookiewarden.tools.statement.claims import Claim, Group, Published


class StatementFindingKind(StrEnum):
    """Kind of a finding, in the order of output."""

    UNDECLARED = "undeclared"
    """The page lists a cookie that the register does not declare."""
    UNSTATED = "unstated"
    """The register declares a cookie that is missing in the lists and tables of the page."""
    LIFETIME = "lifetime"
    """The lifetime on the page differs from the enforced lifetime."""
    NO_LIFETIME = "no-lifetime"
    """The entry has a stated lifetime that is missing on the page."""
    EDITED = "edited"
    """The page has a different date of its last edit."""
    WORDING = "wording"
    """The purpose has other words; this does not count as a difference."""


@dataclass(frozen=True, slots=True)
class StatementFinding:
    """Difference between page and policy. `line` is a line of the page; 0 if the page does not have it."""

    kind: StatementFindingKind
    name: str
    told: str
    line: int = 0
    entry: Entry | None = None


ROUNDED = 0.02
"""Ratio by which equal lifetimes may differ, such as a month of 30 days and one of 730 hours."""


def compare(published: Published, policy: Policy, now: float) -> list[StatementFinding]:
    """Compare a page with a policy, without its expired entries. `now`: seconds since the epoch."""
    entries = [e for e in policy.entries if e.until > now and e.set_by is not SetBy.INFRASTRUCTURE]
    pairs = [(claim, _entry_of(claim, entries)) for claim in published.claims]
    named = {id(entry) for _, entry in pairs}
    found = [_undeclared(claim, entries) for claim, entry in pairs if entry is None]
    found += [_unstated(entry, published) for entry in entries if id(entry) not in named]
    for claim, entry in pairs:
        if entry is not None:
            found += _differences(claim, entry)
    edited = policy.statement.edited
    if edited and published.edited != edited:
        said = f"the page has {published.edited}" if published.edited else "the page has no date"
        found.append(StatementFinding(StatementFindingKind.EDITED, "", f"the policy has {edited}, and {said}"))
    return sorted(found, key=lambda f: list(StatementFindingKind).index(f.kind))


def _entry_of(claim: Claim, entries: list[Entry]) -> Entry | None:
    """Find the entry of a claim by its name in browsers, else by a glob."""
    names = [(e.rename.name if e.rename is not None else e.name, e) for e in entries]
    exact = next((e for name, e in names if name == claim.name), None)
    return (
        exact
        or next((e for _, e in names if name_matches(e.name, claim.name)), None)
        or next((e for name, e in names if name_matches(e.name, claim.written)), None)
    )


def _undeclared(claim: Claim, entries: list[Entry]) -> StatementFinding:
    near = next((e.name for e in entries if _bare(e.name) == _bare(claim.name)), None)
    more = f'; the policy has "{near}", and names are case-sensitive' if near else ""
    return StatementFinding(
        StatementFindingKind.UNDECLARED, claim.name, f"on the page, but not in the register{more}", claim.line
    )


def _unstated(entry: Entry, published: Published) -> StatementFinding:
    if re.search(rf"(?<![\w-]){re.escape(entry.name)}(?![\w-])", published.text):
        told = "declared, but on the page only outside of lists and tables, which cannot be compared"
        return StatementFinding(StatementFindingKind.UNSTATED, entry.name, told, 0, entry)
    near = next((c for c in published.claims if _bare(c.name) == _bare(entry.name)), None)
    more = f'; the page has "{near.written}"' if near else ""
    return StatementFinding(StatementFindingKind.UNSTATED, entry.name, f"declared, but not on the page{more}", 0, entry)


def _differences(claim: Claim, entry: Entry) -> Iterator[StatementFinding]:
    bound = entry.rules.bound
    if claim.lifetime is None:
        if entry.lifetime_source == "stated":
            told = f"the policy has {_told(bound)} (lifetime_source: stated), and the page has none"
            yield StatementFinding(StatementFindingKind.NO_LIFETIME, entry.name, told, claim.line, entry)
    elif bound is None or not _alike(claim.lifetime, bound):
        told = f"the page has {_told(claim.lifetime)}, and the policy has {_told(bound)}"
        yield StatementFinding(StatementFindingKind.LIFETIME, entry.name, told, claim.line, entry)
    texts = {_bare_text(text) for text in entry.purpose.values()}
    if claim.purpose and not any(text and text in _bare_text(claim.purpose) for text in texts):
        yield StatementFinding(
            StatementFindingKind.WORDING, entry.name, "the purpose has other words", claim.line, entry
        )


def _told(lifetime: Lifetime | None) -> str:
    return lifetime.text if lifetime is not None else "no limit"


def _alike(one: Lifetime, other: Lifetime) -> bool:
    return one.is_session == other.is_session and abs(one.seconds - other.seconds) <= ROUNDED * max(
        one.seconds, other.seconds
    )


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9*]", "", name.lower())


def _bare_text(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


# A draft


def draft(published: Published, name: str) -> str:
    """Draft a policy in report mode with the names, purposes and lifetimes of a page."""
    categories = _categories(published.groups)
    edited = f"\n  edited: {published.edited}" if published.edited else ""
    said = f"statement:{edited}\n" if edited else ""
    lines = [
        f"version: 1\npolicy: {scalar(name)}\n# Review the entries, run the proxy, and check cookiewarden forecast. "
        "Then set the mode to enforce.\nmode: report\n",
        "undeclared: {response: block, request: strip}\ndefaults: {secure: true, http_only: true, same_site: "
        "{default: Lax}}\n",
        *([said] if said else []),
        "# For each category, add basis (the reason why consent is not requested) or consent: required.\ncategories:",
    ]
    for category, group in categories:
        text = (group.heading or group.intro).strip().removesuffix(":")
        lines.append(f"  {scalar(category)}:" + (f"\n    title: {scalar(text[:120])}" if text else " {}"))
    head = "\n".join([*lines, "\ncookies:\n"])
    reported = {left.line for left in published.left_out if not left.is_row}
    entries = [_entry(claim, categories[claim.group][0], claim.line in reported) for claim in published.claims]
    return composed(head, accepted(head, entries)).rstrip("\n") + "\n"


def _entry(claim: Claim, category: str, is_reported: bool) -> DraftedEntry:
    """Draft an entry. `is_reported`: a part of its line was not understood."""
    above = f"  # line {claim.line} of the page"
    if claim.written != claim.name:
        above += f", as {_comment(claim.written)}"
    lines = [f"  - name: {scalar(claim.name)}\n    category: {scalar(category)}"]
    if claim.purpose:
        lines.append(f"    purpose: {scalar(claim.purpose)}")
    if claim.lifetime is not None:
        lines.append(f"    lifetime: {claim.lifetime.text}\n    lifetime_source: stated")
    else:
        why = f"line {claim.line} of the page was not understood" if is_reported else "not found on the page"
        lines.append(f"    # lifetime: {why}; choose one (lifetime_source is then chosen)")
    if is_script_read(claim.name):
        lines.append("    http_only: keep  # scripts are known to read it")
    lines.append("    # set_by: server, or script if a script on the page sets it\n")
    return DraftedEntry("\n".join([*lines, ""]), above=above + "\n")


def _comment(text: str) -> str:
    return "".join(c for c in text if c.isprintable())


_SAY_NOTHING = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "to",
        "for",
        "and",
        "or",
        "is",
        "are",
        "be",
        "use",
        "used",
        "uses",
        "using",
        "enable",
        "enables",
        "proper",
        "functioning",
        "following",
        "these",
        "cookie",
        "cookies",
        "what",
        "which",
        "does",
        "do",
        "application",
        "we",
        "our",
        "your",
        "de",
        "het",
        "een",
        "van",
        "en",
        "of",
        "op",
        "voor",
        "zijn",
        "is",
        "worden",
        "wordt",
        "welke",
        "deze",
        "volgende",
        "gebruikt",
        "gebruik",
        "goede",
        "werking",
        "applicatie",
    ]
)


def _categories(groups: list[Group]) -> list[tuple[str, Group]]:
    """Name each group by the first significant words of its heading."""
    found: dict[str, Group] = {}
    for number, group in enumerate(groups, 1):
        words = [w for w in re.findall(r"[a-z0-9]+", (group.heading or group.intro).lower()) if w not in _SAY_NOTHING]
        name = "-".join(words[:3]) or f"group-{number}"
        while name in found:
            name = f"{name}-{number}"
        found[name] = group
    return list(found.items())
