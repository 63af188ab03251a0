"""The commands that write a brain as an adapter folder, and join brains."""

from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.session import SESSION, learner_class, open_learner

commands = typer.Typer()
PANEL = "Brain folder"

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The adapter's folder.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@commands.command(rich_help_panel=PANEL)
def export(folder: Folder) -> None:
    """Write the brain's weights as an adapter folder.

    The same facts give the same bytes, whatever their order was.

    Examples:
      oneshot export freedonia-adapter
      oneshot --brain ./work export freedonia-adapter
    """
    with open_learner(founding=False) as learner:
        count = learner.export(folder)
        record = {"facts": count, "folder": str(folder)}
        SESSION.get().output.outcome(record, f"{count} facts written to {folder}")


@commands.command(rich_help_panel=PANEL)
def merge(
    sources: Annotated[list[Path], typer.Argument(metavar="BRAIN...", help="Brain folders.")],
    yes: Yes = False,
) -> None:
    """Join brains into the one that --brain names.

    Examples:
      oneshot --brain ./both merge ./mine ./yours
      oneshot --brain ./mine merge ./yours --yes
    """
    session = SESSION.get()
    if session.brain.is_dir() and any(session.brain.iterdir()):
        session.output.confirm(f"{session.brain} exists. Add to it?", yes=yes)
    count = learner_class().merge(sources, session.brain)
    record = {"facts": count, "folder": str(session.brain)}
    session.output.outcome(record, f"{session.brain} now holds {count} facts")
