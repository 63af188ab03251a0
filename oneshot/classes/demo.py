"""The demonstration: digits, photographs and sentences, taught and guessed on the spot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor

from oneshot.classes.hosts.host import Kind
from oneshot.classes.hosts.photos import PHOTOS, SIDE
from oneshot.classes.teacher import Classes
from oneshot.classes.types import Guess, Taught
from oneshot.images.sets.loading import load_images
from oneshot.progress import Report

SHOTS = (1, 5, 20)
TAUGHT, ASKED = 8, 20

SENTENCES = {
    "place of birth": ("Mary Shelley was born in London.", "Chopin's birthplace is Zelazowa Wola."),
    "native language": ("The mother tongue of Goethe is German.", "Dante is a native of Italian."),
    "capital": ("The capital of Peru is Lima.", "Peru's capital city is called Lima."),
}
QUESTIONS = (
    "Albert Einstein was born in Ulm.",
    "The native language of Victor Hugo is French.",
    "Ottawa is the capital of Canada.",
    "Miles Davis plays the instrument trumpet.",
)

PHOTOGRAPHS = {"temple": "china.jpg", "flower": "flower.jpg"}  # scikit-learn's, CC BY 2.0
LEFT, RIGHT = range(0, 97, 32), (320, 416)
"""Where the parts begin that are taught, and those that are guessed: no pixel is in both."""


@dataclass(frozen=True)
class Shots:
    """What so many examples of each digit gave on test digits."""

    shots: int
    n: int
    accuracy: float
    strangers: int
    rejected: float
    seconds: float


def digits(folder: Path, rule: str | None, report: Report) -> Iterator[Shots]:
    """Teach the first training digits of eight kinds, and guess test digits of all ten."""
    images = load_images("mnist", None, torch.device("cpu"))
    files = folder / "files"
    files.mkdir(parents=True)
    asked = {str(d): _write(files, f"test{d}", images.test_images[images.test_labels == d][:ASKED])
             for d in range(10)}  # fmt: skip
    shown = {d: _write(files, f"{d}", images.train_images[images.train_labels == d][: SHOTS[-1]])
             for d in range(TAUGHT)}  # fmt: skip
    with Classes.open(folder / "classes", Kind.IMAGE, rule=rule) as classes:
        for shots in SHOTS:
            receipts = [classes.teach(str(d), paths[:shots]) for d, paths in shown.items()]
            found = classes.evaluate_on(asked, report)
            seconds = sum(receipt.seconds for receipt in receipts)
            rejected = found.strangers_rejected or 0.0
            yield Shots(shots, found.n, found.accuracy, found.strangers, rejected, seconds)


def sentences(folder: Path, rule: str | None, report: Report) -> tuple[list[Taught], list[Guess]]:
    """Teach a few kinds of statements, and guess others."""
    with Classes.open(folder, Kind.TEXT, rule=rule, report=report) as classes:
        taught = [classes.teach(name, found) for name, found in SENTENCES.items()]
        return taught, classes.guess(QUESTIONS)


def photographs(folder: Path, rule: str | None, report: Report) -> tuple[list[Taught], list[Guess]]:
    """Teach the left sides of two photographs, 224 pixels a part, and guess their right sides."""
    files = folder / "files"
    files.mkdir(parents=True)
    whole = {name: load_sample_image(file) for name, file in PHOTOGRAPHS.items()}
    with Classes.open(folder / "classes", host=PHOTOS, rule=rule, report=report) as classes:
        taught = [
            classes.teach(name, [_part(files, name, pixels, x) for x in LEFT])
            for name, pixels in whole.items()
        ]
        asked = [_part(files, name, pixels, x) for name, pixels in whole.items() for x in RIGHT]
        found = classes.guess(asked)
    return taught, [replace(guess, source=Path(guess.source).name) for guess in found]


def _part(folder: Path, name: str, pixels: UInt8[np.ndarray, "h w 3"], x: int) -> str:
    """A square of a photograph as a file, from its middle and column x on."""
    top = (len(pixels) - SIDE) // 2
    path = folder / f"{name}-{x}.png"
    Image.fromarray(pixels[top : top + SIDE, x : x + SIDE]).save(path)
    return str(path)


def _write(folder: Path, name: str, images: Tensor) -> list[str]:
    paths = [folder / f"{name}-{i}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image[0].numpy()).save(path)
    return [str(path) for path in paths]
