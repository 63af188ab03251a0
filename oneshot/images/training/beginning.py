"""How a run begins: fresh, from another one's weights, or where it was stopped."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.model import TrainedModel
from oneshot.images.noprop.trainable import is_moment
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    has_checkpoint,
    make_folder,
    read_checkpoint,
)
from oneshot.images.training.parallel import read_joined

_LOGGER = logging.getLogger("oneshot.images.training")


@runtime_checkable
class Trainee(Protocol):
    """What the loop trains."""

    def step(
        self, images: UInt8[Tensor, "n c h w"], labels: Int64[Tensor, " n"], number: int
    ) -> Float[Tensor, " losses"]:
        """One optimiser step on a batch, with the randomness of that step number."""

    def set_learning_rate(self, rate: float) -> None:
        """Change the rate of the steps to come."""

    def tensors(self) -> dict[str, Tensor]:
        """All that a checkpoint holds, as live tensors."""

    def classifier(self) -> TrainedModel:
        """The model as it is now."""


@dataclass(frozen=True)
class Place:
    """Where checkpoints go, whether one that is there is gone on from, and which blocks they are.

    `blocks` is empty for a model that is whole. `keep_previous` keeps the checkpoint before the
    last one, for a run that other processes may be a checkpoint behind. A new run begins with the
    weights in `start`, where one is given, and with a fresh optimiser.
    """

    folder: Path | None = None
    resume: bool = False
    blocks: tuple[int, ...] = ()
    keep_previous: bool = False
    start: Path | None = None


def begin(trainee: Trainee, settings: TrainSettings, steps: int, place: Place) -> int:
    """Put into a model what its folder holds, or what it is to start from; the steps done.

    Raises CheckpointError where the folder and the wish to go on do not agree, or it holds another
    run.
    """
    folder, saved = place.folder, check_place(place, settings)
    if folder is None or saved is None:
        if place.start is not None:
            start_from(trainee, place.start)
        if folder is not None:
            make_folder(folder)
        return 0
    if saved.step > steps:
        raise CheckpointError(
            f"{folder} has done {saved.step:,} steps, {steps:,} were asked for; give more --epochs"
        )
    saved.copy_into(trainee.tensors())
    _LOGGER.info("goes on from step %d in %s", saved.step, folder)
    return saved.step


def check_place(place: Place, settings: TrainSettings) -> Checkpoint | None:
    """The checkpoint that is gone on from, if any.

    Raises CheckpointError where a run is to go on that is not there or is another one, or to start
    where one is.
    """
    there = place.folder is not None and has_checkpoint(place.folder)
    if place.resume and not there:
        raise CheckpointError(f"{place.folder} holds no checkpoint; leave --resume out to start")
    if there and not place.resume:
        raise CheckpointError(
            f"{place.folder} holds a checkpoint already; add --resume to go on or give another "
            "folder"
        )
    if place.folder is None or not place.resume:
        return None
    saved = read_checkpoint(place.folder)
    _check_same_run(place.folder, saved, settings, place)
    return saved


def _check_same_run(folder: Path, saved: Checkpoint, settings: TrainSettings, place: Place) -> None:
    """CheckpointError where going on would not be the same run."""
    if "rule" in saved.meta:
        raise CheckpointError(
            f"{folder} holds a model of rule {saved.meta['rule']}; "
            f"give --rule {saved.meta['rule']} or another --out"
        )
    if tuple(saved.meta.get("blocks", ())) != place.blocks:
        raise CheckpointError(f"{folder} holds other blocks; resume with as many processes")
    differing = settings.differences(TrainSettings.from_mapping(saved.meta["settings"]))
    if differing == ["epochs"]:
        raise CheckpointError(
            f"{folder} holds a run whose learning rate falls to zero over its own number of "
            f"epochs; to go on from it give --init-from {folder} and another --out"
        )
    if differing:
        raise CheckpointError(
            f"{folder} holds a run with another {', '.join(differing)}; "
            "resume with the settings it was started with"
        )


def start_from(trainee: Trainee, folder: Path) -> None:
    """Give a new model the weights of another run; its optimiser starts afresh.

    Raises CheckpointError, with nothing changed, where they are of another architecture.
    """
    saved, live = read_joined(folder), trainee.tensors()
    weights = {name: value for name, value in live.items() if not is_moment(name)}
    theirs = {name: value for name, value in saved.tensors.items() if not is_moment(name)}
    Checkpoint(saved.step, saved.meta, theirs).copy_into(weights)
