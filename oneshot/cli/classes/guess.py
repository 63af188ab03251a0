"""The command that says what something is."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneshot.cli.classes.display import guess_text
from oneshot.cli.classes.options import Folder, Strangers, Text, open_classes, place_and_kind
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.progress import silent

commands = typer.Typer()


@commands.command()
def guess(
    examples: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|FOLDER|SENTENCE", help="Whatever is to be recognised."),
    ] = None,
    top: Annotated[int, typer.Option(help="Classes to name.")] = 3,
    none: Annotated[
        bool,
        typer.Option("--none/--no-none", help="Say none of these where that is likelier than not."),
    ] = True,
    strangers: Strangers = None,
    text: Text = False,
    classes: Folder = None,
) -> None:
    """Say which of the taught classes something is of, or that it is of none of them.

    How sure it is supposes that one thing in four is of none of the classes, or as
    many as --strangers says, which is kept. None of these is said where that is
    likelier than all the classes together.

    What is neither a file nor ends like a picture's name is taken for a text.

    Examples:
      oneshot class guess photo.jpg
      oneshot class guess ./photos --top 5
      oneshot class guess photo.jpg --no-none
      oneshot class guess ./photos --strangers 0.5
      oneshot class guess "Where is my parcel?"
    """
    from oneshot.classes.examples import Remarks
    from oneshot.classes.folder.opening import check_there
    from oneshot.classes.sources import is_folder, is_text, pictures, texts

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
    remarks = Remarks(skip_bad=any(map(is_folder, examples)))
    with open_classes(classes, text, strangers=strangers) as opened, output.progress() as bar:
        found = opened.guess(sources, top, bar or silent, none=none, remarks=remarks)
    for reason in remarks.left_out:
        output.remark(f"warning: left out: {reason}")
    for one in found:
        record = asdict(one) | {"ranking": [{"name": n, "probability": p} for n, p in one.ranking]}
        output.put(record, guess_text(one, titled=len(found) > 1, none=none))
