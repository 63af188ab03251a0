"""The command that checks a folder of classes."""

from typing import Annotated

import typer

from oneshot.cli.classes.options import Folder, Text, place_and_kind
from oneshot.cli.session import SESSION

commands = typer.Typer()


@commands.command()
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Check configuration, calibration, weights and journal against one another.

    Ends with status 3 when something is wrong and was not repaired. The host is
    not loaded.

    Examples:
      oneshot class doctor
      oneshot class doctor --classes ./kitchen-classes --repair
      oneshot --json class doctor --text
    """
    from oneshot.classes.folder.doctor import examine

    folder, _ = place_and_kind(classes, text)
    SESSION.get().output.findings(examine(folder, repair=repair))
