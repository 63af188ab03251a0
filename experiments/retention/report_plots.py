"""The plots of the report page, as SVG text: narrow, so that they are read on a telephone too."""

import io
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.retention.records.bench_records import AXES, OURS, Result, product, titles

WIDTH = 5.2  # inches
INK, ACCENT, QUIET = "#1c2733", "#c2410c", "#8a97a6"
STYLE: Any = {
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "oneshot",
    "axes.edgecolor": INK,
}


def products(group: Sequence[Result]) -> str:
    """The one figure that sums a method up, a bar each, the best on top."""
    ranked = sorted((r for r in group if r["method"] != "bare"), key=product)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.8 + 0.32 * len(ranked)))
        values = [100 * product(r) for r in ranked]
        axes.barh([_title(r) for r in ranked], values, color=[_colour(r) for r in ranked])
        for place, value in enumerate(values):
            axes.text(value + 1, place, f"{value:.0f}", va="center", fontsize=9, color=INK)
        axes.set(xlim=(0, 112), xlabel="% (product)")
        _plain(axes)
        return _svg(figure)


def shares(group: Sequence[Result]) -> str:
    """Every axis, a dot a method with the interval of ours, the bare model as a cross."""
    names = titles(group)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.1 + 0.42 * len(names)))
        rows = {axis: len(names) - 1 - i for i, axis in enumerate(names)}
        for number, result in enumerate(group):
            found = {a: result["axes"][a] for a in names if a in result["axes"]}
            style = _style(result, number)
            places = [rows[a] for a in found]
            axes.plot(
                [100 * f["mean"] for f in found.values()], places, label=_title(result), **style
            )
            if result["method"] == OURS:
                ends = [(100 * f["low"], 100 * f["high"]) for f in found.values()]
                axes.hlines(places, *np.transpose(ends), color=ACCENT, lw=1.5, alpha=0.5)
        axes.set_yticks(list(rows.values()), _wrapped(names.values()))
        axes.set(xlim=(-4, 104), xlabel="% right")
        axes.grid(axis="x", color="#e3e8ee")
        _plain(axes)
        axes.legend(
            fontsize=8, loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=2, frameon=False
        )
        return _svg(figure)


def false_fires(group: Sequence[Result], recall: str) -> str:
    """The share of each kind of question at which a fact would speak, all at the same recall."""
    scored = [(r, r["false_fires"][recall]) for r in group if r.get("false_fires", {}).get(recall)]
    names = [axis for axis in AXES if any(axis in found["kinds"] for _, found in scored)]
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.1 + 0.42 * len(names)))
        places = range(len(names) - 1, -1, -1)
        for number, (result, found) in enumerate(scored):
            shares = [100 * found["kinds"].get(axis, {"share": np.nan})["share"] for axis in names]
            axes.plot(shares, places, label=_title(result), **_style(result, number))
        titles = [AXES[axis].removesuffix(" kept").removesuffix(" gone") for axis in names]
        axes.set_yticks(list(places), _wrapped(titles))
        axes.set(xlim=(-4, 104), xlabel="% that would be answered by a fact")
        axes.grid(axis="x", color="#e3e8ee")
        _plain(axes)
        axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.3, 1.0), frameon=False)
        return _svg(figure)


def ages(group: Sequence[Result]) -> str:
    """Another wording of each tenth of the facts, asked after the last one was written."""
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.0))
        for number, result in enumerate(r for r in group if "stream" in r):
            kept = result["stream"]["at_the_end"]
            values = [np.nan if k is None else 100 * k for k in kept]
            style = _style(result, number) | {"linestyle": "-", "lw": 1}
            axes.plot(range(1, len(values) + 1), values, label=_title(result), **style)
        axes.set(ylim=(-4, 104), xlabel="tenth of the facts, the oldest first", ylabel="% right")
        _plain(axes)
        axes.legend(
            fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False
        )
        return _svg(figure)


def _wrapped(titles: Iterable[str]) -> list[str]:
    """Long titles in two lines, so that they leave room for the plot."""
    return [fill(title, 24) for title in titles]


def _title(result: Result) -> str:
    return "oneshot" if result["method"] == OURS else str(result["title"])


def _colour(result: Result) -> str:
    return ACCENT if result["method"] == OURS else QUIET


def _style(result: Result, number: int) -> dict[str, Any]:
    if result["method"] == OURS:
        return {"marker": "o", "color": ACCENT, "ms": 7, "linestyle": "", "zorder": 3}
    if result["method"] == "bare":
        return {"marker": "x", "color": INK, "ms": 5, "linestyle": ""}
    colour = mpl.colormaps["tab20"](number % 20)
    return {"marker": "s^Dv<>pPh*"[number % 10], "color": colour, "ms": 4.5, "linestyle": ""}


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)


def _svg(figure: Figure) -> str:
    made = io.StringIO()
    figure.savefig(made, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    text = made.getvalue()
    return text[text.index("<svg") :]
