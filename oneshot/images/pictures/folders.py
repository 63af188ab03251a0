"""Folders of pictures, and trees with a folder for each class."""

from dataclasses import dataclass
from pathlib import Path

from oneshot.errors import BadInputError
from oneshot.images.pictures.reading import SUFFIXES


@dataclass(frozen=True)
class ClassTree:
    """The picture files of each class, sorted, and what was left out."""

    classes: dict[str, list[Path]]
    remarks: tuple[str, ...] = ()


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder and below, sorted, without hidden ones; BadInputError for none."""
    found = _visible_pictures(folder)
    if not found:
        raise BadInputError(
            f"{folder} holds no pictures ({', '.join(sorted(SUFFIXES))}); give another folder"
        )
    return found


def class_folders(tree: Path) -> ClassTree:
    """The pictures of a tree with a folder for each class; hidden and empty ones are left out.

    Raises BadInputError where there is no folder of pictures.
    """
    if not tree.is_dir():
        raise BadInputError(f"{tree} is no folder; give one with a folder of pictures a class")
    folders = sorted(p for p in tree.iterdir() if p.is_dir() and not is_hidden(p))
    found = {folder.name: _visible_pictures(folder) for folder in folders}
    full = {name: paths for name, paths in found.items() if paths}
    if not full:
        raise BadInputError(
            f"{tree} holds no folders with pictures; give one with a folder of pictures a class"
        )
    empty = [f"{tree / name} holds no pictures and is left out" for name in found.keys() - full]
    return ClassTree(full, tuple(sorted(empty)))


def is_hidden(path: Path) -> bool:
    """Whether the system, not a person, put something there: thumbnails, caches, leftovers."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def _visible_pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(is_hidden(folder / part) for part in path.relative_to(folder).parts)
        and path.is_file()
    )
