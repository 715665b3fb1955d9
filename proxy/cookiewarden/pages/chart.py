"""Small charts over time, as SVG that is made when a page is. Colours are the page's: each line has a class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cookiewarden.pages.text import number

WIDTH, HEIGHT = 640, 120
LEFT, BOTTOM, TOP = 8, 18, 14
DRAWN = HEIGHT - BOTTOM - TOP
"""What the largest value takes of the height."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One thing over time."""

    name: str
    """Also its class: a word."""
    values: Sequence[float]


def chart(lines: Sequence[ChartLine], ends: tuple[str, str], unit: str, title: str) -> Markup:
    """Lines over equal steps, on one scale from 0. `ends`: what the first and the last step are called. `title` says it
    for those who do not see it."""
    top = max((value for line in lines for value in line.values), default=0.0)
    told = [f"{line.name} {number(line.values[-1])}" for line in lines if line.values]
    said = f"{title}: {', '.join(told) or 'nothing yet'} {unit} at the end"
    return _framed((_line(line, top) for line in lines if any(line.values)), said, ends, f"{number(top)} {unit}")


def bars(lines: Sequence[ChartLine], ends: tuple[str, str], title: str) -> Markup:
    """A bar for each step, what the lines say on top of one another."""
    top = max(map(sum, zip(*(line.values for line in lines), strict=True)), default=0.0)
    most = number(float(round(top)))
    return _framed(_bars(lines, top), f"{title}: at most {most} in a step", ends, most)


def spark(values: Sequence[float], title: str) -> Markup:
    """Bars without a frame, for a cell of a table."""
    drawn = Markup("").join(_bars([ChartLine("requests", values)], max(values, default=0.0)))
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" preserveAspectRatio="none"><title>{}</title>{}</svg>'
    ).format(WIDTH, HEIGHT, title, drawn)


def _framed(drawn: Iterable[Markup], said: str, ends: tuple[str, str], most: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" preserveAspectRatio="none"><title>{said}</title>'
        '<line class="axis" x1="{l}" y1="{b}" x2="{r}" y2="{b}"/>{drawn}</svg>'
        '<p class="scale"><span>{first}</span><span>at most {most}</span><span>{last}</span></p>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        l=LEFT,
        r=WIDTH - LEFT,
        b=HEIGHT - BOTTOM + 1,
        said=said,
        drawn=Markup("").join(drawn),
        first=ends[0],
        last=ends[1],
        most=most,
    )


def _line(line: ChartLine, top: float) -> Markup:
    step = (WIDTH - 2 * LEFT) / max(1, len(line.values) - 1)
    points = " ".join(
        f"{LEFT + at * step:.1f},{TOP + DRAWN - value / top * DRAWN:.1f}" for at, value in enumerate(line.values)
    )
    return Markup('<polyline class="line {}" points="{}" vector-effect="non-scaling-stroke"/>').format(
        line.name, points
    )


def _bars(lines: Sequence[ChartLine], top: float) -> Iterable[Markup]:
    columns = list(zip(*(line.values for line in lines), strict=True))
    step = (WIDTH - 2 * LEFT) / max(1, len(columns))
    for at, column in enumerate(columns):
        y = float(HEIGHT - BOTTOM)
        for line, value in zip(lines, column, strict=True):
            height = value / top * DRAWN if top else 0.0
            y -= height
            yield Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                line.name, LEFT + at * step + step * 0.1, y, step * 0.8, height
            )
