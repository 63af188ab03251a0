"""The command that examines what was taught."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.facts.display import FAILED
from oneshot.cli.facts.options import Raw, manner_of
from oneshot.cli.output import Output
from oneshot.cli.session import SESSION, open_learner
from oneshot.errors import BadInputError
from oneshot.facts.examination.titles import TITLES

if TYPE_CHECKING:
    from oneshot.facts.examination.examine import Sitting
else:
    Sitting = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
LONGEST = 48  # tokens of an answer in chat: a fact's sentence and some


@commands.command("eval", rich_help_panel="Journal")
def evaluate(
    due: Annotated[bool, typer.Option("--due", help="Only facts whose turn it is.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many, the most pressing first.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", help="Which questions are drawn.", show_default="the number of past rounds"
        ),
    ] = None,
    raw: Raw = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write a page with plots, one HTML file."),
    ] = None,
) -> None:
    """Examine the taught facts: asked again, in other words, and what is near them.

    Answers are generated freely and count where they are exact, in chat where
    they say what was taught. Every outcome
    goes into the journal, which sets each fact's next turn: later after each
    success, sooner after a failure or where a new fact came near. Answers behind
    other text are shown beside the share of its own that the model keeps there,
    and held against no fact.

    Ends with status 5 when a fact failed or something else changed.

    Examples:
      oneshot eval
      oneshot eval --due --limit 100
      oneshot eval --report eval.html
      oneshot --json eval --seed 7
    """
    if report is not None and not report.absolute().parent.is_dir():
        raise BadInputError(f"there is no folder {report.parent} for the page; make it first")
    from oneshot.facts.examination.examine import examine
    from oneshot.facts.examination.report import write_page

    output = SESSION.get().output
    with output.progress() as progress, open_learner(founding=False) as learner:
        now = datetime.now(UTC)
        sitting = examine(
            learner,
            now,
            due=due,
            limit=limit,
            seed=seed,
            manner=manner_of(raw, max_new_tokens=None if raw else LONGEST),
            progress=progress,
        )
        if report is not None:
            write_page(report, learner, sitting)
    _show(output, sitting)
    if report is not None:
        output.remark(f"the page is {report}")
    if sitting.failed:
        raise typer.Exit(FAILED)


def _show(output: Output, sitting: Sitting) -> None:
    _show_scores(output, sitting)
    _show_risks(output, sitting)
    _show_collisions(output, sitting)
    _show_summary(output, sitting)


def _show_scores(output: Output, sitting: Sitting) -> None:
    if not sitting.scores:
        return
    record = {"section": "scores", "scores": [asdict(score) for score in sitting.scores]}
    rows = (
        (
            TITLES[s.kind],
            s.right,
            s.n,
            f"{100 * s.right / s.n:.1f} %",
            None if s.own is None else f"the model's own facts: {100 * s.own:.1f} %",
        )
        for s in sitting.scores
    )
    facts = _count(sitting.examined, "fact")
    title = f"Round {sitting.round}: {facts} of {sitting.live} examined"
    output.table(record, title, ("asked", "right", "of", "", ""), rows)


def _show_risks(output: Output, sitting: Sitting) -> None:
    if not sitting.risks:
        return
    record = {"section": "risks", "risks": [asdict(risk) for risk in sitting.risks]}
    items = (
        (
            f"#{r.fact}  {r.why}{_margin(r.margin)}",
            (f"{r.question} | {r.said} | wanted: {r.wanted}", r.advice),
        )
        for r in sitting.risks
    )
    output.items(record, "Facts at risk", items)


def _show_collisions(output: Output, sitting: Sitting) -> None:
    if not sitting.collisions:
        return
    record = {"section": "collisions", "collisions": [asdict(c) for c in sitting.collisions]}
    items = (
        (
            c.kind,
            (
                *(f"#{e.id} {e.prompt} | {e.answer}" for e in (c.older, c.newer)),
                f"to keep the newer: oneshot forget {c.older.id}"
                if c.kind == "contradiction"
                else "nothing to do where both wordings are meant",
            ),
        )
        for c in sitting.collisions
    )
    output.items(record, "Facts that seem to answer one question", items)


def _show_summary(output: Output, sitting: Sitting) -> None:
    left_out = "scores", "risks", "collisions", "sample"
    summary = {k: v for k, v in asdict(sitting).items() if k not in left_out}
    record = {"section": "summary", **summary, "failed": sitting.failed}
    output.outcome(record, "; ".join(_sentences(sitting)))


def _sentences(sitting: Sitting) -> Iterable[str]:
    if sitting.round is None:
        yield "nothing is due" if sitting.live else "no facts to examine: teach some first"
    if sitting.bare_ms and sitting.taught_ms:
        ratio = sitting.taught_ms / sitting.bare_ms
        yield f"a question takes {sitting.taught_ms:.1f} ms, {ratio:.2f} times the bare model's"
    if sitting.waiting:
        yield f"{_count(sitting.waiting, 'fact')} still due: oneshot eval --due"
    elif sitting.next_due:
        yield f"the next fact is due {sitting.next_due[:16].replace('T', ' ')} UTC"


def _margin(margin: float | None) -> str:
    return "" if margin is None else f", margin {margin:.1f} nats"


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
