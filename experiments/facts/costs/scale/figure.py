"""Query cost against the number of facts, both axes logarithmic."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from experiments.facts.costs.scale.table import sizes
from experiments.record import RESULTS

FIGURE = RESULTS.parent / "figures" / "facts-scale"
LINES = (
    ("named", "text with a taught name", "tab:orange"),
    ("query", "question about something else", "tab:blue"),
)


def draw(folder: Path = RESULTS) -> None:
    """Milliseconds of the bare model and of the taught one."""
    found = sizes(folder)
    facts = [metrics["facts"] for metrics in found]
    figure, axes = plt.subplots(figsize=(8, 4))
    for name, title, colour in LINES:
        taught, bare = ([m[f"{name}{end}_ms"] for m in found] for end in ("", "_bare"))
        axes.plot(facts, taught, marker="o", color=colour, label=f"{title}, taught")
        axes.plot(facts, bare, marker="o", ls="--", color=colour, label=f"{title}, bare model")
    axes.set(xscale="log", yscale="log", xlabel="facts in the brain", ylabel="milliseconds")
    axes.set_ylim(2, 400)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(loc="upper center", ncols=2, fontsize="small")
    figure.tight_layout()
    for suffix in ("png", "svg"):
        figure.savefig(FIGURE.with_suffix(f".{suffix}"), dpi=150)
