"""The commands that look at what was taught."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneshot.cli.classes.options import (
    Folder,
    Text,
    open_classes,
)
from oneshot.cli.session import SESSION

commands = typer.Typer()


@commands.command("list")
def list_(text: Text = False, classes: Folder = None) -> None:
    """List the classes and how many examples each has.

    Examples:
      oneshot class list
      oneshot --json class list --text
    """
    output = SESSION.get().output
    with open_classes(classes, text) as opened:
        entries, config = opened.classes(), opened.folder.config
        record = {
            "folder": str(opened.folder.folder),
            "kind": str(config.kind),
            "host": config.host,
            "rule": opened.rule,
            "strangers": config.strangers,
            "bytes": opened.folder.store.count_bytes(),
            "classes": [asdict(entry) for entry in entries],
        }
    title = f"{config.kind} classes on {config.host}"
    output.table(record, title, ("class", "examples"), ((e.name, e.examples) for e in entries))


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="The class.")],
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Show the examples of a class, where they came from and when.

    Examples:
      oneshot class show mug
    """
    with open_classes(classes, text) as opened:
        entries = opened.show(name)
    record = {"name": name, "examples": [asdict(entry) for entry in entries]}
    rows = ((e.id, e.source, e.taught_at) for e in entries)
    SESSION.get().output.table(record, name, ("id", "from", "taught"), rows)
