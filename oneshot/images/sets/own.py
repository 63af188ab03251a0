"""A person's own pictures as an image set: a folder for each class, cut into training and test."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.model import Progress, Report, silent
from oneshot.images.pictures.folders import ClassTree, class_folders, is_hidden
from oneshot.images.pictures.reading import middle_square, read_picture

TRAINING, TEST = "train", frozenset({"test", "val", "valid", "validation"})
"""Names of folders in which splits lie that were made before."""

Pictures = dict[str, list[Tensor]]
"""Small squares of pixels by class."""


@dataclass(frozen=True)
class Cut:
    """How pictures are made alike: pixels along a side, and the share that is kept for the test."""

    side: int
    test_share: float


def load_own(
    folder: Path | None, cut: Cut, device: torch.device, report: Report = silent
) -> ImageSet:
    """The pictures of a tree with a folder for each class: their middle squares, in colour.

    Where the tree holds `train` and `test` with such folders, those are the splits; else each
    class gives its share to the test, chosen by its pixels and so alike each time. Equal pictures
    count once; damaged ones are left out with a remark. Raises BadInputError without a folder, or
    for fewer than two classes.
    """
    splits = _splits(folder)
    reader = _Reader(cut.side, sum(len(p) for t in splits for p in t.classes.values()), report)
    train, *rest = [reader.read(tree) for tree in splits]
    names = tuple(sorted(train))
    if len(names) < 2:
        raise BadInputError(f"{folder} holds {len(names)} classes that can be read; give two")
    test = rest[0] if rest else _cut_off(train, cut.test_share)
    remarks = [remark for tree in splits for remark in tree.remarks] + reader.remarks
    remarks += [f"{n} is no class of the training pictures: left out" for n in test.keys() - train]
    parts = _stacked(train, names, cut), _stacked(test, names, cut)
    a, b, c, d = (tensor.to(device) for part in parts for tensor in part)
    found = f"folder {folder}"
    return ImageSet("folder", len(names), a, b, c, d, names, found, tuple(remarks))


def own_classes(folder: Path | None) -> tuple[str, ...]:
    """The names of the classes of a tree, without a look at its pictures."""
    return tuple(sorted(_splits(folder)[0].classes))


@dataclass
class _Reader:
    """Reads files as small squares, and keeps what is to be said of those that it leaves out."""

    side: int
    total: int
    report: Report
    done: int = 0
    remarks: list[str] = field(default_factory=list)

    def read(self, tree: ClassTree) -> Pictures:
        """The classes that have a picture; theirs in the order of a digest of their pixels."""
        found = {name: self._read(paths) for name, paths in tree.classes.items()}
        return {name: pictures for name, pictures in found.items() if pictures}

    def _read(self, paths: list[Path]) -> list[Tensor]:
        found = dict[str, Tensor]()
        for path in paths:
            self.done += 1
            self.report(Progress("pictures", self.done, self.total))
            try:
                image = read_picture(path, "RGB", enough=2 * self.side).image
            except BadInputError as error:
                self.remarks.append(f"left out: {error}")
                continue
            pixels = middle_square(image, self.side)
            digest = hashlib.blake2b(pixels.numpy().tobytes(), digest_size=16).hexdigest()
            if digest in found:
                self.remarks.append(f"left out: {path} is there twice")
            found[digest] = pixels
        return [found[digest] for digest in sorted(found)]


def _splits(folder: Path | None) -> list[ClassTree]:
    """The whole tree, or its training and its test part."""
    if folder is None:
        raise BadInputError("the dataset `folder` came without a place; give --data PHOTOS")
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder; give one with a folder of pictures a class")
    named = {p.name.lower(): p for p in folder.iterdir() if p.is_dir() and not is_hidden(p)}
    tests = TEST & named.keys()
    if TRAINING in named and len(tests) == 1 and len(named) == 2:
        return [class_folders(named[TRAINING]), class_folders(named[next(iter(tests))])]
    return [class_folders(folder)]


def _cut_off(train: Pictures, share: float) -> Pictures:
    """The test pictures of each class, taken from its training ones, of which one stays."""
    test: Pictures = {}
    for name, pictures in train.items():
        count = min(max(1, round(share * len(pictures))), len(pictures) - 1)
        test[name], train[name] = pictures[:count], pictures[count:]
    return test


def _stacked(found: Pictures, names: tuple[str, ...], cut: Cut) -> tuple[Tensor, Tensor]:
    """The pictures of all classes in one tensor, and their labels."""
    pictures = [picture for name in names for picture in found.get(name, ())]
    labels = [label for label, name in enumerate(names) for _ in found.get(name, ())]
    empty = torch.empty(0, 3, cut.side, cut.side, dtype=torch.uint8)
    return torch.stack(pictures) if pictures else empty, torch.tensor(labels, dtype=torch.int64)
