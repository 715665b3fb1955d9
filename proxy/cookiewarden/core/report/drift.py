"""Drift: the differences between the register and the inventory, with YAML that fixes them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.policy.policy import BROWSER_MAX, DAY, Entry, Policy, SetBy, lifetime_text
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report.evidence import (
    against_http_only,
    changes_at_each_visit,
    hidden_cookies,
    readable,
    sent_from_other_sites,
    slides,
)
from cookiewarden.core.report.forecast import where
from cookiewarden.core.report.inventory import Inventory, Record, Side
from cookiewarden.core.report.judge import Judged, Judgement, attributes_of


class Kind(StrEnum):
    UNDECLARED = "undeclared"
    """Seen but undeclared."""
    OUTLIVES = "outlives"
    """The application sets a longer lifetime than the entry allows."""
    LIFETIME_UNREADABLE = "lifetime-unreadable"
    """The application sends an invalid Max-Age or Expires, which browsers interpret differently."""
    SLIDES = "slides"
    """Visits extend the life of a cookie, in contrast to `renew: false` or to the published statement."""
    OTHER_SIDE = "other-side"
    """Set by a server although `set_by` is script, or by a script although it is server."""
    NEVER_SEEN = "never-seen"
    """Declared but not seen since the inventory began."""
    HARDENING = "hardening"
    """The entry could be stricter. This is advice, not a difference; `core.report.hardening` finds it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference between the register and the inventory."""

    kind: Kind
    name: str
    told: str
    """Description of the difference."""
    entry: str = ""
    declared_at: str = ""
    """File, line and column of the entry."""
    yaml: str = ""
    """Lines to add to the register's `cookies`, or for `hardening` to the entry."""
    near: str = ""
    """A similar name: of an entry for an undeclared cookie, and of an undeclared cookie for an unseen entry."""


def drift(inventory: Inventory, judged: Judged, policy: Policy, now: float) -> list[Finding]:
    """Return all differences, sorted by kind and name. `judged` is from an engine in enforce mode."""
    settled = now - inventory.since >= SETTLED
    seen = {judgement.entry for found in judged.values() for judgement in found}
    undeclared = [
        record
        for name, record in inventory.records.items()
        if name and _was_there(record) and not any(judgement.entry for judgement in judged[name])
    ]
    unseen = [e for e in policy.entries if e.name not in seen and e.set_by is not SetBy.INFRASTRUCTURE]
    near = _near_misses([record.name for record in undeclared], [entry.name for entry in unseen])
    others = _near_misses(
        [record.name for record in undeclared if record.name not in near],
        [entry.name for entry in policy.entries if entry.name in seen],
    )
    hidden = hidden_cookies(inventory)
    findings = [_undeclared(record, near, others, hidden) for record in undeclared]
    findings += [_never_seen(entry, near) for entry in unseen]
    entries = {entry.name: entry for entry in policy.entries}
    for name, record in inventory.records.items():
        findings += _differences(record, judged[name], entries, settled)
    order = list(Kind)
    return sorted(findings, key=lambda f: (order.index(f.kind), f.name))


def _was_there(record: Record) -> bool:
    """Check that the cookie existed. An application may delete cookies that do not exist."""
    return bool(record.shapes or record.sides.keys() - {Side.SERVER})


SETTLED = float(DAY)
"""Seconds of observation after which the absence of a cookie is reported."""
MAX_COMPARED = 100


def _near_misses(seen: list[str], declared: list[str]) -> dict[str, str]:
    """Return pairs of similar names in both directions, such as PHPSESSIONID and PHPSESSID.

    At most `MAX_COMPARED` names of each list are compared, to limit the time."""
    if not seen or not declared:
        return {}
    from difflib import get_close_matches  # the proxy starts without it

    pairs = {}
    for name in declared[:MAX_COMPARED]:
        for found in get_close_matches(name, seen[:MAX_COMPARED], 1, NEAR):
            pairs[name], pairs[found] = found, name
    return pairs


NEAR = 0.8
"""Minimum similarity, as difflib's ratio."""


def _undeclared(record: Record, near: Mapping[str, str], others: Mapping[str, str], hidden: int) -> Finding:
    """`near` and `others`: the similar names of entries that were not seen, and of entries that were."""
    by = [text for side, text in _BY.items() if side in record.sides]
    hint = ""
    if record.name in near:
        hint = f'; did the entry "{near[record.name]}", which was not seen, mean this cookie?'
    elif record.name in others:
        hint = f'; the entry "{others[record.name]}" is similar; if the name varies, declare it with a *'
    return Finding(
        Kind.UNDECLARED,
        record.name,
        f"{' and '.join(by)}, but undeclared{hint}",
        yaml=entry_yaml(record, hidden=hidden),
        near=near.get(record.name) or others.get(record.name, ""),
    )


