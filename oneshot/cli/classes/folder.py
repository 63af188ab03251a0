"""Commands on whole folders of classes, and on hosts."""

from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.options import Folder, Host, Text, open_classes
from oneshot.cli.session import SESSION

commands = typer.Typer()

Carried = Annotated[Path, typer.Argument(metavar="DIR", help="The exported folder.")]


@commands.command()
def export(target: Carried, text: Text = False, classes: Folder = None) -> None:
    """Write the classes to a new folder, without their journal; it can be used as it is.

    Examples:
      oneshot class export kitchen-classes
    """
    with open_classes(classes, text) as opened:
        count = opened.export(target)
    record = {"examples": count, "folder": str(target)}
    SESSION.get().output.outcome(record, f"{count} examples written to {target}")


@commands.command("import")
def import_(source: Carried, text: Text = False, classes: Folder = None) -> None:
    """Add the classes of another folder of the same host.

    Examples:
      oneshot class import kitchen-classes
    """
    with open_classes(classes, text, founding=True) as opened:
        count = opened.import_(source)
    record = {"examples": count, "folder": str(source)}
    SESSION.get().output.outcome(record, f"{count} new examples taken from {source}")


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
    from oneshot.classes.base import keep_calibration, photographs_of
    from oneshot.classes.hosts.images import open_image_host
    from oneshot.classes.writers.calibration import load_calibration

    session = SESSION.get()
    opened = open_image_host(host, session.device)
    with session.output.progress() as bar:
        contents, labels = photographs_of(base, opened)
        pair = contents, labels
        data = (
            keep_calibration(opened, pair) if bar is None else keep_calibration(opened, pair, bar)
        )
    width = load_calibration(data).metric.width
    record = {
        "host": opened.name,
        "pictures": len(contents),
        "classes": len(set(labels)),
        "width": width,
    }
    said = f"{opened.name} calibrated on {len(contents)} pictures of {len(set(labels))} classes"
    session.output.outcome(record, said)
