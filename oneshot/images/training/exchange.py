"""What processes of one run say to each other: the gradient of learned label embeddings, no more.

With fixed embeddings nothing is said, and no connection is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

from oneshot.errors import BadInputError, OneshotError
from oneshot.images.kinds import Embedding
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import (
    CheckpointError,
    has_checkpoint,
    read_checkpoint,
    step_back,
)
from oneshot.images.training.parallel import Rank


class PeerError(OneshotError):
    """Another process of the run is gone."""

    exit_code = 7


@dataclass(frozen=True)
class Exchange:
    """Sums over the processes of torchrun; use `exchanging` to have it opened and closed."""

    device: torch.device

    def add_up(self, gradient: Float[Tensor, "classes d"]) -> None:
        """Put the sum over all processes in the place of each one's; PeerError if one is gone."""
        self._reduce(gradient, dist.ReduceOp.SUM)

    def resume(self, folder: Path) -> None:
        """Go back, where needed, to the last step that every process has a checkpoint of.

        No process is more than one checkpoint ahead, because a step waits for all. Raises
        CheckpointError where one has none.
        """
        own = read_checkpoint(folder).step if has_checkpoint(folder) else 0
        common = torch.tensor(own, device=self.device)
        self._reduce(common, dist.ReduceOp.MIN)
        if not common:
            raise CheckpointError(
                "a process has no checkpoint yet; leave --resume out and give another folder"
            )
        step_back(folder, int(common))

    @staticmethod
    def _reduce(values: Tensor, by: dist.ReduceOp.RedOpType) -> None:
        try:
            dist.all_reduce(values, by)
        except RuntimeError as error:
            raise PeerError(
                "another process of this run has ended; start all of them again with --resume "
                f"({str(error).splitlines()[0]})"
            ) from error


@contextmanager
def exchanging(
    rank: Rank, settings: TrainSettings, device: torch.device
) -> Iterator[Exchange | None]:
    """The exchange of a run whose processes learn embeddings together; None where none is needed.

    Raises BadInputError where torchrun has not said how the others are reached.
    """
    if rank.world == 1 or settings.embedding is Embedding.ONE_HOT:
        yield None
        return
    try:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except (ValueError, RuntimeError) as error:
        raise BadInputError(
            f"learned embeddings are summed over processes, which did not find each other "
            f"({str(error).splitlines()[0]}); start them with torchrun"
        ) from error
    try:
        yield Exchange(device)
    finally:
        dist.destroy_process_group()
