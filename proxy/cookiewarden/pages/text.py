"""Display of names, times, lifetimes and numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from cookiewarden.core.policy.policy import DAY, UNITS, SetBy
from cookiewarden.core.policy.problem import Severity, counted, printable


def shown(name: str) -> str:
    """Escape a cookie name for display."""
    return printable(name) if name else "(without a name)"


def cell(text: object) -> str:
    """Escape text for a cell of a Markdown table."""
    plain = printable(str(text))
    return "".join("\\" + c if c in "\\`*_|<>[]#" else c for c in plain)


def plain(text: str) -> str:
    """Escape text for Markdown outside tables."""
    escaped = "".join("\\" + c if c in "\\`*_<>[]" else c for c in printable(text))
    return "\\" + escaped if escaped[:1] in ("#", "+", "-", "|", "=") else escaped


LAST_MOMENT = 253402300800.0
"""End of the year 9999, in seconds since the epoch; later times have no ISO 8601 date."""


def date(at: float) -> str:
    """Write seconds since the epoch as a date and time in UTC."""
    if not 0 <= at < LAST_MOMENT:
        return "an unknown time"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(at: float, now: float) -> str:
    """Write how long ago a time was: `5 minutes ago`. Both are seconds since the epoch."""
    seconds = max(0.0, now - at)
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s ago"
    return "just now" if seconds < 10 else f"{seconds:.0f} seconds ago"


def lasted(since: float, now: float) -> str:
    """Write how long something has lasted: `5 minutes`."""
    text = ago(since, now)
    return "a few seconds" if text == "just now" else text.removesuffix(" ago")


def observed(since: float, now: float) -> str:
    """Write the start of an observation and how long ago it was."""
    return f"Observed since {date(since)} ({ago(since, now)})."


_SPAN_NAMES = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


def span(lifetime: str) -> str:
    """Write a policy's lifetime for people: `1 year`, `348 days` for 8334h (an upper bound is rounded up to days)."""
    found = re.fullmatch(r"([0-9]+)([a-z]+)", lifetime)
    if found is None or found[2] not in UNITS:
        return "browser session" if lifetime == "session" else lifetime
    count, unit = int(found[1]), found[2]
    seconds = count * UNITS[unit]
    if UNITS[unit] < DAY:
        if seconds >= 2 * DAY:
            count, unit = -(-seconds // DAY), "d"
        elif UNITS[unit] < 3600 and seconds >= 2 * 3600 and seconds % 3600 == 0:
            count, unit = seconds // 3600, "h"
        elif unit == "s" and seconds >= 120 and seconds % 60 == 0:
            count, unit = seconds // 60, "min"
    return counted(count, _SPAN_NAMES[unit])


_SETTERS = {SetBy.SERVER: "the application", SetBy.SCRIPT: "scripts", SetBy.BOTH: "the application or scripts"}


def setter(set_by: str) -> str:
    """Write the value of `set_by` for people; `infrastructure` stays."""
    return _SETTERS.get(SetBy(set_by), set_by)


def number(value: float) -> str:
    """Write a number with thin spaces between thousands and at most one or two decimals."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def rounded(value: float | None) -> str:
    """Round a number, or write `no data` for None. Prometheus extrapolates, so decimals would be false precision."""
    return "no data" if value is None else number(float(round(value)))


def paragraphs(text: str) -> list[tuple[str, list[str]]]:
    """Split plain text into blocks: `("p", [text])` for a paragraph, `("ul", items)` for lines that begin with a dash,
    `("ol", items)` for lines that begin with a number. Empty lines separate paragraphs."""
    found: list[tuple[str, list[str]]] = []
    for block in re.split(r"\n[ \t]*\n", text.strip()):
        for at, line in enumerate(block.split("\n")):
            bullet = re.match(r"[ \t]*(?:(-)|[0-9]+[.)])[ \t]+(?=\S)", line)
            if bullet is None:
                if at == 0:
                    found.append(("p", [line.strip()]))
                else:
                    found[-1][1][-1] += f" {line.strip()}"
                continue
            kind, item = "ul" if bullet[1] else "ol", line[bullet.end() :].strip()
            if found and found[-1][0] == kind:
                found[-1][1].append(item)
            else:
                found.append((kind, [item]))
    return [(kind, parts) for kind, parts in found if any(parts)]


def severities(found: Sequence[Severity | None]) -> str:
    """Count problems by severity: `1 error, 2 warnings`. Problems without a severity count only if all are."""
    counts = [(severity, found.count(severity)) for severity in Severity]
    return ", ".join(counted(count, severity.value) for severity, count in counts if count) or counted(
        len(found), "problem"
    )
