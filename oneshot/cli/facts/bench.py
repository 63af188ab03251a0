"""The command that measures: speed on this machine, or how well methods keep facts."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from oneshot.cli.session import SESSION, open_learner
from oneshot.progress import silent

commands = typer.Typer()

WRITER = "writer"
AXES = {
    "efficacy": "taught prompt",
    "paraphrase": "other wording",
    "question": "question",
    "neighbours": "neighbours kept",
    "base": "known kept",
}
OTHERS = {"oldest": "oldest tenth", "kl": "KL to bare"}


@commands.command(rich_help_panel="Try it")
def bench(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SUITE|FILE.json|writer",
            help="smoke, own, hard, counterfact, zsre, mquake, ripple, hallueditbench, lre, "
            "trex-new; requests as EasyEdit takes them; or the writer's speed.",
        ),
    ],
    methods: Annotated[
        str | None,
        typer.Option(
            help="Methods, with commas between; the bare model comes first.",
            show_default="posterior",
        ),
    ] = None,
    facts: Annotated[
        int | None, typer.Option(help="How many facts.", show_default="the suite's")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draw.", show_default="0")] = None,
    probes: Annotated[
        int | None,
        typer.Option(help="At most so many questions of a kind.", show_default="300"),
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Ask through the model's chat template.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="A run's settings; options stand before them."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Edit sets and further facts; smoke needs none.",
            show_default="what ONESHOT_DATA names",
        ),
    ] = None,
) -> None:
    """Write a suite's facts with each method and see what is kept; or time the writer.

    Examples:
      oneshot bench smoke
      oneshot bench trex-new --methods posterior,rome --facts 100
      oneshot --model smollm2 bench own --chat --facts 30 --probes 10
      oneshot bench requests.json --json
      oneshot bench writer
    """
    if what == WRITER:
        _time_writer()
        return
    given = {
        "facts": facts,
        "seed": seed,
        "methods": _split(methods),
        "probes": probes,
        "chat": chat or None,
    }
    _examine(what, {k: v for k, v in given.items() if v is not None}, config, data)


def _split(methods: str | None) -> tuple[str, ...] | None:
    if methods is None:
        return None
    return tuple(dict.fromkeys(["bare", *(name.strip() for name in methods.split(","))]))


def _time_writer() -> None:
    from oneshot.facts.examination.speed import bench_writer

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


def _examine(what: str, given: dict[str, Any], config: Path | None, data: Path | None) -> None:
    from oneshot.hosts.load import load_host
    from oneshot.retention.measures.examine import row
    from oneshot.retention.plan import Plan, read_plan, run_plan
    from oneshot.retention.suites.data_folder import DataFolder

    session, rows = SESSION.get(), list[dict[str, Any]]()
    plan = replace(Plan(what), **(read_plan(config) if config else {}) | {"suite": what} | given)
    try:
        with session.output.progress() as progress:
            host = load_host(
                session.model,
                device=session.device,
                dtype=session.dtype,
                trust_remote_code=session.trust_remote_code,
                progress=progress or silent,
            )
            for result in run_plan(plan, host, DataFolder(data), progress or silent):
                rows.append(row(result))
    finally:  # what was examined is told whatever became of the method after it
        if rows:
            _show(what, rows)


def _show(what: str, rows: Sequence[dict[str, Any]]) -> None:
    shown = {a: title for a, title in AXES.items() if any(a in r for r in rows)}
    count = f"{rows[-1]['facts']:,} facts" if rows[-1]["facts"] > 1 else "one fact at a time"
    cells = [[r["method"], *(_share(r, a) for a in shown), *_others(r)] for r in rows]
    title = f"{what}: {count}, free generation; % (95 % interval, questions)"
    heads = ("method", *shown.values(), *OTHERS.values())
    SESSION.get().output.table({"rows": rows}, title, heads, cells)


def _share(row: dict[str, Any], axis: str) -> str:
    if axis not in row:
        return ""
    low, high, count = row["intervals"][axis]
    return f"{100 * row[axis]:.1f} ({100 * low:.0f}-{100 * high:.0f}, {count})"


def _others(row: dict[str, Any]) -> list[str]:
    return ["" if row.get(key) is None else f"{row[key]:.3g}" for key in OTHERS]
