"""Hardening: attributes that the entries could add, because no traffic was seen that needs their absence."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cookiewarden.core.cookies.cookie import MAX_PAIR, SetCookie, parse_set_cookie
from cookiewarden.core.cookies.scope import name_prefix
from cookiewarden.core.engine.verbs import same_site_of
from cookiewarden.core.policy.policy import Entry, Policy, SetBy, lifetime_text
from cookiewarden.core.policy.problem import counted
from cookiewarden.core.report.drift import Finding, Kind, meant, scalar
from cookiewarden.core.report.evidence import against_http_only, hidden_cookies
from cookiewarden.core.report.inventory import Inventory, Record, ShapeSeen, Side
from cookiewarden.core.report.judge import Judged


@dataclass(slots=True)
class _Seen:
    """The cookies of one entry: their records, and each Set-Cookie line that passes."""

    records: list[Record]
    shapes: list[ShapeSeen]
    lines: list[SetCookie]

    @property
    def requests(self) -> int:
        return sum(record.sides[Side.REQUEST].count for record in self.records if Side.REQUEST in record.sides)


def hardening(inventory: Inventory, judged: Judged, policy: Policy) -> list[Finding]:
    """Return a finding for each entry that could be stricter, by name, with keys to put into the entry.

    `judged` is from an engine in enforce mode. Only cookies that the server sets are examined."""
    hidden = hidden_cookies(inventory)
    seen = _by_entry(inventory, judged)
    names = Counter(entry.name for entry in policy.entries)
    found = []
    for entry in sorted(policy.entries, key=lambda entry: entry.name):
        if entry.name in seen and names[entry.name] == 1 and entry.set_by is SetBy.SERVER:
            keys = list(_keys(entry, seen[entry.name], hidden))
            if keys:
                told = f"the entry could be stricter: {', '.join(key.partition(':')[0] for key in keys)}"
                yaml = "".join(f"    {key}\n" for key in keys)
                found.append(Finding(Kind.HARDENING, entry.name, told, entry.name, str(entry.place), yaml))
    return found


def _by_entry(inventory: Inventory, judged: Judged) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    for name, record in inventory.records.items():
        for judgement in judged[name]:
            line = parse_set_cookie(judgement.after) if judgement.after is not None else None
            if judgement.entry and judgement.shape is not None and line is not None and record.shapes:
                seen = found.setdefault(judgement.entry, _Seen([], [], []))
                seen.shapes.append(judgement.shape)
                seen.lines.append(line)
                if record not in seen.records:
                    seen.records.append(record)
    return found


def _keys(entry: Entry, seen: _Seen, hidden: int) -> Iterator[str]:
    """Yield keys for an entry, each with its evidence as a comment."""
    requests = counted(seen.requests, "request")
    is_used = any(against_http_only(record, hidden) for record in seen.records)
    if not is_used and not all(line.has(b"httponly") for line in seen.lines):
        compared = sum(record.compared for record in seen.records)
        told = f"no sign that scripts use it, in {requests}" if compared else "a proxy does not see reads by scripts"
        yield f"http_only: true  # {told}"
    if not all(line.has(b"secure") for line in seen.lines):
        yield "secure: https  # added only if the browser used HTTPS"
    crosses = any(record.cross_site for record in seen.records)
    if seen.requests and not crosses and not all(same_site_of(line) for line in seen.lines):
        yield "same_site: {default: Lax}" + f"  # {requests} seen; other sites sent it only with links, or never"
    if lifetime := _lifetime(entry, seen):
        yield f"lifetime: {lifetime}  # the longest that was seen"
    if not is_used and _takes_prefix(entry, seen):
        yield f"rename_to: {scalar('__Host-' + entry.name)}  # always set for the path / and without Domain"


def _lifetime(entry: Entry, seen: _Seen) -> str:
    """Return a shorter lifetime that covers all that were seen, or empty."""
    if any(shape.shape.lifetime_unreadable for shape in seen.shapes):
        return ""
    longest, bound = meant(max(shape.longest for shape in seen.shapes)), entry.rules.bound
    return lifetime_text(longest) if bound is None or longest < bound.seconds else ""


def _takes_prefix(entry: Entry, seen: _Seen) -> bool:
    """Check whether browsers would accept the cookie under a name with the prefix __Host-, which needs HTTPS."""
    is_plain = entry.rename is None and "*" not in entry.name and not name_prefix(entry.name.encode())
    fits = all(record.largest + len("__Host-") <= MAX_PAIR for record in seen.records)
    has_https = not any(record.over_http for record in seen.records)
    return (
        is_plain
        and fits
        and has_https
        and all(line.last(b"path") == b"/" and not line.has(b"domain") for line in seen.lines)
    )