_BY = {
    Side.SERVER: "set by the application",
    Side.SCRIPT: "set by a script",
    Side.REQUEST: "sent by browsers",
}


def _differences(
    record: Record, judgements: list[Judgement], entries: dict[str, Entry], settled: bool
) -> Iterable[Finding]:
    told: set[tuple[Kind, str]] = set()
    for judgement in judgements:
        entry = entries.get(judgement.entry)
        if entry is None:
            continue
        for kind, text in (
            (Kind.OUTLIVES, _outlives(judgement, entry)),
            (Kind.LIFETIME_UNREADABLE, _unreadable(judgement)),
            (Kind.SLIDES, _slides(record, entry)),
            (Kind.OTHER_SIDE, _other_side(record, entry, settled)),
        ):
            if text and (kind, entry.name) not in told:
                told.add((kind, entry.name))
                yield Finding(kind, record.name, text, entry.name, str(entry.place))


SKEW = 60
"""Seconds by which the application's clock may differ from the proxy's, for lifetimes given as a date."""


def _outlives(judgement: Judgement, entry: Entry) -> str:
    bound, seen = entry.rules.bound, judgement.shape
    # Browsers limit all lifetimes to BROWSER_MAX, so a longer one is not a difference.
    if bound is None or seen is None or seen.longest <= bound.seconds + SKEW or bound.seconds >= BROWSER_MAX:
        return ""
    return f"the application sets a lifetime of {about(seen.longest)}, but the entry allows {bound.text}"


def _unreadable(judgement: Judgement) -> str:
    seen = judgement.shape
    if seen is None or not seen.shape.lifetime_unreadable:
        return ""
    right = {"Max-Age": "use only digits", "Expires": "write it like Sun, 06 Nov 1994 08:49:37 GMT"}[
        seen.shape.lifetime_unreadable
    ]
    article = "an" if seen.shape.lifetime_unreadable == "Expires" else "a"
    return (
        f"the application sends {article} {seen.shape.lifetime_unreadable} that is not valid ({right}), so "
        "browsers keep the cookie for different times"
    )


def _slides(record: Record, entry: Entry) -> str:
    if not entry.rules.renew:
        told = changes_at_each_visit(record) if entry.seal is None else ""
        return f"{told}; only seal can prevent this" if told else ""
    told = slides(record) if entry.lifetime_source == "stated" and not entry.renewed else ""
    return f"the statement has a lifetime, but {told}; set renew to false, or state renewed" if told else ""


def _other_side(record: Record, entry: Entry, settled: bool) -> str:
    if entry.set_by is SetBy.SCRIPT and Side.SERVER in record.sides:
        return "set_by is script, but the application sets the cookie"
    if entry.set_by is not SetBy.SERVER or Side.SERVER in record.sides:
        return ""
    if Side.SCRIPT in record.sides:
        return "set_by is server, but a script sets the cookie"
    # In the first hours, the cookie may belong to a session from before the inventory began.
    return "set_by is server, but the cookie was only seen in requests" if settled else ""


def _never_seen(entry: Entry, near: Mapping[str, str]) -> Finding:
    hint = (
        f'; did this entry mean "{near[entry.name]}", which was seen but is undeclared?' if entry.name in near else ""
    )
    return Finding(
        Kind.NEVER_SEEN,
        entry.name,
        f"declared, but not seen yet{hint}",
        entry.name,
        str(entry.place),
        near=near.get(entry.name, ""),
    )


# YAML to paste

