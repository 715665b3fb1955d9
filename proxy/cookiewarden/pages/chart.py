"""Small charts over time, as inline SVG. The page's style sheet colours each line by its class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cookiewarden.pages.text import number

WIDTH, HEIGHT = 640, 120
LEFT, BOTTOM, TOP = 8, 18, 26
DRAWN = HEIGHT - BOTTOM - TOP
"""Height of the largest value."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """Series of values at equal steps."""

    name: str
    """Label and CSS class: one word."""
    values: Sequence[float]

    @property
    def last(self) -> float:
        return self.values[-1] if self.values else 0.0

    @property
    def peak(self) -> float:
        return max(self.values, default=0.0)


def chart(lines: Sequence[ChartLine], ends: tuple[str, str], unit: str, title: str) -> Markup:
    """Draw lines on one scale from 0. `ends` labels the first and the last step; screen readers read `title`."""
    top = max((line.peak for line in lines), default=0.0)
    told = [f"{line.name} {number(line.last)}, peak {number(line.peak)}" for line in lines if line.values]
    values = f"{'; '.join(told)}; in {unit}, for the last step" if told else "no data yet"
    return _framed(
        (_line(line, top) for line in lines if any(line.values)), f"{title}: {values}", ends, f"{number(top)} {unit}"
    )


def bars(lines: Sequence[ChartLine], ends: tuple[str, str], title: str) -> Markup:
    """Draw one bar per step, with the lines stacked. `lines` have the same number of values."""
    top = max(map(sum, zip(*(line.values for line in lines), strict=True)), default=0.0)
    most = number(float(round(top)))
    return _framed(_bars(lines, top), f"{title}: maximum {most} per step", ends, most)


def spark(values: Sequence[float], title: str) -> Markup:
    """Draw bars without axes, for a table cell."""
    line = ChartLine("requests", values)
    drawn = Markup("").join(_bars([line], line.peak))
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" preserveAspectRatio="none"><title>{}</title>{}</svg>'
    ).format(WIDTH, HEIGHT, title, drawn)


def _framed(drawn: Iterable[Markup], said: str, ends: tuple[str, str], most: str) -> Markup:
    return Markup(
        '<div class="plot"><svg class="chart" viewBox="0 0 {w} {h}" role="img" preserveAspectRatio="none">'
        '<title>{said}</title><line class="axis" x1="{l}" y1="{t}" x2="{r}" y2="{t}"/>'
        '<line class="axis" x1="{l}" y1="{b}" x2="{r}" y2="{b}"/>{drawn}</svg>'
        '<p class="top">max {most}</p></div><p class="scale"><span>{first}</span><span>{last}</span></p>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        l=LEFT,
        r=WIDTH - LEFT,
        b=HEIGHT - BOTTOM + 1,
        t=TOP,
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
