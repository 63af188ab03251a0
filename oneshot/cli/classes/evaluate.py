"""The command that examines classes."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.display import (
    evaluation_rows,
    evaluation_title,
    honesty_text,
    reliability_rows,
)
from oneshot.cli.classes.options import Folder, Text, files_by_class, open_classes
from oneshot.cli.session import SESSION
from oneshot.progress import silent

commands = typer.Typer()


@commands.command("eval")
def evaluate(
    folders: Annotated[
        Path | None,
        typer.Option("--folders", metavar="DIR", help="Other pictures, a folder for each class."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="Other texts: JSON lines with text and class."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="How honest the answers are, as SVG."),
    ] = None,
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Examine the classes: each example by classes taught without it, or on other examples.

    Folders or classes that were not taught count as strangers, which are right
    where they are called none of these; without any, each example is asked of the
    other classes, too, to which it is one. The second table says how often answers
    are right, by how sure they are said to be.

    Examples:
      oneshot class eval
      oneshot class eval --figure honest.svg
      oneshot class eval --folders ./other-photos
      oneshot class eval --file other-texts.jsonl --text
    """
    from oneshot.classes import reliability
    from oneshot.classes.sources import labelled_texts
    from oneshot.files.durable import write_atomically

    output = SESSION.get().output
    with open_classes(classes, text or file is not None) as opened, output.progress() as bar:
        report = bar or silent
        if folders is not None:
            found = opened.evaluate_on(files_by_class(folders), report)
        elif file is not None:
            found = opened.evaluate_on(labelled_texts(file), report)
        else:
            found = opened.evaluate()
    columns = "class", "examples", "right", "none of these", "most often taken for"
    output.table(asdict(found), evaluation_title(found), columns, evaluation_rows(found))
    if not output.as_json:
        said = "said", "answers", "right", "0 to 100 %"
        output.table({}, "Are answers as often right as is said?", said, reliability_rows(found))
        output.put({}, honesty_text(found))
    if figure is not None:
        write_atomically(figure, reliability.figure(found.reliability).encode("utf-8"))
