"""The commands that teach classes to frozen networks, and guess them."""

import typer

from oneshot.cli.classes import carry as class_folder
from oneshot.cli.classes import demo as class_demo
from oneshot.cli.classes import guess as class_use
from oneshot.cli.classes import teach as class_teach

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Classes")
for group in (class_demo, class_teach, class_use, class_folder):
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
