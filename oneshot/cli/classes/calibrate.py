"""The commands that set how classes are told apart: an image host's calibration, the rule."""

from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.options import Folder, Host, Text, open_classes
from oneshot.cli.session import SESSION
from oneshot.progress import silent

commands = typer.Typer()


@commands.command()
def calibrate(
    base: Annotated[
        Path, typer.Option("--base", metavar="DIR", help="A folder of pictures for each class.")
    ],
    host: Host = None,
) -> None:
    """Prepare an image host on classes other than those to be taught; forward passes only.

    Ten classes of twenty pictures are a start, hundreds are better. Folders of
    classes that were made before keep the calibration that they have.

    Examples:
      oneshot class calibrate --base ./many-things --host google/vit-base-patch16-224
    """
    from oneshot.classes.calibrated import keep_calibration, photographs_of
    from oneshot.classes.folder.opening import open_host
    from oneshot.classes.hosts.host import Kind
    from oneshot.classes.writers.calibration import load_calibration

    session = SESSION.get()
    opened = open_host(Kind.IMAGE, host, session.device)
    with session.output.progress() as bar:
        contents, labels = photographs_of(base, opened)
        data = keep_calibration(opened, (contents, labels), bar or silent)
    width = load_calibration(data).metric.width
    record = {
        "host": opened.name,
        "pictures": len(contents),
        "classes": len(set(labels)),
        "width": width,
    }
    said = f"{opened.name} calibrated on {len(contents)} pictures of {len(set(labels))} classes"
    session.output.outcome(record, said)


@commands.command()
def rule(
    name: Annotated[str, typer.Argument(metavar="posterior|ridge|residual", help="The rule.")],
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Let another rule answer from now on; every rule answers from the same examples.

    Examples:
      oneshot class rule ridge
      oneshot class rule residual --classes ./many
    """
    with open_classes(classes, text) as opened:
        before = opened.rule
        opened.change_rule(name)
    record = {"rule": name, "before": before}
    SESSION.get().output.outcome(record, f"the rule is {name} now, it was {before}")
