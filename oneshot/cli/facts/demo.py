"""The command that shows on a throw-away brain what all the others do."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.output import Output
from oneshot.cli.session import SESSION, open_learner
from oneshot.errors import BadInputError
from oneshot.facts.types import Receipt, Reply

if TYPE_CHECKING:
    from oneshot.facts.demo import Forgotten, Score
else:
    Forgotten = Score = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
FACTS, KNOWN = 100, 300


@commands.command(rich_help_panel="Try it")
def demo(
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the demonstration's brain in DIR."),
    ] = None,
) -> None:
    """Teach invented facts, ask them back, forget one, and measure 100 more; under a minute.

    Everything happens in a brain of its own, which is deleted at the end. The
    bare model's answers stand beside, and every figure is measured on the spot.

    Examples:
      oneshot demo
      oneshot demo --keep ./demo-brain
      oneshot --json demo
    """
    from oneshot.facts import demo as work
    from oneshot.facts.examination.exam import build_exam

    output = SESSION.get().output
    with (
        _folder(keep) as folder,
        output.progress() as progress,
        open_learner(folder) as learner,
    ):
        typed = work.teach_sentences(learner)
        _show_receipts(output, "sentences", "Three sentences are taught", typed)
        _show_receipts(
            output,
            "file",
            f"So are the facts of {work.FILE.name}, which comes with the package",
            work.teach_file(learner),
        )
        _show_replies(output, "answers", "Asked in other words", work.ask_back(learner))
        _show_replies(output, "known", "Everything else is as it was", work.ask_known(learner))
        _show_forgotten(output, work.forget_one(learner, typed[0]))
        scores = work.examine(learner, build_exam(FACTS, KNOWN, untaught=0), progress)
        _show_scores(output, list(scores))
    if keep is not None:
        output.remark(f'kept: try oneshot --brain {keep} ask "When was Zara Quillfeather born?"')


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="oneshot-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise BadInputError(f"{keep} exists already; give --keep a new folder")
    yield keep


def _show_receipts(output: Output, section: str, title: str, receipts: Iterable[Receipt]) -> None:
    receipts = list(receipts)
    record = {"section": section, "receipts": [asdict(receipt) for receipt in receipts]}
    columns = "id", "prompt", "answer", "subject", "relation", "the model said", "ms"
    rows = (
        (f"#{r.id}", r.prompt, r.answer, r.subject, r.relation, r.before, f"{r.seconds * 1000:.0f}")
        for r in receipts
    )
    output.table(record, title, columns, rows)


def _show_replies(output: Output, section: str, title: str, replies: Iterable[Reply]) -> None:
    replies = list(replies)
    record = {"section": section, "replies": [asdict(reply) for reply in replies]}
    columns = "question", "bare model", "with the brain", "facts"
    rows = (
        (r.question, r.base, r.answer, ", ".join(f"#{fact}" for fact in r.facts)) for r in replies
    )
    output.table(record, title, columns, rows)


def _show_forgotten(output: Output, forgotten: Forgotten) -> None:
    record = {"section": "forgotten", **asdict(forgotten)}
    verdict = "equal to the bit" if forgotten.identical else "NOT EQUAL"
    rows = (
        ("taught", forgotten.taught, f"differ by up to {forgotten.moved:.3g}"),
        ("forgotten", forgotten.forgotten, f"differ by {forgotten.left:.3g}: {verdict}"),
        ("bare model", forgotten.bare, ""),
    )
    columns = forgotten.question, "answer", f"{forgotten.logits:,} logits against the bare model's"
    title = f"Fact #{forgotten.fact.id} is forgotten, the others stay"
    output.table(record, title, columns, rows)


def _show_scores(output: Output, scores: list[Score]) -> None:
    record = {"section": "scores", "scores": [asdict(score) for score in scores]}
    columns = "measured now", "right", "of", "bare model", "s"
    rows = ((s.what, s.right, s.n, s.bare, f"{s.seconds:.1f}") for s in scores)
    title = f"{scores[0].n} facts that the model was never trained on are taught"
    output.table(record, title, columns, rows)
