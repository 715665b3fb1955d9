"""A published statement against the policy that is to make it true: where they differ, and a draft of a policy from the
page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.policy import Entry, Lifetime, Policy, SetBy
from cookiewarden.core.report.drift import scalar
from cookiewarden.tools.learn.drafting import DraftedEntry, accepted, composed
from cookiewarden.tools.statement.published import Claim, Group, Published


class StatementFindingKind(StrEnum):
    """In the order in which they are told."""

    UNDECLARED = "undeclared"
    """The page names a cookie that no entry declares: it is blocked, and the page is wrong."""
    UNSTATED = "unstated"
    """An entry declares a cookie that the page does not name, in a list or a table."""
    LIFETIME = "lifetime"
    """The page says another lifetime than the policy enforces."""
    NO_LIFETIME = "no-lifetime"
    """The policy says that the lifetime is stated, and the page does not."""
    EDITED = "edited"
    """The page says another day of its last edit."""
    WORDING = "wording"
    """The purpose is worded otherwise: no difference that counts."""


@dataclass(frozen=True, slots=True)
class StatementFinding:
    """Where page and policy differ. `line`: of the page; 0: nowhere on it."""

    kind: StatementFindingKind
    name: str
    told: str
    line: int = 0
    entry: Entry | None = None


ROUNDED = 0.02
"""Part by which two lifetimes may differ and be the same to a reader: a month of 30 days and one of 730 hours."""


def compare(published: Published, policy: Policy, now: float) -> list[StatementFinding]:
    """Where they differ. `now`: seconds since the epoch; entries that have ended do not count."""
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
        said = f"the page says {published.edited}" if published.edited else "the page does not say it"
        found.append(
            StatementFinding(StatementFindingKind.EDITED, "", f"the policy was last edited on {edited}; {said}")
        )
    return sorted(found, key=lambda f: list(StatementFindingKind).index(f.kind))


def _entry_of(claim: Claim, entries: list[Entry]) -> Entry | None:
    """By its own name, else by the name under which browsers keep it, else by a glob."""
    names = [(e.rename.name if e.rename is not None else e.name, e) for e in entries]
    exact = next((e for name, e in names if name == claim.name), None)
    return (
        exact
        or next((e for _, e in names if name_matches(e.name, claim.name)), None)
        or next((e for name, e in names if name_matches(e.name, claim.written)), None)
    )


def _undeclared(claim: Claim, entries: list[Entry]) -> StatementFinding:
    near = next((e.name for e in entries if _bare(e.name) == _bare(claim.name)), None)
    more = f'; the policy spells it "{near}", and names are case-sensitive' if near else ""
    return StatementFinding(
        StatementFindingKind.UNDECLARED, claim.name, f"the page names it, and no entry declares it{more}", claim.line
    )


def _unstated(entry: Entry, published: Published) -> StatementFinding:
    if re.search(rf"(?<![\w-]){re.escape(entry.name)}(?![\w-])", published.text):
        told = "declared, and the page names it in no list or table: what it says of it is not read"
        return StatementFinding(StatementFindingKind.UNSTATED, entry.name, told, 0, entry)
    near = next((c for c in published.claims if _bare(c.name) == _bare(entry.name)), None)
    more = f'; the page spells it "{near.written}"' if near else ""
    return StatementFinding(
        StatementFindingKind.UNSTATED, entry.name, f"declared, and the page does not name it{more}", 0, entry
    )


def _differences(claim: Claim, entry: Entry) -> Iterator[StatementFinding]:
    bound = entry.rules.bound
    if claim.lifetime is None:
        if entry.lifetime_source == "stated":
            told = f"lifetime_source is stated ({_told(bound)}), and the page gives none"
            yield StatementFinding(StatementFindingKind.NO_LIFETIME, entry.name, told, claim.line, entry)
    elif bound is None or not _alike(claim.lifetime, bound):
        told = f"the page says {_told(claim.lifetime)}, the policy {_told(bound)}"
        yield StatementFinding(StatementFindingKind.LIFETIME, entry.name, told, claim.line, entry)
    texts = {_bare_text(text) for text in entry.purpose.values()}
    if claim.purpose and not any(text and text in _bare_text(claim.purpose) for text in texts):
        yield StatementFinding(
            StatementFindingKind.WORDING, entry.name, "the purpose is worded otherwise", claim.line, entry
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
    """A policy in report mode with what the page says, in its own words."""
    categories = _categories(published.groups)
    edited = f"\n  edited: {published.edited}" if published.edited else ""
    said = f"statement:{edited}\n" if edited else ""
    lines = [
        f"version: 1\npolicy: {scalar(name)}\nmode: report # nothing is changed yet: read what is below, run it, ask "
        "cookiewarden forecast, then say enforce\n",
        "undeclared: {response: block, request: strip}\ndefaults: {secure: true, http_only: true, same_site: "
        "{default: Lax}}\n",
        *([said] if said else []),
        "# basis is why no consent is asked, in the publisher's words; consent: required where it is\ncategories:",
    ]
    for category, group in categories:
        text = (group.heading or group.intro).strip().removesuffix(":")
        lines.append(f"  {scalar(category)}:" + (f"\n    title: {scalar(text[:120])}" if text else " {}"))
    head = "\n".join([*lines, "\ncookies:\n"])
    entries = [_entry(claim, categories[claim.group][0]) for claim in published.claims]
    return composed(head, accepted(head, entries)).rstrip("\n") + "\n"


def _entry(claim: Claim, category: str) -> DraftedEntry:
    above = f"  # line {claim.line} of the page"
    if claim.written != claim.name:
        above += f", as {_comment(claim.written)}"
    lines = [f"  - name: {scalar(claim.name)}\n    category: {scalar(category)}"]
    if claim.purpose:
        lines.append(f"    purpose: {scalar(claim.purpose)}")
    if claim.lifetime is not None:
        lines.append(f"    lifetime: {claim.lifetime.text}\n    lifetime_source: stated")
    else:
        lines.append("    # lifetime: none was recognised on the page; with lifetime_source: chosen this policy can")
    lines.append("    # set_by: server, or script where a script of the page sets it\n")
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
    """A name for each group, of the words in its heading that say something."""
    found: dict[str, Group] = {}
    for number, group in enumerate(groups, 1):
        words = [w for w in re.findall(r"[a-z0-9]+", (group.heading or group.intro).lower()) if w not in _SAY_NOTHING]
        name = "-".join(words[:3]) or f"group-{number}"
        while name in found:
            name = f"{name}-{number}"
        found[name] = group
    return list(found.items())
