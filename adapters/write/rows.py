"""A set of facts as rows of weights; each row is a function of host and fact alone."""

import hashlib
from dataclasses import dataclass, fields
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from adapters.text.names import SPEAKER, key_number
from adapters.text.table import NameKeys, SortedKeys

ANSWER_TOKENS = 32
STEPS = ANSWER_TOKENS + 2  # the sentence's stop and the end of the text
SENTENCE = 96  # tokens of the whole sentence that a fact says by itself
NAMES = 8  # keys that a fact's name is known by
READINGS = 8  # wordings that a fact is asked by
NO_TOKEN = -1


@runtime_checkable
class Rows(Protocol):
    """Facts by number, and by the keys of their names."""

    def one(self, row: int) -> "FactRows":
        """One fact."""

    def name_keys(self) -> NameKeys:
        """The names of all of them."""

    def whole(self) -> "FactRows":
        """All of them in memory, in canonical order."""


@dataclass(frozen=True)
class FactRows:
    """n facts: content hash, the names that they answer to, readings, and what they say.

    `names` are keys as numbers, 0 where there are fewer, at the end those of a person's first and
    last name, marked as parts; `firsts` those of their first words and `longest` the most words of
    one. `readings` holds `count` relation codes. `answer` follows the taught prompt; `sentence`
    stands by itself. NO_TOKEN pads both.
    """

    key: UInt8[Tensor, "n 16"]
    subject: Int[Tensor, " n"]
    names: Int[Tensor, "n names"]
    firsts: Int[Tensor, "n names"]
    longest: Int[Tensor, " n"]
    readings: Float[Tensor, "n readings rank"]
    count: Int[Tensor, " n"]
    answer: Int[Tensor, "n steps"]
    sentence: Int[Tensor, "n said"]

    def __len__(self) -> int:
        return len(self.key)

    def tensors(self) -> dict[str, Tensor]:
        """The rows by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "FactRows":
        """The rows from tensors by name."""
        return cls(**{f.name: tensors[f.name] for f in fields(cls)})

    def one(self, row: int) -> "FactRows":
        """One row."""
        return FactRows(**{n: t[row : row + 1] for n, t in self.tensors().items()})

    def name_keys(self) -> SortedKeys:
        """The names of all rows."""
        longest = int(self.longest.max()) if len(self) else 1
        return SortedKeys.build(self.names, self.firsts, longest)

    def whole(self) -> "FactRows":
        """All rows."""
        return self

    def take(self, index: Int[Tensor, " m"]) -> "FactRows":
        """The chosen rows, in that order."""
        return FactRows(**{n: t[index] for n, t in self.tensors().items()})

    def canonical(self) -> "FactRows":
        """The rows in the order of their hashes: the same set gives the same tensors."""
        keys = [bytes(k) for k in self.key.numpy()]
        return self.take(torch.tensor(sorted(range(len(keys)), key=keys.__getitem__)).long())

    def hex_keys(self) -> list[str]:
        """The hashes as text."""
        return [bytes(k).hex() for k in self.key.numpy()]

    def codes(self, row: int) -> Float[Tensor, "count rank"]:
        """The readings of one fact in fp32."""
        return self.readings[row, : int(self.count[row])].float()


def join(parts: list[FactRows]) -> FactRows:
    """The rows of all parts."""
    names = parts[0].tensors()
    return FactRows.of({n: torch.cat([p.tensors()[n] for p in parts]) for n in names})


def empty_rows(rank: int) -> FactRows:
    """No facts, in the shapes of a calibration."""
    whole = torch.long
    return FactRows(
        torch.zeros(0, 16, dtype=torch.uint8),
        torch.zeros(0, dtype=whole),
        torch.zeros(0, NAMES, dtype=whole),
        torch.zeros(0, NAMES, dtype=whole),
        torch.zeros(0, dtype=whole),
        torch.zeros(0, READINGS, rank, dtype=torch.half),
        torch.zeros(0, dtype=whole),
        torch.zeros(0, STEPS, dtype=torch.int32),
        torch.zeros(0, SENTENCE, dtype=torch.int32),
    )


def padded(tokens: list[int], length: int) -> Int[Tensor, "1 length"]:
    """Tokens as one row."""
    row = tokens + [NO_TOKEN] * (length - len(tokens))
    return torch.tensor([row], dtype=torch.int32)


def content_hash(*parts: str) -> bytes:
    """16 bytes that depend on the parts and on where one ends and the next begins."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


ABOUT_SPEAKER = key_number(SPEAKER)
"""The subject of facts about whoever speaks."""