_NO_UTF_8 = re.compile(r"\\x[89a-f][0-9a-f]")
"""The escapes that `name_text` writes for octets that are not UTF-8."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})


def why_undeclarable(record: Record, is_glob: bool = False) -> str:
    """Return why the name cannot be declared, or an empty text. With `is_glob`, a `*` in it is a wildcard."""
    if "*" in record.name and not is_glob:
        return "a * in an entry matches any characters; declare this cookie manually"
    if "\t" in record.name:
        return "a name with a tab cannot be declared"
    if _NO_UTF_8.search(record.name):
        return "a name that is not valid UTF-8 cannot be declared"
    return ""


PURPOSE, CATEGORY = "describe its use", "choose one"
"""Placeholders in comments, for a person to replace."""


def entry_yaml(
    record: Record,
    is_glob: bool = False,
    notes: Iterable[str] = (),
    purpose: str = PURPOSE,
    category: str = CATEGORY,
    hidden: int = 0,
) -> str:
    """Return an entry for the register, with observed values filled in and the other keys as comments.

    With `is_glob`, a `*` in the name is a wildcard. `notes` are comments below the name. `hidden` is the number of
    cookies that the application sets with HttpOnly."""
    comments = [f"    # {note}" for note in notes]
    if why := why_undeclarable(record, is_glob):
        return "\n".join([f"  # {printable(record.name)}: {why}", *comments]) + "\n"
    lines = [f"  - name: {scalar(record.name)}", *comments, f"    # seen: {_seen(record)}"]
    lines += [f"    # purpose: {purpose}", f"    # category: {category}"]
    seconds = max((seen.longest for seen in record.shapes), default=None)
    if not seconds and any(seen.shape.lifetime_unreadable for seen in record.shapes):
        lines.append(
            "    # lifetime: choose one (the application's is not valid, and browsers interpret it differently)"
        )
    elif seconds is None:
        lines.append("    # lifetime: choose one (requests do not show it)")
    else:
        kept = "  # the maximum of browsers" if seconds > BROWSER_MAX else ""
        lines.append(f"    lifetime: {lifetime_text(min(meant(seconds), BROWSER_MAX))}{kept}")
        if told := slides(record):
            lines.append(f"    # renew: false  # {told}")
    if Side.SCRIPT in record.sides:
        lines.append("    set_by: " + ("both" if record.by_server else "script"))
    elif not record.by_server:
        lines.append("    set_by: script  # only seen in requests, so an earlier version of the application may set it")
    if Side.SCRIPT not in record.sides and (times := readable(record)):
        told = "; ".join([f"set {times} without HttpOnly", *against_http_only(record, hidden)])
        lines.append(f"    http_only: keep  # {told}")
    if record.device_bound:
        lines.append("    device_bound: true  # a registration in the recording binds it to the device")
    if record.over_http:
        told = f"set {counted(record.over_http, 'time')} over plain HTTP, where browsers refuse Secure"
        lines.append(f"    secure: https  # {told}")
    if record.cross_site and any(seen.shape.same_site.lower() not in ("lax", "strict") for seen in record.shapes):
        lines.append(f"    same_site: keep  # {sent_from_other_sites(record)}")
    return "\n".join(lines) + "\n"


def _seen(record: Record) -> str:
    parts = [
        _IN[side].format(counted(times.count, _NOUN[side]))
        for side, times in sorted(record.sides.items(), key=lambda item: list(Side).index(item[0]))
    ]
    if record.shapes:
        most = max(record.shapes, key=lambda seen: seen.count)
        lasts = [f"for {about(most.longest)}" if most.longest else _SESSION[bool(most.shape.lifetime_unreadable)]]
        parts[0] += f" ({', '.join([*attributes_of(most.shape, 0), *lasts])})"
    return printable(f"{', '.join(parts)}; for example at {' '.join(where(record)[:3]) or 'an unknown place'}")


_SESSION = {False: "for the session", True: "for an invalid lifetime"}
_IN = {
    Side.SERVER: "set {}",
    Side.SCRIPT: "set by a script {}",
    Side.REQUEST: "sent in {}",
}
_NOUN = {Side.SERVER: "time", Side.SCRIPT: "time", Side.REQUEST: "request"}


def scalar(text: str) -> str:
    """Return a string as YAML, in double quotes unless a plain scalar is safe."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return a string as YAML, in double quotes."""
    escaped = "".join(_escaped(c) for c in text)
    return f'"{escaped}"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    number = ord(c)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


_ROUGHLY = (("y", 365 * DAY), ("d", DAY), ("h", 3600), ("min", 60), ("s", 1))


def about(seconds: int) -> str:
    """Return a rounded lifetime, such as `12y` for twelve years and some days."""
    unit, size = next((unit, size) for unit, size in _ROUGHLY if seconds >= size or unit == "s")
    return f"{round(seconds / size)}{unit}" if seconds else "session"


def meant(seconds: int) -> int:
    """Return the lifetime that the application meant: in minutes from an hour, hours from a day, days from a week.

    A date yields 2,591,999 seconds instead of 30 days, or some seconds more if the clocks differ."""
    size = next((size for least, size in _STEPS if seconds >= least), 1)
    spare = SKEW if size >= 3600 and seconds % size <= SKEW else 0
    return -(-(seconds - spare) // size) * size


_STEPS = ((7 * DAY, DAY), (DAY, 3600), (3600, 60))
"""The unit to which lifetimes of at least so many seconds are rounded up."""
