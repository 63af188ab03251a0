"""Figures of the packaged model's retention records: by age, and by number of facts.

python -m experiments.retention.figures
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.record import RESULTS
from experiments.retention.tables import FACTS, MAIN, Result, product, results, select, share

FOLDER = Path(__file__).parent.parent / "figures"
COLOURS = mpl.colormaps["tab20"](range(20))  # more methods than the usual ten


def by_age(found: Sequence[Result]) -> Figure:
    """The share of taught prompts answered after the last fact, by when they were written."""
    figure, axes = _frame("tenth of the stream, the oldest facts first", "taught prompts answered")
    for result in sorted(found, key=product, reverse=True):
        cohorts = result["axes"]["efficacy"]["cohorts"]
        axes.plot(range(1, len(cohorts) + 1), cohorts, marker="o", ms=3, label=result["title"])
    _legend(axes)
    return figure


def by_size(found: Sequence[Result]) -> Figure:
    """Other wording x neighbours kept against the number of facts."""
    figure, axes = _frame("facts written", "other wording x neighbours kept")
    for method in dict.fromkeys(r["method"] for r in found):
        mine = sorted(select(found, method=method), key=lambda r: int(r["facts"]))
        values = [(share(r, "paraphrase") or 0) * (share(r, "neighbours") or 0) for r in mine]
        axes.plot([r["facts"] for r in mine], values, marker="o", ms=3, label=mine[0]["title"])
    axes.set_xscale("log")
    _legend(axes)
    return figure


def _frame(x: str, y: str) -> tuple[Figure, Axes]:
    """Axes for shares, with a colour for each method."""
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.set_prop_cycle(color=COLOURS)
    axes.set(xlabel=x, ylabel=y, ylim=(-0.03, 1.03))
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))


def draw(folder: Path, records: Path = RESULTS) -> list[Path]:
    """Write the figures as PNG and SVG; their paths."""
    found = select(results(records), suite=MAIN, seed=0)
    main = select(found, facts=FACTS)
    made = {"retention-size": by_size(found)}
    if main:
        made["retention-age"] = by_age(main)
    paths = [folder / f"{name}.{suffix}" for name in made for suffix in ("png", "svg")]
    for path in paths:
        made[path.stem].savefig(path, dpi=130, bbox_inches="tight")
    return paths


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "oneshot"
    print(*draw(FOLDER), sep="\n")
