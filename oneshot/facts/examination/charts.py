"""Plots as inline SVG: lines with markers, and a matrix of shares; colours come from the page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 16.0, 16.0, 56.0
MARKERS = (  # one shape a series, so that no one needs to see colours
    '<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>',
    '<rect x="{x:.1f}" y="{y:.1f}" width="9" height="9" transform="translate(-4.5 -4.5)"/>',
    '<path d="M{x:.1f},{y:.1f} m0,-6 l5.5,10 h-11 z"/>',
)
ASIDE = 9.0  # so that equal values do not hide each other
DASHES = ("none", "6 4", "2 3")
Values = Sequence[float | None]


@dataclass(frozen=True)
class Caption:
    """A plot's title and, for those who do not see it, what it shows."""

    key: str
    title: str
    description: str


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, with a label at each of `ticks`."""

    low: float
    high: float
    ticks: Sequence[float]
    unit: str

    def height(self, value: float) -> float:
        """Where a value stands, from the top of the picture."""
        share = (value - self.low) / (self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def share_axis(values: Sequence[float]) -> Axis:
    """Per cent up to 100, from the ten below the least value on."""
    low = min(90, 10 * math.floor(10 * min(values, default=1.0) - 1e-9))
    low = max(low, 0)
    step = 2 if low >= 90 else 5 if low >= 75 else 10 if low >= 40 else 20
    return Axis(low / 100, 1.0, [t / 100 for t in range(low, 101) if t % step == 0], "%")


def time_axis(values: Sequence[float]) -> Axis:
    """Milliseconds from 0 to a round number above the highest value."""
    highest = max([*values, 0.01])
    size = 10.0 ** math.floor(math.log10(highest))
    step = next(s * size for s in (0.2, 0.5, 1, 2, 5) if highest <= 5 * s * size)
    count = math.ceil(highest / step)
    return Axis(0.0, step * count, [step * i for i in range(count + 1)], "ms")


def lines(
    caption: Caption, places: Sequence[str], across: str, axis: Axis, series: Mapping[str, Values]
) -> str:
    """Series over places; a value that is missing breaks its line."""
    step = (WIDTH - LEFT - RIGHT) / max(1, len(places))
    xs = [LEFT + step * (i + 0.5) for i in range(len(places))]
    parts = [_grid(axis), _places(xs, places, across)]
    for number, values in enumerate(series.values()):
        points = [
            (x + ASIDE * number, axis.height(v)) if v is not None else None
            for x, v in zip(xs, values, strict=True)
        ]
        parts.append(_line(points, number))
    return _svg(caption, HEIGHT, "".join(parts)) + _legend(list(series))


def matrix(
    caption: Caption,
    rows: Sequence[str],
    columns: Sequence[str],
    across: str,
    values: Sequence[Values],
) -> str:
    """Shares as coloured and numbered cells; what is missing is left empty."""
    step, tall = (WIDTH - LEFT - RIGHT) / max(1, len(columns)), 28.0
    height = TOP + tall * len(rows) + BOTTOM
    cells = [
        _cell(LEFT + step * j, TOP + tall * i, step, tall, value)
        for i, row in enumerate(values)
        for j, value in enumerate(row)
        if value is not None
    ]
    names = [_text(LEFT - 8, TOP + tall * (i + 0.5) + 4, row, "end") for i, row in enumerate(rows)]
    xs = [LEFT + step * (j + 0.5) for j in range(len(columns))]
    return _svg(caption, height, "".join([*cells, *names, _places(xs, columns, across, height)]))


def _svg(caption: Caption, height: float, content: str) -> str:
    key, title, text = (escape(t) for t in (caption.key, caption.title, caption.description))
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH:g} {height:g}" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{title}</title><desc id="{key}-d">{text}</desc>{content}</svg>'
    )


def _grid(axis: Axis) -> str:
    parts = []
    for tick in axis.ticks:
        y = axis.height(tick)
        label = f"{100 * tick:.0f} %" if axis.unit == "%" else f"{tick:g} {axis.unit}"
        parts.append(f'<path class="grid" d="M{LEFT:g},{y:.1f} H{WIDTH - RIGHT:g}"/>')
        parts.append(_text(LEFT - 8, y + 4, label, "end"))
    return "".join(parts)


def _places(xs: Sequence[float], places: Sequence[str], across: str, height: float = HEIGHT) -> str:
    labels = [_text(x, height - BOTTOM + 20, p, "middle") for x, p in zip(xs, places, strict=True)]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return "".join([*labels, _text(middle, height - BOTTOM + 44, across, "middle")])


def _line(points: Sequence[tuple[float, float] | None], number: int) -> str:
    number %= len(MARKERS)
    path, drawn = "", False
    for point in points:
        if point is not None:
            path += f"{'L' if drawn else 'M'}{point[0]:.1f},{point[1]:.1f} "
        drawn = point is not None
    marks = "".join(MARKERS[number].format(x=p[0], y=p[1]) for p in points if p)
    return (
        f'<g class="s{number}"><path class="line" stroke-dasharray="{DASHES[number]}" '
        f'd="{path.strip()}"/>{marks}</g>'
    )


def _legend(names: Sequence[str]) -> str:
    items = []
    for number, name in enumerate(names):
        mark = MARKERS[number % len(MARKERS)].format(x=8, y=8)
        svg = (
            f'<svg aria-hidden="true" width="16" height="16"><g class="s{number}">{mark}</g></svg>'
        )
        items.append(f"<li>{svg} {escape(name)}</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


def _cell(x: float, y: float, width: float, height: float, value: float) -> str:
    kind, strength = ("whole", 0.25) if value == 1 else ("broken", 0.2 + 0.5 * (1 - value))
    label = f"{math.floor(1000 * value) / 10:g}"  # never rounded up to 100
    return (
        f'<rect class="{kind}" fill-opacity="{strength:.2f}" x="{x + 1:.1f}" y="{y + 1:.1f}" '
        f'width="{width - 2:.1f}" height="{height - 2:.1f}"/>'
        + _text(x + width / 2, y + height / 2 + 4, label, "middle")
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
