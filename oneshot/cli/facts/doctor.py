"""The command that checks a brain folder."""

from typing import Annotated

import typer

from oneshot.cli.session import SESSION, learner_class
from oneshot.errors import BrainError

commands = typer.Typer()
PANEL = "Brain folder"


@commands.command(rich_help_panel=PANEL)
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
) -> None:
    """Check versions, the model's hash, and the journal against the weights.

    Ends with status 3 when something is wrong and was not repaired.

    Examples:
      oneshot doctor
      oneshot doctor --repair
      oneshot --brain ./work --json doctor
    """
    from oneshot.classes.folder.files import CONFIG

    session = SESSION.get()
    if (session.brain / CONFIG).is_file():
        command = f"oneshot class doctor --classes {session.brain}"
        raise BrainError(f"{session.brain} is no brain, it holds classes; run `{command}`")
    session.output.findings(learner_class().doctor(session.brain, repair=repair))
