"""A frozen host as classes see it: it reads what a user gives and describes it by features."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

Content: TypeAlias = UInt8[Tensor, "3 side side"] | str
"""An example as the host sees it: pixels, or a text."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What a host sees of a file or text, and what had to be done for that."""

    content: Content
    remarks: tuple[str, ...] = ()


class Kind(StrEnum):
    """What the examples of a folder are; a folder has one kind and one host."""

    IMAGE = "image"
    TEXT = "text"


@runtime_checkable
class ClassHost(Protocol):
    """A frozen network that gives features of images or of texts."""

    @property
    def name(self) -> str:
        """How it is given: a name or folder."""
        ...

    @property
    def hash(self) -> str:
        """What tells it from other hosts."""
        ...

    @property
    def kind(self) -> Kind:
        """What it reads."""
        ...

    @property
    def general(self) -> bool:
        """Whether base classes would tell too little of it: then features count alike."""
        ...

    @property
    def limits(self) -> str:
        """What it is good for alone, as a sentence; empty where it is good for anything."""
        ...

    @property
    def blank(self) -> Content:
        """An example with nothing in it."""
        ...

    def read(self, source: str) -> Seen:
        """A file's pixels, or a text made fit; BadInputError for what cannot be used."""
        ...

    def features(self, contents: Sequence[Content]) -> Float[Tensor, "n raw"]:
        """Features in fp32 on the CPU; a row's bits do not depend on the others."""
        ...


def digest(content: Content) -> str:
    """What tells one content from another, 32 hexadecimal digits; names of files do not count."""
    data = content.encode("utf-8") if isinstance(content, str) else content.numpy().tobytes()
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def full_batches(images: Sequence[Tensor], rows: int) -> Iterator[tuple[Tensor, int]]:
    """Batches of always as many images, and how many of them count; the last is filled up.

    The last bits of a forward pass depend on the shape of its batch, but rows of one shape do not
    see each other.
    """
    for start in range(0, len(images), rows):
        part = list(images[start : start + rows])
        yield torch.stack(part + part[:1] * (rows - len(part))), len(part)
