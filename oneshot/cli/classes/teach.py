"""The command that teaches classes."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.classes.display import taught_text
from oneshot.cli.classes.options import (
    Classes,
    Folder,
    Host,
    Strangers,
    Text,
    files_by_class,
    open_classes,
)
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.progress import silent

commands = typer.Typer()


@commands.command()
def teach(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The class.", show_default=False)
    ] = None,
    examples: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|FOLDER|SENTENCE", help="Its examples.", show_default=False),
    ] = None,
    folders: Annotated[
        Path | None,
        typer.Option("--folders", metavar="DIR", help="A folder of pictures for each class."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="JSON lines with text and class, for --text."),
    ] = None,
    text: Text = False,
    host: Host = None,
    strangers: Strangers = None,
    classes: Folder = None,
) -> None:
    """Show examples of a class once: a few photographs, folders of them, or sentences.

    Prints a receipt for each class as soon as it is safely on disk: how many
    examples it has now, the class that is nearest to it, and warnings. A name
    that was used before gets more examples.

    With --text, a FILE.txt holds a sentence a line, and --file FILE.jsonl has
    objects with "text" and "class".

    Examples:
      oneshot class teach mug mug1.jpg mug2.jpg mug3.jpg
      oneshot class teach kettle ./kettle-photos
      oneshot class teach --folders ./photos
      oneshot class teach mug ./mugs --host photos --classes ./kitchen
      oneshot class teach complaint --text "The parcel never came." "It broke at once."
      oneshot class teach --text --file examples.jsonl
      oneshot class teach mug ./mugs --strangers 0.5
    """
    output = SESSION.get().output
    if [bool(name), folders is not None, file is not None].count(True) != 1:
        raise BadInputError("teach takes a name and its examples, or --folders DIR, or --file FILE")
    given = _given(name, examples or [], folders, file, text=text)
    with (
        open_classes(
            classes, text or file is not None, host, founding=True, strangers=strangers
        ) as opened,
        output.progress() as bar,
    ):
        new = not opened.classes()
        for number, (label, (sources, found)) in enumerate(given.items()):
            if bar is not None and len(given) > 1:
                bar("classes", number, len(given))
            taught = opened.teach(label, sources, skip_bad=found, report=bar or silent)
            output.put(asdict(taught), taught_text(taught))
        if bar is not None and len(given) > 1:
            bar("classes", len(given), len(given))
        if new:
            _remark_on_host(opened)


def _given(
    name: str | None, examples: list[str], folders: Path | None, file: Path | None, *, text: bool
) -> dict[str, tuple[list[str], bool]]:
    """Sources by class, and whether they were found in folders, where a bad one is left out."""
    from oneshot.classes.sources import is_folder, labelled_texts, pictures, texts

    if folders is not None:
        return {label: (paths, True) for label, paths in files_by_class(folders).items()}
    if file is not None:
        return {label: (found, False) for label, found in labelled_texts(file).items()}
    if not examples:
        raise BadInputError(f"no examples of {name!r} came; give files, a folder or sentences")
    if text:
        return {name or "": (texts(examples), False)}
    return {name or "": (pictures(examples), any(map(is_folder, examples)))}


def _remark_on_host(opened: Classes) -> None:
    from oneshot.classes.calibrated import is_calibrated

    if opened.host.limits:
        SESSION.get().output.remark(
            f"{opened.host.limits}; for texts of any kind run `oneshot host fetch smollm2` and "
            "teach to a new --classes"
        )
    if not is_calibrated(opened.host):
        SESSION.get().output.remark(
            "this host was not calibrated: `oneshot class calibrate --base DIR` on a folder of "
            "pictures for each of some other classes makes guesses better and probabilities honest"
        )
