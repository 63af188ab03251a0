"""Blocks spread over processes.

With fixed label embeddings no block needs anything of another one while it is trained, so each
process of `torchrun` trains its own blocks into a folder of its own, and may be killed and resumed
alone. What they wrote is joined when it is read. All randomness depends on the block, so the joined
chain is that of one process, with as many threads, to the last bit. What learned embeddings need is
in `exchange`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from oneshot.errors import BadInputError
from oneshot.images.training.checkpoint import (
    INDEX,
    Checkpoint,
    CheckpointError,
    has_checkpoint,
    read_checkpoint,
)


@dataclass(frozen=True)
class Rank:
    """One of `world` processes, counted from 0."""

    rank: int
    world: int

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "Rank":
        """What torchrun says; the only process where it says nothing.

        Raises BadInputError for numbers that cannot be.
        """
        try:
            rank = int(environment.get("RANK", "0"))
            world = int(environment.get("WORLD_SIZE", "1"))
        except ValueError as error:
            raise BadInputError(f"RANK or WORLD_SIZE is no number ({error})") from error
        if not 0 <= rank < world:
            raise BadInputError(f"RANK {rank} of WORLD_SIZE {world} came; give 0 to {world - 1}")
        return cls(rank, world)

    def blocks(self, T: int) -> tuple[int, ...]:
        """The blocks, of 1 to T, that this process trains: neighbours, as many as the others'.

        Raises BadInputError where there are more processes than blocks.
        """
        if self.world > T:
            raise BadInputError(f"{self.world} processes came for {T} blocks; give no more")
        first, last = (rank * T // self.world for rank in (self.rank, self.rank + 1))
        return tuple(range(first + 1, last + 1))

    def folder(self, out: Path) -> Path:
        """Where this process writes."""
        return out if self.world == 1 else out / f"blocks-{self.rank}"

    def finished_last(self, out: Path, steps: int) -> bool:
        """Whether all processes have written their last checkpoint, and this one after the others.

        Of processes that end at once, one and only one finds that it was the last.
        """
        folders = [Rank(rank, self.world).folder(out) for rank in range(self.world)]
        if not all(has_checkpoint(f) and read_checkpoint(f).step == steps for f in folders):
            return False
        written = [(folder / INDEX).stat().st_mtime_ns for folder in folders]
        return max(range(self.world), key=lambda rank: (written[rank], rank)) == self.rank


def local_device(device: torch.device, environment: Mapping[str, str] = os.environ) -> torch.device:
    """The CUDA device of this process's own, where torchrun says one and none was named."""
    if device.type != "cuda" or device.index is not None:
        return device
    return torch.device("cuda", int(environment.get("LOCAL_RANK", "0")))


def read_joined(folder: Path) -> Checkpoint:
    """The checkpoint of a folder, put together where several processes wrote it.

    Raises CheckpointError where the parts are of different runs or steps, or blocks are missing.
    """
    parts = [path.parent for path in sorted(folder.glob("blocks-*/checkpoint.json"))]
    if has_checkpoint(folder) or not parts:
        return read_checkpoint(folder)
    saved = sorted(map(read_checkpoint, parts), key=lambda part: part.meta["blocks"])
    first = saved[0]
    blocks = [block for part in saved for block in part.meta["blocks"]]
    wanted = list(range(1, int(first.meta["settings"]["T"]) + 1))
    if blocks != wanted:
        raise CheckpointError(f"{folder} holds blocks {blocks} of {wanted}; train the others")
    for part in saved[1:]:
        if (part.step, part.meta["settings"]) != (first.step, first.meta["settings"]):
            raise CheckpointError(f"the parts in {folder} are not of one run; resume them all")
    return Checkpoint(first.step, first.meta, _stacked(saved))


def _stacked(parts: list[Checkpoint]) -> dict[str, torch.Tensor]:
    tensors = {name: value for part in parts for name, value in part.tensors.items()}
    for name in tensors:
        if name.startswith("blocks."):
            tensors[name] = torch.cat([part.tensors[name] for part in parts])
    return tensors
