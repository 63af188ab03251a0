"""The command that takes facts into a brain, from whatever holds them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from oneshot.cli.facts.carrying.export import PANEL, Yes
from oneshot.cli.output import Output, printable
from oneshot.cli.session import SESSION, open_learner
from oneshot.progress import Report, silent

if TYPE_CHECKING:
    from oneshot.facts.sources.plan import Planned
else:
    Planned = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
STYLES = {"new": "green", "taught": "green", "left out": "yellow"}


@commands.command("import", rich_help_panel=PANEL)
def import_(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, an adapter's folder, or a data set.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how each line is understood.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Take in the facts of a file, an adapter folder, or a data set of the hub.

    What a file holds tells its format: memories of mem0 and of the Model
    Context Protocol's memory server, ChatGPT's memories copied as text,
    Anki's plain text, CSV, TSV, Markdown, JSON, JSON lines, parquet, or a
    plain sentence a line.

    Shows how each line was understood, or why it was left out, before it asks.
    What is taught already stays as it is, so a second import changes nothing;
    one undo takes all of it back. `oneshot eval` then examines it.

    Examples:
      oneshot import memories.json --dry-run
      oneshot import notes.md
      oneshot --json import cards.txt --yes
      oneshot import owner/data-set --yes
      oneshot --brain ./work import freedonia-adapter
    """
    if Path(source).is_dir():
        _import_folder(Path(source), yes)
    else:
        _import_items(source, dry_run, yes)


def _import_folder(folder: Path, yes: bool) -> None:
    session = SESSION.get()
    session.output.confirm(f"Add the facts of {folder} to {session.brain}?", yes=yes)
    with open_learner() as learner:
        count = learner.import_(folder)
        record = {"facts": count, "folder": str(folder)}
        session.output.outcome(record, f"{count} facts taken from {folder}")


def _import_items(source: str, dry_run: bool, yes: bool) -> None:
    from oneshot.facts.sources.plan import NEW, outcome, to_teach

    session = SESSION.get()
    output = session.output
    with output.progress() as progress:
        planned = _planned(source, session.brain, progress or silent)
    facts = to_teach(planned, source)
    if not yes:
        _show(output, planned)
    if facts and not dry_run:
        output.confirm(f"Teach {len(facts)} facts to {session.brain}?", yes=yes)
        with open_learner() as learner, output.progress() as progress:
            done = outcome(planned, learner.take_in(facts, progress or silent))
        changed = [after for after, p in zip(done, planned, strict=True) if p.state == NEW]
        planned, shown = done, done if yes else changed
    else:
        shown = planned if yes else []
    _show(output, shown)
    _sum_up(output, planned, source)


def _planned(source: str, brain: Path, progress: Report) -> list[Planned]:
    """What becomes of each item, as far as that can be told without the model."""
    from oneshot.facts.brain.files import JOURNAL, Brain
    from oneshot.facts.sources.plan import plan
    from oneshot.facts.sources.read import read_items
    from oneshot.facts.wordings import templates

    items = read_items(source, templates(), progress)
    if not (brain / JOURNAL).exists():
        return plan(items, lambda keys: {})
    with Brain(brain) as opened:
        return plan(items, opened.journal.by_keys)


def _show(output: Output, planned: Sequence[Planned]) -> None:
    for p in planned:
        fact = p.item.fact
        record = {
            "place": p.item.place,
            "text": p.item.text,
            "state": p.state,
            "why": p.why,
            "prompt": fact and fact.prompt,
            "answer": fact and fact.answer,
            "subject": fact and fact.subject,
            "id": p.id,
        }
        output.put(record, _line(p))


def _line(p: Planned) -> Text:
    text = Text(f"{p.item.place:<10} ", "dim").append(f"{p.state:<10} ", STYLES.get(p.state, ""))
    fact = p.item.fact
    said = f"{fact.prompt} | {fact.answer} | {fact.subject}" if fact else p.item.text
    text.append(printable(said), "not dim")
    return text.append(f"  ({printable(p.why)})", "dim") if p.why else text


def _sum_up(output: Output, planned: Sequence[Planned], source: str) -> None:
    counts = Counter(p.state for p in planned)
    text = ", ".join(f"{count} {state}" for state, count in counts.items())
    output.outcome({"source": source, "counts": dict(counts)}, f"{source}: {text or 'nothing'}")
