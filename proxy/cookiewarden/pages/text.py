"""How names, moments and numbers are shown."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from cookiewarden.core.policy.problem import Severity, counted, printable


def shown(name: str) -> str:
    """A name as it may be shown."""
    return printable(name) if name else "(without a name)"


def cell(text: object) -> str:
    """Text in a cell of a Markdown table."""
    plain = printable(str(text))
    return "".join("\\" + c if c in "\\`*_|<>[]#" else c for c in plain)


def plain(text: str) -> str:
    """Text in Markdown, outside tables."""
    escaped = "".join("\\" + c if c in "\\`*_<>[]" else c for c in printable(text))
    return "\\" + escaped if escaped[:1] in ("#", "+", "-", "|", "=") else escaped


LAST_MOMENT = 253402300800.0
"""The end of the year 9999, in seconds since the epoch."""


def date(at: float) -> str:
    """A moment in seconds since the epoch, in UTC."""
    if not 0 <= at < LAST_MOMENT:
        return "an unknown moment"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(at: float, now: float) -> str:
    """`5 minutes ago`, roughly."""
    seconds = max(0.0, now - at)
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s ago"
    return "just now" if seconds < 10 else f"{seconds:.0f} seconds ago"


def observed(since: float, now: float) -> str:
    """For how long there was something to see."""
    return f"Observed since {date(since)} ({ago(since, now)})."


def number(value: float) -> str:
    """With thin gaps between thousands, and no more digits than say something."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def told(value: float | None) -> str:
    """A number that may be missing, to whole ones: what Prometheus extrapolates is no more exact."""
    return "no data" if value is None else number(float(round(value)))


def paragraphs(text: str) -> list[tuple[str, list[str]]]:
    """A text as people write one: `("p", [text])` for what stands between empty lines, `("ul", items)` for lines that
    begin with a dash, and `("ol", items)` where they begin with numbers."""
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
    """`1 error, 2 warnings`; None counts where there is nothing else."""
    counts = [(severity, found.count(severity)) for severity in Severity]
    return ", ".join(counted(count, severity.value) for severity, count in counts if count) or counted(
        len(found), "problem"
    )
