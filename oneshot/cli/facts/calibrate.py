"""The command that prepares a model."""

from typing import Annotated

import typer

from oneshot.cli.session import SESSION, learner_class
from oneshot.progress import silent

commands = typer.Typer()
PANEL = "Brain folder"


@commands.command(rich_help_panel=PANEL)
def calibrate(
    force: Annotated[bool, typer.Option("--force", help="Again, although it was done.")] = False,
) -> None:
    """Prepare a model: measure its codes once, by forward passes, and keep them.

    Teaching does this by itself when it meets a new model.

    Examples:
      oneshot calibrate
      oneshot --model openai-community/gpt2 calibrate
      oneshot --model ./my-llama calibrate --force
    """
    session = SESSION.get()
    with session.output.progress() as progress:
        path = learner_class().calibrate(
            session.model,
            device=session.device,
            dtype=session.dtype,
            force=force,
            progress=progress or silent,
        )
    session.output.outcome({"path": str(path)}, f"calibrated: {path}")
