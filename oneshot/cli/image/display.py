"""What image training shows while it runs, and the wish to stop it."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from oneshot.cli.output import Output

if TYPE_CHECKING:
    from oneshot.images.model import Report
else:
    Report = Any  # annotations are evaluated where types are checked at run time

LINES = 20
"""JSON lines of progress that a whole run prints, at most about."""


@contextmanager
def training_report(output: Output) -> Iterator[Report]:
    """A report that draws a live bar for people and prints some JSON lines for programs."""
    if output.as_json:
        yield _json_lines(output)
        return
    if output.quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
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
            text = figures_text(progress.figures)
            bar.update(
                task,
                description=progress.what,
                completed=progress.done,
                total=progress.total,
                figures=text,
            )

        yield show


def figures_text(figures: Mapping[str, float]) -> str:
    """The losses of the blocks in one row, then everything else by its name."""
    losses = [f"{value:.3g}" for name, value in figures.items() if name.startswith("loss ")]
    rest = [f"{value:,.4g} {name}" for name, value in figures.items() if "loss " not in name]
    return "  ".join(rest + (["loss " + " ".join(losses)] if losses else []))


def _json_lines(output: Output) -> Report:
    shown = 0

    def line(progress: Any) -> None:
        nonlocal shown
        due = progress.done * LINES // max(progress.total, 1)
        if due > shown:
            shown = due
            record = {"step": progress.done, "steps": progress.total, **progress.figures}
            output.put(record, Text())

    return line


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed; a second one stops at once."""
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
