"""Small charts over time, as SVG that is made when a page is. Colours are the page's: each line has a class."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cookiewarden.pages.text import number

WIDTH, HEIGHT = 640, 120
LEFT, BOTTOM, TOP = 8, 18, 14


@dataclass(frozen=True, slots=True)
class Line:
    """One thing over time."""

    name: str
    """Also its class: a word."""
    values: Sequence[float]


def chart(lines: Sequence[Line], ends: tuple[str, str], unit: str, title: str) -> Markup:
    """Lines over equal steps, on one scale from 0. `ends`: what the first and the last step are called. `title` says it for those who
    do not see it."""
    top = max((value for line in lines for value in line.values), default=0.0) or 1.0
    drawn = [_path(line, top) for line in lines if any(line.values)]
    said = f"{title}: {_told(lines, unit)}"
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" preserveAspectRatio="none"><title>{said}</title>'
        '<line class="axis" x1="{l}" y1="{b}" x2="{r}" y2="{b}"/>{drawn}</svg>'
        '<p class="scale"><span>{first}</span><span>at most {top} {unit}</span><span>{last}</span></p>'
    ).format(
        w=WIDTH, h=HEIGHT, l=LEFT, r=WIDTH - LEFT, b=HEIGHT - BOTTOM + 1, said=said, drawn=Markup("").join(drawn),
        first=ends[0], last=ends[1], top=number(max((v for x in lines for v in x.values), default=0.0)), unit=unit,
    )  # fmt: skip


def _path(line: Line, top: float) -> Markup:
    width, height = WIDTH - 2 * LEFT, HEIGHT - BOTTOM - TOP
    step = width / max(1, len(line.values) - 1)
    points = " ".join(
        f"{LEFT + at * step:.1f},{TOP + height - value / top * height:.1f}"
        for at, value in enumerate(line.values)
    )
    return Markup('<polyline class="line {}" points="{}" vector-effect="non-scaling-stroke"/>').format(
        line.name, points
    )


def _told(lines: Sequence[Line], unit: str) -> str:
    parts = [f"{line.name} {number(line.values[-1])}" for line in lines if line.values]
    return f"{', '.join(parts) or 'nothing yet'} {unit} at the end"
