"""What image training shows while it runs, and how predictions look."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from oneshot.cli.output import Output, printable

if TYPE_CHECKING:
    from oneshot.images.model import Report
    from oneshot.images.predicting import Prediction
else:
    Report = Prediction = Any  # annotations are evaluated where types are checked at run time

LINES = 20
"""JSON lines of progress that a whole run prints, at most about, beside those of epochs."""


@contextmanager
def training_report(output: Output) -> Iterator[Report]:
    """A live bar on a terminal, JSON lines for programs, else a line an epoch or block."""
    if output.as_json:
        yield _json_lines(output)
        return
    if output.quiet or not sys.stderr.isatty():
        yield _milestones(output)
        return
    with _bar() as show:
        yield show


@contextmanager
def reading_report(output: Output) -> Iterator[Report]:
    """A live bar on a terminal, nothing elsewhere."""
    if output.as_json or output.quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    with _bar() as show:
        yield show


@contextmanager
def _bar() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("train", figures="")

        def show(progress: Any) -> None:
            bar.update(
                task,
                description=progress.what,
                completed=progress.done,
                total=progress.total,
                figures=figures_text(progress.figures),
            )

        yield show


def figures_text(figures: Mapping[str, float]) -> str:
    """The losses of the blocks in one row, then everything else by its name."""
    losses = [f"{value:.3g}" for name, value in figures.items() if name.startswith("loss ")]
    rest = [f"{value:,.4g} {name}" for name, value in figures.items() if "loss " not in name]
    return "  ".join(rest + (["loss " + " ".join(losses)] if losses else []))


def _milestones(output: Output) -> Report:
    from oneshot.images.training.journal import milestone_text

    def line(progress: Any) -> None:
        if progress.milestone:
            output.remark(milestone_text(progress))

    return line


def _json_lines(output: Output) -> Report:
    shown = 0

    def line(progress: Any) -> None:
        nonlocal shown
        due = progress.done * LINES // max(progress.total, 1)
        if due > shown or progress.milestone:
            shown = due
            record = {"step": progress.done, "steps": progress.total, **progress.figures}
            output.put(record, Text())

    return line


def prediction_record(
    found: Prediction, names: Sequence[str], *, calibrated: bool
) -> dict[str, Any]:
    """A prediction for programs; `shares` are of all classes, by label."""
    label, share = found.ranking[0]
    return {
        "file": found.source,
        "class": label,
        "name": names[label],
        "share": share,
        "shares": [share for _, share in sorted(found.ranking)],
        "calibrated": calibrated,
        "prepared": list(found.prepared),
        "unlike_training": found.strange,
    }


def prediction_text(found: Prediction, names: Sequence[str], top: int, *, titled: bool) -> Text:
    """A prediction for people: the class, the next ones, and what was done to the picture."""
    text = Text(f"{printable(found.source)}\n    " if titled else "", "dim")
    (label, share), *others = found.ranking[:top]
    text.append(printable(names[label]), "not dim bold").append(f"  {share:.1%}", "not dim")
    if others:
        said = ", ".join(f"{printable(names[other])} {part:.1%}" for other, part in others)
        text.append(f"  ({said})", "dim")
    if found.strange:
        text.append("\n    warning: unlike every picture that the model was trained on", "yellow")
    if found.prepared:
        text.append(f"\n    {printable(', '.join(found.prepared))}", "dim")
    return text
