"""Commands that look at what was taught."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneshot.cli.facts.display import show_facts
from oneshot.cli.session import SESSION, open_records

commands = typer.Typer()
PANEL = "Journal"

Id = Annotated[int, typer.Argument(help="The fact.")]


@commands.command("list", rich_help_panel=PANEL)
def list_facts(
    everything: Annotated[
        bool, typer.Option("--all", help="Replaced and forgotten facts too.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many facts.")
    ] = None,
    after: Annotated[int, typer.Option("--after", min=0, help="Those behind this one.")] = 0,
) -> None:
    """List the facts of the brain, and what follows from them.

    Examples:
      oneshot list
      oneshot list --all
      oneshot list --limit 100 --after 100
      oneshot --json list
    """
    with open_records() as records:
        facts = records.facts(None if everything else "live", after=after, limit=limit)
        shown = {fact.id for fact in facts}
        implied = [i for i in records.implied() if not shown.isdisjoint(i.origins)]
        show_facts(SESSION.get().output, facts, implied)


@commands.command(rich_help_panel=PANEL)
def show(id: Id) -> None:
    """Show everything that is known about one fact, its further wordings and names too.

    Examples:
      oneshot show 12
    """
    with open_records() as records:
        SESSION.get().output.record(asdict(records.show(id)))


@commands.command(rich_help_panel=PANEL)
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many facts.")] = 10,
) -> None:
    """Find facts by their text.

    Examples:
      oneshot search Freedonia
      oneshot search "capital of" --limit 50
    """
    with open_records() as records:
        show_facts(SESSION.get().output, records.search(text, limit))


@commands.command(rich_help_panel=PANEL)
def history(id: Id) -> None:
    """List the versions of a fact.

    Examples:
      oneshot history 12
    """
    with open_records() as records:
        show_facts(SESSION.get().output, records.history(id))


@commands.command(rich_help_panel=PANEL)
def stats() -> None:
    """Show counts and sizes of the brain.

    Examples:
      oneshot stats
      oneshot --json stats
    """
    with open_records() as records:
        SESSION.get().output.record(asdict(records.stats()))
