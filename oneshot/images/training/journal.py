"""What a run leaves of itself in its folder: a line of figures an epoch or block, and a log."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.images.model import Progress, Report
from oneshot.images.training.checkpoint import make_folder

METRICS, LOG = "metrics.jsonl", "train.log"

LEFT, ACCURACY, EPOCH, SPEED = "seconds left", "accuracy", "epoch", "images/s"
"""Names of figures beside the losses."""

_LOGGER = logging.getLogger("oneshot.images.training")


class Journal:
    """A report that notes every milestone and passes everything on, with the time that is left.

    Lines of steps after `done` are of a run that was stopped and is gone on from: they go.
    """

    def __init__(self, folder: Path, done: int, report: Report) -> None:
        self._path, self._first, self._report = folder / METRICS, done, report
        self._began = time.perf_counter()
        self._losses: list[dict[str, float]] = []
        kept = [line for line in read_metrics(folder) if line["step"] <= done] if done else []
        self._path.write_text("".join(map(_line, kept)), "utf-8")

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        if progress.figures:
            self._losses.append(dict(progress.figures))
        if progress.milestone:
            seconds = time.perf_counter() - self._began
            done = max(progress.done - self._first, 1)
            left = seconds / done * (progress.total - progress.done)
            figures = {**progress.figures, **self._means(), LEFT: round(left, 1)}
            progress = replace(progress, figures=figures)
            self._note(progress, seconds)
            self._losses = []
        self._report(progress)

    def _means(self) -> dict[str, float]:
        """Losses and speed over the reports since the last milestone."""
        names = [n for n in self._losses[-1] if n not in (ACCURACY, EPOCH)] if self._losses else []
        columns = {n: [figures[n] for figures in self._losses if n in figures] for n in names}
        return {n: sum(column) / len(column) for n, column in columns.items()}

    def _note(self, progress: Progress, seconds: float) -> None:
        record = {"what": progress.what, "step": progress.done, "steps": progress.total}
        record |= {name: float(f"{value:.6g}") for name, value in progress.figures.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line(record | {"seconds": round(seconds, 1)}))
        _LOGGER.info("%s", milestone_text(progress))


@contextmanager
def journalled(folder: Path, done: int, report: Report) -> Iterator[Journal]:
    """A journal in the folder, and the log beside it, until the block ends."""
    make_folder(folder)
    handler = logging.FileHandler(folder / LOG, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    before = _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(min(_LOGGER.getEffectiveLevel(), logging.INFO))
    try:
        yield Journal(folder, done, report)
    except Exception as error:
        _LOGGER.info("%s", error)
        raise
    finally:
        _LOGGER.setLevel(before)
        _LOGGER.removeHandler(handler)
        handler.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of figures of a folder, none where it has none; a line cut off is left out."""
    try:
        text = (folder / METRICS).read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise BadInputError(f"{folder / METRICS} cannot be read ({error}); delete it") from error
    found = []
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            found.append(record)
    return found


def milestone_text(progress: Progress) -> str:
    """An epoch or a block in a line."""
    figures = dict(progress.figures)
    epoch, left = figures.pop(EPOCH, None), figures.pop(LEFT, None)
    accuracy, speed = figures.pop(ACCURACY, None), figures.pop(SPEED, None)
    head = f"{progress.what} {progress.done:,} of {progress.total:,}"
    losses = [value for name, value in figures.items() if name.startswith("loss")]
    said = [f"epoch {epoch:.0f}, {head}" if epoch is not None else head]
    if losses:
        said.append(f"loss {sum(losses) / len(losses):.4g}")
    said += [f"{n} {v:.4g}" for n, v in figures.items() if not n.startswith("loss")]
    if accuracy is not None:
        said.append(f"held-out accuracy {accuracy:.4f}")
    if speed is not None:
        said.append(f"{speed:,.0f} images/s")
    if left is not None:
        said.append(f"{duration(left)} left")
    return ", ".join(said)


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"
