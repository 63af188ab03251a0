"""The one place that prints: results on standard output, remarks and progress beside it."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from oneshot.errors import BadInputError, BrainError, OneshotError, Stopped
from oneshot.facts.types import Finding
from oneshot.progress import Report


def printable(text: str) -> str:
    """The text with control characters escaped, so that no answer can drive the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(printable, text.expandtabs(4).split("\n")))


def finite(value: Any) -> Any:
    """The value with infinities and NaN, which JSON does not have, replaced by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def complain(error: OneshotError | str) -> None:
    """Print the error on standard error, in one line whatever its message quotes."""
    # What was asked to stop and did is no error.
    head = "" if isinstance(error, Stopped) else "error: "
    Console(stderr=True, highlight=False).print(
        Text.assemble((head, "bold red"), printable(str(error))), soft_wrap=True
    )


class Bar:
    """A progress bar that comes with the first report and goes with the last of each job."""

    def __init__(self) -> None:
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show `done` of `total` steps of the job `what`."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(printable(what))
            self._progress.start()
        self._progress.update(self._tasks[what], completed=done, total=total)
        if done >= total:
            self._progress.remove_task(self._tasks.pop(what))
        if not self._tasks:
            self.close()

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._progress.stop()


class Output:
    """Prints results on standard output: JSON lines, or text and tables for people."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        # A pipe has no width to fold lines at: what reads it wants whole lines.
        width = None if sys.stdout.isatty() else 10_000
        self._console = Console(width=width, highlight=False, markup=False, emoji=False)

    def put(self, record: Mapping[str, Any], shown: Text | Table) -> None:
        """Print one result: its record as a JSON line, or what is shown to people."""
        if self.as_json:
            # ASCII, so that the line survives every encoding and every notion of a line.
            print(json.dumps(finite(record), allow_nan=False), flush=True)
        else:
            self.show(shown)

    def show(self, shown: Text | Table, end: str = "\n") -> None:
        """Print what is for people alone, the next thing perhaps in the same line."""
        self._console.print(shown, end=end, soft_wrap=not end)

    def remark(self, text: str) -> None:
        """Say something that is no result on standard error, unless asked to be quiet."""
        if not self.quiet:
            Console(stderr=True, highlight=False).print(
                Text(printable(text), "dim"), soft_wrap=True
            )

    def outcome(self, record: Mapping[str, Any], text: str) -> None:
        """Print the result of a command that has a single line to say."""
        self.put(record, Text(printable(text)))

    def findings(self, findings: Iterable[Finding]) -> None:
        """Print what was checked; leaves with status 3 where a fault was not repaired."""
        found = list(findings)
        for finding in found:
            self._finding(finding)
        if not all(finding.ok or finding.repaired for finding in found):
            raise typer.Exit(BrainError.exit_code)

    def _finding(self, finding: Finding) -> None:
        verdict, style = ("ok", "green") if finding.ok else ("FAILED", "bold red")
        if finding.repaired:
            verdict, style = "repaired", "yellow"
        text = Text(f"{verdict:<9}", style)
        text.append(printable(f"{finding.check}: {finding.detail}"), "default not bold")
        self.put(asdict(finding), text)

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one object: names on the left, values on the right."""
        table = Table.grid(padding=(0, 2))
        for key, value in record.items():
            table.add_row(Text(key, "dim"), cell(value))
        self.put(record, table)

    def table(
        self,
        record: Mapping[str, Any],
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
    ) -> None:
        """Print a result that is many: one JSON object, or a table with a title."""
        table = Table(*columns, box=None)
        for row in rows:
            table.add_row(*map(cell, row))
        if not self.as_json:
            self.show(Text(f"\n{printable(title)}", "bold"))
        self.put(record, table)

    def items(
        self, record: Mapping[str, Any], title: str, items: Iterable[tuple[str, Sequence[str]]]
    ) -> None:
        """Print a result that is many and wordy: one JSON object, or headed and indented lines."""
        text = Text.assemble((f"\n{printable(title)}", "bold"))
        for head, lines in items:
            text.append(f"\n {printable(head)}", "cyan")
            for line in lines:
                text.append(f"\n     {printable(line)}", "default")
        self.put(record, text)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is lost; leaves the command when the answer is no.

        Raises `BadInputError` where there is no terminal to ask on and `--yes` was not given.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise BadInputError("there is no terminal to ask for consent on: add --yes to go ahead")
        print(printable(question), "[y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise typer.Exit(1)

    @contextmanager
    def progress(self) -> Iterator[Report | None]:
        """A function that shows progress, or None where nobody looks at standard error."""
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        bar = Bar()
        try:
            yield bar
        finally:
            bar.close()


def cell(value: Any) -> Text:
    """A value in a table; several stand one below the other."""
    if isinstance(value, tuple | list):
        return Text("\n".join(printable(str(item)) for item in value))
    return Text("" if value is None else printable(str(value)))
