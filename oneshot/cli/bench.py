"""Commands that measure what the package costs on this machine."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import typer

from oneshot.cli.session import SESSION, open_learner

commands = typer.Typer()
bench = typer.Typer(no_args_is_help=True)
commands.add_typer(bench, name="bench", rich_help_panel="Try it")


@bench.callback()
def start() -> None:
    """Measure speed and memory on this machine.

    Examples:
      oneshot bench writer
    """


@bench.command()
def writer() -> None:
    """Time writes and queries as ratios to the bare model in the same run; about a minute.

    Examples:
      oneshot bench writer
      oneshot --json bench writer
    """
    from oneshot.facts.bench import bench_writer

    output = SESSION.get().output
    with (
        tempfile.TemporaryDirectory(prefix="oneshot-bench-") as folder,
        output.progress() as progress,
        open_learner(Path(folder)) as learner,
    ):
        timings = list(bench_writer(learner, progress))
    record = {"timings": [asdict(timing) for timing in timings]}
    rows = ((t.what, f"{t.value:.3g} {t.unit}", t.target) for t in timings)
    output.table(record, "The writer on this machine", ("figure", "value", "target"), rows)
