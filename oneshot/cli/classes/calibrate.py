"""The command that prepares an image host."""

from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.options import (
    Host,
)
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
    from oneshot.classes.hosts.images import open_image_host
    from oneshot.classes.writers.calibration import load_calibration

    session = SESSION.get()
    opened = open_image_host(host, session.device)
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
