"""The command that shows on a throw-away brain what all the others do."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.facts.display import numbers
from oneshot.cli.output import Output
from oneshot.cli.session import SESSION, open_learner
from oneshot.errors import BadInputError
from oneshot.facts.types import Receipt, Reply

if TYPE_CHECKING:
    from oneshot.facts.demo.packaged import Forgotten, Score
else:
    Forgotten = Score = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
FACTS, KNOWN = 100, 300
PACKAGED = "packaged"  # the folder of the second brain


@commands.command(rich_help_panel="Try it")
def demo(
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the demonstration's brains in DIR."),
    ] = None,
) -> None:
    """Teach facts, ask them back, forget one, and measure 100 more; in about a minute.

    First a real language model in chat, where it was fetched (oneshot host fetch
    smollm2), then the packaged one; with --model that model alone. Everything
    happens in brains of its own, which are deleted at the end. The bare model's
    answers stand beside, and every figure is measured on the spot.

    Examples:
      oneshot demo
      oneshot demo --keep ./demo-brain
      oneshot --json demo
    """
    session = SESSION.get()
    with _folder(keep) as folder:
        if session.model is None:
            _show_chat(session.output, folder)
        _show_packaged(session.output, folder)
    if keep is not None:
        asked = f'oneshot --brain {keep / PACKAGED} ask "When was Zara Quillfeather born?"'
        session.output.remark(f"kept: try {asked}")


def _show_chat(output: Output, folder: Path) -> None:
    from oneshot.facts.demo import chat as work

    reason = work.why_not()
    if reason:
        output.remark(reason)
        return
    with open_learner(folder / work.MODEL, work.MODEL) as learner:
        taught = work.teach(learner)
        title = f"{work.MODEL}, a real language model, is told four facts of its user"
        _show_receipts(output, "chat: sentences", title, taught)
        limit = f"{work.MANNER.max_new_tokens} tokens at most"
        title = f"Asked in chat, in other words, and for two facts at once; {limit}"
        _show_replies(output, "chat: answers", title, work.ask(learner))
        fact, again = work.forget(learner, taught)
        _show_replies(output, "chat: forgotten", f"Fact #{fact.id} is forgotten", again)


def _show_packaged(output: Output, folder: Path) -> None:
    from oneshot.facts.demo import packaged as work
    from oneshot.facts.examination.exam import build_exam

    with output.progress() as progress, open_learner(folder / PACKAGED) as learner:
        typed = work.teach_sentences(learner)
        title = "The small packaged model: four sentences are taught"
        _show_receipts(output, "sentences", title, typed)
        title = "So are the facts of a file that comes with the package"
        _show_receipts(output, "file", title, work.teach_file(learner))
        _show_replies(
            output,
            "answers",
            "Asked in other words, and for two facts at once",
            work.ask_back(learner),
        )
        _show_replies(output, "known", "Everything else is as it was", work.ask_known(learner))
        _show_forgotten(output, work.forget_one(learner, typed[0]))
        scores = work.examine(learner, build_exam(FACTS, KNOWN, untaught=0), progress)
        _show_scores(output, list(scores))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="oneshot-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise BadInputError(f"{keep} exists already; give --keep a new folder")
    yield keep


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


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
    rows = ((r.question, _one_line(r.base), _one_line(r.answer), numbers(r.facts)) for r in replies)
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
