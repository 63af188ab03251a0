"""The command `oneshot class`: its commands put together."""

import typer

from oneshot.cli.classes import (
    calibrate,
    demo,
    doctor,
    evaluate,
    export,
    forget,
    guess,
    listing,
    teach,
)

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Classes")
for group in (demo, teach, forget, guess, listing, evaluate, export, doctor, calibrate):
    commands.add_typer(group.commands)


@commands.callback()
def start() -> None:
    """Show a frozen network a few examples of a class once: it recognises it from then on.

    Images and texts; no gradient; a class that is forgotten was never there.

    Examples:
      oneshot class teach mug mug1.jpg mug2.jpg
      oneshot class guess photo.jpg
      oneshot class teach complaint --text "The parcel never came." "It broke."
      oneshot class guess "Where is my parcel?"
    """
