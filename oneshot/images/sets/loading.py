"""Image sets by name: from the folder that was given, the package or the hub."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.files.data_folder import ENVIRONMENT, named_folder
from oneshot.images.data import ImageSet
from oneshot.images.sets.names import class_names, plain_name
from oneshot.images.sets.sheets import read_sheets, sheet_classes, sheet_files

KIND = "images"
"""The folder inside a data folder that may hold the image sets."""


@dataclass(frozen=True)
class HubSource:
    """Where the hub keeps a set and what its columns and its labelled test split are called."""

    repository: str
    image: str
    label: str
    test: str
    subset: str | None = None
    """A smaller set of the same kind that a folder may hold in its place."""


SOURCES = {
    "mnist": HubSource("ylecun/mnist", "image", "label", "test"),
    "cifar10": HubSource("uoft-cs/cifar10", "img", "label", "test"),
    "cifar100": HubSource("uoft-cs/cifar100", "img", "fine_label", "test"),
    "tinyimagenet": HubSource(
        "zh-plus/tiny-imagenet", "image", "label", "valid", subset="tinyimagenet10"
    ),
}


@dataclass(frozen=True)
class Found:
    """Where a set is: its own name there, the place in words, and its files, none on the hub."""

    name: str
    place: str
    train: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()


def find_images(name: str, folder: Path | None) -> Found:
    """Where a set would be loaded from; nothing is read.

    Looked for in `folder` alone where one is given, else in the folder that ONESHOT_DATA names,
    then in the package (MNIST), then on the hub. Raises BadInputError for an unknown name, or where
    a folder that was given does not hold it.
    """
    if name not in SOURCES:
        raise BadInputError(f"data set {name!r} is unknown; give one of {', '.join(SOURCES)}")
    named = named_folder(folder)
    for place in named.places(KIND) if named else ():
        found = _in_folder(name, place, f"in {place}")
        if found is not None:
            return found
    if named is not None and named.given:
        raise named.missing(f"{name} ({name}_train.npz and {name}_test.npz)")
    packaged = _in_folder(name, Path(str(files("oneshot.images") / name)), "in the package")
    return packaged or Found(name, f"on the hub, {SOURCES[name].repository}")


def load_images(name: str, folder: Path | None, device: torch.device) -> ImageSet:
    """A set by name, loaded whole onto the device; it is looked for as `find_images` does.

    Raises BadInputError for a damaged file, too, and where the hub does not give it.
    """
    found = find_images(name, folder)
    if found.train:
        train, test = read_sheets(list(found.train)), read_sheets(list(found.test))
        names = sheet_classes(found.train[0])
    else:
        train, test, names = _from_hub(name, SOURCES[name])
    classes = int(train[1].max()) + 1 if len(train[1]) else 1
    known = names if len(names) == classes else class_names(name, classes)
    a, b, c, d = (tensor.to(device) for tensor in (*train, *test))
    return ImageSet(name, classes, a, b, c, d, known, f"{found.name} {found.place}")


_Split = tuple[Tensor, Tensor]


def _in_folder(name: str, folder: Path, place: str) -> Found | None:
    for candidate in filter(None, (name, SOURCES[name].subset)):
        splits = [sheet_files(folder, candidate, split) for split in ("train", "test")]
        if all(splits):
            return Found(candidate, place, *map(tuple, splits))
    return None


def _from_hub(name: str, source: HubSource) -> tuple[_Split, _Split, tuple[str, ...]]:
    # Its import takes a second, and most runs need no hub.
    import datasets  # type: ignore[import-untyped]

    try:
        train = datasets.load_dataset(source.repository, split="train")
        test = datasets.load_dataset(source.repository, split=source.test)
    except Exception as error:  # the library raises a dozen kinds, none of them the user's concern
        raise BadInputError(
            f"{name} is not here: give --data (or {ENVIRONMENT}) a folder with "
            f"{name}_train.npz and {name}_test.npz, or a network connection to fetch "
            f"{source.repository} from the hub ({type(error).__name__})"
        ) from error
    features = getattr(train, "features", None) or {}
    names = tuple(map(plain_name, getattr(features.get(source.label), "names", ())))
    return _tensors(train, source), _tensors(test, source), names


def _tensors(split: Any, source: HubSource) -> _Split:
    mode = "L" if source.repository.endswith("mnist") else "RGB"
    pixels = np.stack([np.asarray(row[source.image].convert(mode)) for row in split])
    pixels = pixels.reshape(*pixels.shape[:3], -1).transpose(0, 3, 1, 2)
    labels = np.asarray([row[source.label] for row in split], dtype=np.int64)
    return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(labels)
