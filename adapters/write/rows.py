"""A set of facts as rows of weights; each row is a function of host and fact alone."""

import hashlib
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

ANSWER_TOKENS = 16
STEPS = ANSWER_TOKENS + 2  # the sentence's stop and the end of the text
NO_TOKEN = -1


@dataclass(frozen=True)
class FactRows:
    """n facts: content hash, whom it is about, entity codes, relation codes, answer tokens.

    `ends_here` marks names that the ending detector takes to go on where the taught prompt shows
    that they end: it is not asked about them again.
    """

    key: UInt8[Tensor, "n 16"]
    subject: Int[Tensor, " n"]
    size: Int[Tensor, " n"]
    ends_here: Bool[Tensor, " n"]
    entity: Float[Tensor, "n enrolments rank"]
    relation: Float[Tensor, "n sites width"]
    novel: Bool[Tensor, "n sites"]
    answer: Int[Tensor, "n steps"]

    def __len__(self) -> int:
        return len(self.key)

    def tensors(self) -> dict[str, Tensor]:
        """The rows by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "FactRows":
        """The rows from tensors by name."""
        return cls(**{f.name: tensors[f.name] for f in fields(cls)})

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


def join(parts: list[FactRows]) -> FactRows:
    """The rows of all parts."""
    names = parts[0].tensors()
    return FactRows.of({n: torch.cat([p.tensors()[n] for p in parts]) for n in names})


def empty_rows(enrolments: int, rank: int, sites: int, width: int) -> FactRows:
    """No facts, in the shapes of a calibration."""
    return FactRows(
        torch.zeros(0, 16, dtype=torch.uint8),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, dtype=torch.bool),
        torch.zeros(0, enrolments, rank),
        torch.zeros(0, sites, width),
        torch.zeros(0, sites, dtype=torch.bool),
        torch.zeros(0, STEPS, dtype=torch.long),
    )


def content_hash(*parts: str) -> bytes:
    """16 bytes that depend on the parts and on where one ends and the next begins."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def subject_group(subject: str) -> int:
    """A number that the facts on one subject share."""
    return int.from_bytes(content_hash(subject)[:8], "little", signed=True)
