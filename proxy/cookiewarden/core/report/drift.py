"""Drift: where the register and what was seen differ, with the YAML that would mend it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from cookiewarden.core.policy.policy import BROWSER_MAX, DAY, SCRIPT_READ, Entry, Policy, SetBy, lifetime_text
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report.forecast import where
from cookiewarden.core.report.inventory import Inventory, Record, Side
from cookiewarden.core.report.judge import Judged, Judgement, attributes_of


class Kind(StrEnum):
    UNDECLARED = "undeclared"
    """Seen, and in no entry."""
    OUTLIVES = "outlives"
    """The application asks for a longer life than the entry promises."""
    LIFETIME_UNREADABLE = "lifetime-unreadable"
    """The application sends a Max-Age or an Expires that is not valid, and browsers differ on it."""
    OTHER_SIDE = "other-side"
    """Set by a server where the entry says script, or the other way round."""
    NEVER_SEEN = "never-seen"
    """Declared, and not seen since the inventory began."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference."""

    kind: Kind
    name: str
    told: str
    """What differs, in a sentence."""
    entry: str = ""
    declared_at: str = ""
    """File, line and column of the entry."""
    yaml: str = ""
    """Lines for the register's `cookies`."""


def drift(inventory: Inventory, judged: Judged, policy: Policy, now: float) -> list[Finding]:
    """All differences, by kind and name. `judged` by an engine in enforce mode."""
    settled = now - inventory.since >= SETTLED
    seen = {judgement.entry for found in judged.values() for judgement in found}
    undeclared = [
        record
        for name, record in inventory.records.items()
        if name and _was_there(record) and not any(judgement.entry for judgement in judged[name])
    ]
    unseen = [e for e in policy.entries if e.name not in seen and e.set_by is not SetBy.INFRASTRUCTURE]
    near = _near_misses([record.name for record in undeclared], [entry.name for entry in unseen])
    findings = [_undeclared(record, near) for record in undeclared]
    findings += [_never_seen(entry, near) for entry in unseen]
    entries = {entry.name: entry for entry in policy.entries}
    for name, record in inventory.records.items():
        findings += _differences(record, judged[name], entries, settled)
    order = list(Kind)
    return sorted(findings, key=lambda f: (order.index(f.kind), f.name))


def _was_there(record: Record) -> bool:
    """Not where an application only deletes what may be there from long ago."""
    return bool(record.shapes or record.sides.keys() - {Side.SERVER})


SETTLED = float(DAY)
"""Seconds after which what was not seen says something."""
MAX_COMPARED = 100


def _near_misses(seen: list[str], declared: list[str]) -> dict[str, str]:
    """Pairs of names, both ways, that differ by so little that one may be meant by the other: PHPSESSIONID, PHPSESSID.
    Only as many are compared as is quick."""
    pairs = {}
    for name in declared[:MAX_COMPARED]:
        for found in get_close_matches(name, seen[:MAX_COMPARED], 1, NEAR):
            pairs[name], pairs[found] = found, name
    return pairs


NEAR = 0.8
"""How alike, by difflib's measure."""


def _undeclared(record: Record, near: Mapping[str, str]) -> Finding:
    by = [text for side, text in _BY.items() if side in record.sides]
    hint = f'; "{near[record.name]}" is declared and was not seen: is it this one?' if record.name in near else ""
    return Finding(Kind.UNDECLARED, record.name, f"{' and '.join(by)}, and in no entry{hint}", yaml=entry_yaml(record))


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
            (Kind.OTHER_SIDE, _other_side(record, entry, settled)),
        ):
            if text and (kind, entry.name) not in told:
                told.add((kind, entry.name))
                yield Finding(kind, record.name, text, entry.name, str(entry.place))


SKEW = 60
"""Seconds by which the application's clock may differ from ours: a date is no lifetime."""


def _outlives(judgement: Judgement, entry: Entry) -> str:
    bound, seen = entry.rules.bound, judgement.shape
    # Browsers keep nothing for longer than BROWSER_MAX, whoever asks for it: such a cut is no news.
    if bound is None or seen is None or seen.longest <= bound.seconds + SKEW or bound.seconds >= BROWSER_MAX:
        return ""
    return f"the application asks for {about(seen.longest)}, and the entry promises {bound.text}"


def _unreadable(judgement: Judgement) -> str:
    seen = judgement.shape
    if seen is None or not seen.shape.lifetime_unreadable:
        return ""
    right = {"Max-Age": "digits only", "Expires": "as in Sun, 06 Nov 1994 08:49:37 GMT"}[seen.shape.lifetime_unreadable]
    article = "an" if seen.shape.lifetime_unreadable == "Expires" else "a"
    return (
        f"the application sends {article} {seen.shape.lifetime_unreadable} that is not valid ({right}), and "
        "browsers differ on how long they keep the cookie"
    )


