"""The commands that carry classes about."""

from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.options import Folder, Text, open_classes
from oneshot.cli.session import SESSION

commands = typer.Typer()

Carried = Annotated[Path, typer.Argument(metavar="DIR", help="The exported folder.")]


@commands.command()
def export(target: Carried, text: Text = False, classes: Folder = None) -> None:
    """Write the classes to a new folder, without their journal; it can be used as it is.

    Examples:
      oneshot class export kitchen-classes
    """
    with open_classes(classes, text) as opened:
        count = opened.export(target)
    record = {"examples": count, "folder": str(target)}
    SESSION.get().output.outcome(record, f"{count} examples written to {target}")


@commands.command("import")
def import_(source: Carried, text: Text = False, classes: Folder = None) -> None:
    """Add the classes of another folder of the same host.

    Examples:
      oneshot class import kitchen-classes
    """
    with open_classes(classes, text, founding=True) as opened:
        count = opened.import_(source)
    record = {"examples": count, "folder": str(source)}
    SESSION.get().output.outcome(record, f"{count} new examples taken from {source}")
