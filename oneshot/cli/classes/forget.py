"""The command that takes classes back."""

from typing import Annotated

import typer

from oneshot.cli.classes.options import Folder, Text, Yes, open_classes
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError

commands = typer.Typer()


@commands.command()
def forget(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Classes.", show_default=False)
    ] = None,
    example: Annotated[
        list[str] | None,
        typer.Option("--example", metavar="ID|FILE", help="Single examples of one class."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every class.")] = False,
    text: Text = False,
    yes: Yes = False,
    classes: Folder = None,
) -> None:
    """Forget classes or single examples: the weights are then as if they had never been there.

    Examples:
      oneshot class forget mug
      oneshot class forget mug --example 3f9a01c2 --example mug2.jpg
      oneshot class forget --all --yes
    """
    output, names = SESSION.get().output, names or []
    if bool(names) == everything or (example and len(names) != 1):
        raise BadInputError("forget takes names, or one name and --example, or --all")
    with open_classes(classes, text) as opened:
        if example:
            output.confirm(f"Forget {len(example)} examples of {names[0]}?", yes=yes)
            left = opened.remove(names[0], example)
            record = {"name": left.name, "forgotten": len(set(example)), "left": left.examples}
            said = f"{len(set(example))} examples of {left.name} forgotten, {left.examples} left"
            output.outcome(record, said)
            return
        known = [entry.name for entry in opened.classes()] if everything else names
        output.confirm(f"Forget {', '.join(known)}?", yes=yes)
        for entry in opened.forget(known):
            record = {"name": entry.name, "forgotten": entry.examples, "left": 0}
            output.outcome(record, f"{entry.name} forgotten, with its {entry.examples} examples")
