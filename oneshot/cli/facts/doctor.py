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
    session = SESSION.get()
    findings = learner_class().doctor(session.brain, repair=repair)
    for finding in findings:
        session.output.finding(finding)
    if not all(finding.ok or finding.repaired for finding in findings):
        raise typer.Exit(BrainError.exit_code)
