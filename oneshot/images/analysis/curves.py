"""Curves over the epochs of a run, as SVG with a line of words for those who do not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 640, 300, 64, 16, 44, 24
_COLOURS = "#1b6ca8", "#c4501b", "#3d8b37", "#7a3e9d", "#8a6d1d", "#2a8f8f"


@dataclass(frozen=True)
class Curve:
    """Points of one quantity."""

    name: str
    points: Sequence[tuple[float, float]]


def figure(
    title: str, note: str, curves: Sequence[Curve], unit: str, *, from_zero: bool = True
) -> str:
    """A heading, what the quantity is, the plot, and where each curve ends."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    low, high = (0.0, max(ys) or 1.0) if from_zero else (min(ys), max(ys))
    low, high = (low, high) if high > low else (low - 0.05, high + 0.05)
    first, last = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        up = (point[1] - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return _LEFT + across, _HEIGHT - _BOTTOM - up

    drawn = [_axis(place, (first, last), (low, high), unit)]
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [place(point) for point in curve.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    ends = [f"{curve.name} ends at {curve.points[-1][1]:.4g}" for curve in curves]
    said = escape(f"{title}: {', '.join(ends)}")
    legend = ", ".join(
        f'<span style="color: {_COLOURS[number % len(_COLOURS)]}">&#9679;</span> {escape(end)}'
        for number, end in enumerate(ends)
    )
    return (
        f"<h2>{escape(title)}</h2><p>{escape(note)}</p>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{said}">{"".join(drawn)}</svg><p>{legend}.</p>'
    )


def _axis(place: Any, xs: tuple[float, float], ys: tuple[float, float], unit: str) -> str:
    """Labels and lines of the ends and the middle of both axes."""
    drawn = []
    for share in (0.0, 0.5, 1.0):
        value = ys[0] + share * (ys[1] - ys[0])
        x, y = place((xs[0], value))
        drawn.append(f'<line x1="{x}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        drawn.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    for value, anchor in ((xs[0], "start"), (xs[1], "end")):
        x, y = place((value, ys[0]))
        drawn.append(f'<text x="{x}" y="{y + 18}" text-anchor="{anchor}">{value:,.0f}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    drawn.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(unit)}</text>')
    return "".join(drawn)
