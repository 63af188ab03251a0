"""A page with the curves of a training run, from the figures in its folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.files.durable import write_atomically
from oneshot.images.training.journal import ACCURACY, EPOCH, METRICS, read_metrics

PAGE = "report.html"

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 640, 300, 64, 16, 44, 16
_COLOURS = "#1b6ca8", "#c4501b", "#3d8b37", "#7a3e9d", "#8a6d1d", "#2a8f8f"

_STYLE = """
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
svg { width: 100%; height: auto; } text { font-size: 12px; fill: #333; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
"""


@dataclass(frozen=True)
class _Curve:
    name: str
    points: Sequence[tuple[float, float]]


def write_report(folder: Path, target: Path | None = None) -> Path:
    """Write the page of a run, in its folder where no other place is given.

    Raises BadInputError where the folder has no figures of epochs or blocks.
    """
    lines = read_metrics(folder)
    if not lines:
        raise BadInputError(
            f"{folder} has no {METRICS} with an epoch or block in it; give a folder that training "
            "wrote"
        )
    path = target or folder / PAGE
    write_atomically(path, _page(folder, lines).encode("utf-8"), BadInputError)
    return path


def _page(folder: Path, lines: Sequence[dict[str, Any]]) -> str:
    unit = "epoch" if EPOCH in lines[-1] else str(lines[-1].get("what", "step"))
    losses = [n for n in lines[-1] if n.startswith("loss ") or n == "left"]
    plots = []
    if losses:
        title = "Loss of each block" if losses[0] != "left" else "Share of the labels that is left"
        plots.append(_figure(title, [_curve(lines, n) for n in losses], unit))
    if ACCURACY in lines[-1]:
        plots.append(_figure("Held-out accuracy", [_curve(lines, ACCURACY)], unit))
    last = "".join(
        f"<tr><th>{escape(str(n))}</th><td>{escape(str(v))}</td></tr>" for n, v in lines[-1].items()
    )
    title = escape(f"Training in {folder.name or folder}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{''.join(plots)}"
        f"<h2>The last line</h2><table>{last}</table></body></html>\n"
    )


def _curve(lines: Sequence[dict[str, Any]], name: str) -> _Curve:
    points = [(float(r.get(EPOCH, r["step"])), float(r[name])) for r in lines if name in r]
    return _Curve(name, points)


def _figure(title: str, curves: Sequence[_Curve], unit: str) -> str:
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    low, high = (0.0, max(ys) or 1.0) if title != "Held-out accuracy" else (min(ys), max(ys))
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
    said = escape(
        f"{title}: " + ", ".join(f"{c.name} ends at {c.points[-1][1]:.4g}" for c in curves)
    )
    return (
        f'<h2>{escape(title)}</h2><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{said}">{"".join(drawn)}</svg><p>{said}.</p>'
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
