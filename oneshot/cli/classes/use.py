"""The commands that use classes: guess, list, show, examine."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.display import evaluation_rows, evaluation_title, guess_text
from oneshot.cli.classes.options import (
    Folder,
    Text,
    files_by_class,
    open_classes,
    place_and_kind,
)
from oneshot.cli.session import SESSION
from oneshot.core.progress import silent
from oneshot.errors import BadInputError

commands = typer.Typer()


@commands.command()
def guess(
    examples: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|FOLDER|SENTENCE", help="Whatever is to be recognised."),
    ] = None,
    top: Annotated[int, typer.Option(help="Classes to name.")] = 3,
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Say which of the taught classes something is of, or that it is of none of them.

    What is neither a file nor ends like a picture's name is taken for a text.

    Examples:
      oneshot class guess photo.jpg
      oneshot class guess ./photos --top 5
      oneshot class guess "Where is my parcel?"
    """
    from oneshot.classes.folder.opening import check_there
    from oneshot.classes.sources import is_text, pictures, texts

    output = SESSION.get().output
    if not examples:
        raise BadInputError("guess takes files, folders or sentences; give at least one")
    if top < 1:
        raise BadInputError(f"top = {top} came; give at least 1")
    if classes is None:
        text = text or all(map(is_text, examples))
    else:
        text = text or place_and_kind(classes, text)[1] == "text"
    check_there(place_and_kind(classes, text)[0])
    sources = texts(examples) if text else pictures(examples)
    with open_classes(classes, text) as opened, output.progress() as bar:
        found = opened.guess(sources, top) if bar is None else opened.guess(sources, top, bar)
    for one in found:
        record = asdict(one) | {"ranking": [{"name": n, "probability": p} for n, p in one.ranking]}
        output.put(record, guess_text(one, titled=len(found) > 1))


@commands.command("list")
def list_(text: Text = False, classes: Folder = None) -> None:
    """List the classes and how many examples each has.

    Examples:
      oneshot class list
      oneshot --json class list --text
    """
    output = SESSION.get().output
    with open_classes(classes, text) as opened:
        entries, config = opened.classes(), opened.folder.config
        record = {
            "folder": str(opened.folder.folder),
            "kind": str(config.kind),
            "host": config.host,
            "rule": opened.rule,
            "bytes": opened.folder.count_bytes(),
            "classes": [asdict(entry) for entry in entries],
        }
    title = f"{config.kind} classes on {config.host}"
    output.table(record, title, ("class", "examples"), ((e.name, e.examples) for e in entries))


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="The class.")],
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Show the examples of a class, where they came from and when.

    Examples:
      oneshot class show mug
    """
    with open_classes(classes, text) as opened:
        entries = opened.show(name)
    record = {"name": name, "examples": [asdict(entry) for entry in entries]}
    rows = ((e.id, e.source, e.taught_at) for e in entries)
    SESSION.get().output.table(record, name, ("id", "from", "taught"), rows)


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
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Examine the classes: each example by classes taught without it, or on other examples.

    Folders or classes that were not taught count as strangers, which are right
    where they are called none of these.

    Examples:
      oneshot class eval
      oneshot class eval --folders ./other-photos
      oneshot class eval --file other-texts.jsonl --text
    """
    from oneshot.classes.sources import labelled_texts

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
