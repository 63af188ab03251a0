"""The command that checks a brain folder."""

from typing import Annotated

import typer

from oneshot.cli.session import SESSION, learner_class

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
    session = SESSION.get()
    session.output.findings(learner_class().doctor(session.brain, repair=repair))