def _other_side(record: Record, entry: Entry, settled: bool) -> str:
    if entry.set_by is SetBy.SCRIPT and Side.SERVER in record.sides:
        return "the entry says set_by: script, and the application sets it"
    if entry.set_by is not SetBy.SERVER or Side.SERVER in record.sides:
        return ""
    if Side.SCRIPT in record.sides:
        return "the entry says set_by: server, and a script sets it"
    # In the first hours it may be from before: a session that goes on.
    return "the entry says set_by: server, and it was only seen in what browsers send" if settled else ""


def _never_seen(entry: Entry, near: Mapping[str, str]) -> Finding:
    hint = f'; "{near[entry.name]}" was seen and is in no entry: is it this one?' if entry.name in near else ""
    return Finding(Kind.NEVER_SEEN, entry.name, f"declared, and not seen yet{hint}", entry.name, str(entry.place))


# YAML to paste

_NO_UTF_8 = re.compile(r"\\x[89a-f][0-9a-f]")
"""As `name_text` writes such octets."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})


def why_undeclarable(record: Record, is_glob: bool = False) -> str:
    """Why no entry can declare the name, or nothing. `is_glob`: a `*` in the name is meant as one."""
    if "*" in record.name and not is_glob:
        return "a * in a name stands for any characters; declare it by hand"
    if "\t" in record.name:
        return "a name with a tab cannot be declared"
    if _NO_UTF_8.search(record.name):
        return "a name that is no UTF-8 cannot be declared"
    return ""


PURPOSE, CATEGORY = "what it is for", "the one it belongs to"
"""Stand in comments for what a person must say."""


def entry_yaml(
    record: Record,
    is_glob: bool = False,
    notes: Iterable[str] = (),
    purpose: str = PURPOSE,
    category: str = CATEGORY,
) -> str:
    """An entry for the register: what was seen filled in, what a person must say left as a comment. `is_glob`: a `*` in
    the name is meant as one. `notes`: comments below the name."""
    comments = [f"    # {note}" for note in notes]
    if why := why_undeclarable(record, is_glob):
        return "\n".join([f"  # {printable(record.name)}: {why}", *comments]) + "\n"
    lines = [f"  - name: {scalar(record.name)}", *comments, f"    # seen: {_seen(record)}"]
    lines += [f"    # purpose: {purpose}", f"    # category: {category}"]
    seconds = max((seen.longest for seen in record.shapes), default=None)
    if not seconds and any(seen.shape.lifetime_unreadable for seen in record.shapes):
        lines.append("    # lifetime: the one that the application sends is not valid, and browsers differ on it")
    elif seconds is None:
        lines.append("    # lifetime: not to be seen in what browsers send")
    else:
        kept = "  # browsers keep none longer" if seconds > BROWSER_MAX else ""
        lines.append(f"    lifetime: {lifetime_text(min(_whole(seconds), BROWSER_MAX))}{kept}")
    if Side.SCRIPT in record.sides:
        lines.append("    set_by: " + ("both" if record.by_server else "script"))
    elif not record.by_server:
        lines.append("    set_by: script  # or an earlier version of the application: it was only seen in requests")
    if record.name in SCRIPT_READ and record.by_server:
        lines.append("    http_only: keep  # scripts are known to read it")
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
    return printable(f"{', '.join(parts)}; such as at {' '.join(where(record)[:3]) or 'no known place'}")


_SESSION = {False: "for the session", True: "for a time that cannot be read"}
_IN = {
    Side.SERVER: "set {}",
    Side.SCRIPT: "set by a script {}",
    Side.REQUEST: "sent in {}",
}
_NOUN = {Side.SERVER: "time", Side.SCRIPT: "time", Side.REQUEST: "request"}


def scalar(text: str) -> str:
    """A string as YAML: plain where that is safe, else in double quotes."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """A string as YAML, in double quotes."""
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
    """A lifetime, roughly: `12y` for a date in twelve years and some days."""
    unit, size = next((unit, size) for unit, size in _ROUGHLY if seconds >= size or unit == "s")
    return f"{round(seconds / size)}{unit}" if seconds else "session"


def _whole(seconds: int) -> int:
    """What was meant where a date was given: 30 days, and not 2,591,999 seconds."""
    size = 3600 if seconds >= DAY else 60 if seconds >= 3600 else 1
    return -(-seconds // size) * size
