"""The training loop: batches in a fixed random order, checkpoints, and a result to classify with.

Everything random depends on (seed, step) alone, so a run that was killed and resumed is the same
run to the last bit.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.errors import BadInputError, OneshotError
from oneshot.images.data import ImageSet, holdout, random_crop, random_flip
from oneshot.images.model import Classifier, Progress, Report
from oneshot.images.noprop.draws import block_generator
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import (
    CheckpointError,
    has_checkpoint,
    make_folder,
    read_checkpoint,
    write_checkpoint,
)

REPORT_EVERY = 10
"""Steps between two reports and looks at the losses."""


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

    def classifier(self) -> Classifier:
        """The model as it is now."""


class TrainingError(OneshotError):
    """A loss that is not finite."""

    exit_code = 6


class Interrupted(OneshotError):  # noqa: N818  no error but a wish
    """Training was asked to stop; all of it is saved."""

    exit_code = 130


@dataclass(frozen=True)
class Place:
    """Where checkpoints go, whether one that is there is gone on from, and which blocks they are.

    `blocks` is empty for a model that is whole. `keep_previous` keeps the checkpoint before the
    last one, for a run that other processes may be a checkpoint behind.
    """

    folder: Path | None = None
    resume: bool = False
    blocks: tuple[int, ...] = ()
    keep_previous: bool = False


def prepared(images: ImageSet, settings: TrainSettings) -> ImageSet:
    """The set that the run sees: cut to its first images, with a holdout where one is asked for."""
    if settings.train_images:
        images = images.first(settings.train_images, len(images.test_labels))
    if settings.holdout:
        device = torch.device("cpu")
        # Not the run's seed: every run of an experiment chooses on the same images.
        generator = block_generator(0, 0, "holdout", 0, device)
        images = holdout(images, settings.holdout, generator)
    return images


class Run:
    """A training run that goes on from the number of steps it has done."""

    def __init__(
        self, trainee: Trainee, images: ImageSet, settings: TrainSettings, place: Place
    ) -> None:
        self.trainee, self.images, self.settings, self.place = trainee, images, settings, place
        count = len(images.train_labels)
        if count < 2:
            raise BadInputError("one training image came; give at least 2, as a batch needs them")
        self.batch = min(settings.batch, count)
        self.steps_per_epoch = count // self.batch
        self.steps = self.steps_per_epoch * settings.epochs
        self.done = self._resumed()
        self._order: tuple[int, Tensor] | None = None

    def train(self, report: Report, stop: Callable[[], bool] = lambda: False) -> Classifier:
        """Train to the end; raises TrainingError for a loss that is not finite.

        When `stop` says so, saves and raises Interrupted after the step that is under way.
        """
        losses: list[Tensor] = []
        since = time.perf_counter()
        while self.done < self.steps:
            losses.append(self._step())
            self.done += 1
            last = self.done == self.steps
            if self.done % REPORT_EVERY == 0 or last:
                seconds, since = time.perf_counter() - since, time.perf_counter()
                self._report(report, losses, seconds)
                losses = []
            if self.done % self.settings.save_every == 0 or last:
                self.save(losses)
            elif stop():
                self.save(losses)
                raise Interrupted(
                    f"stopped after {self.done:,} of {self.steps:,} steps; "
                    "all is saved: give the same command with --resume to go on"
                )
        return self.trainee.classifier()

    def save(self, losses: list[Tensor]) -> None:
        """Write a checkpoint, unless a loss since the last look is not finite."""
        self._check(losses)
        if self.place.folder is not None:
            inputs = asdict(self.images.inputs)
            meta: dict[str, Any] = {"settings": self.settings.plain(), "inputs": inputs}
            if self.place.blocks:
                meta["blocks"] = list(self.place.blocks)
            live, keep = self.trainee.tensors(), self.place.keep_previous
            write_checkpoint(self.place.folder, self.done, meta, live, keep_previous=keep)

    def _step(self) -> Tensor:
        settings, number = self.settings, self.done
        if settings.anneal:
            self.trainee.set_learning_rate(settings.learning_rate * (1 - number / self.steps))
        epoch, position = divmod(number, self.steps_per_epoch)
        chosen = self._epoch_order(epoch)[position * self.batch : (position + 1) * self.batch]
        images, labels = self.images.train_images[chosen], self.images.train_labels[chosen]
        generator = block_generator(settings.seed, 0, "augment", number, images.device)
        if settings.flip:
            images = random_flip(images, generator)
        if settings.shift:
            images = random_crop(images, settings.shift, generator)
        return self.trainee.step(images, labels, number)

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            device = self.images.train_labels.device
            generator = block_generator(self.settings.seed, 0, "order", epoch, device)
            count = len(self.images.train_labels)
            self._order = epoch, torch.randperm(count, generator=generator, device=device)
        return self._order[1]

    def _report(self, report: Report, losses: list[Tensor], seconds: float) -> None:
        self._check(losses)
        mean = torch.stack(losses).mean(0).tolist()
        names = self.place.blocks or range(1, len(mean) + 1)
        figures = {f"loss {name}": loss for name, loss in zip(names, mean, strict=True)}
        figures["images/s"] = len(losses) * self.batch / max(seconds, 1e-9)
        report(Progress("train", self.done, self.steps, figures))

    def _check(self, losses: list[Tensor]) -> None:
        if losses and not bool(torch.stack(losses).isfinite().all()):
            raise TrainingError(
                f"a loss was not finite near step {self.done:,}; nothing was overwritten: "
                "give a smaller --learning-rate or --precision float32"
            )

    def _resumed(self) -> int:
        folder = self.place.folder
        if folder is None or not has_checkpoint(folder):
            if self.place.resume:
                raise CheckpointError(f"{folder} holds no checkpoint; leave --resume out to start")
            if folder is not None:
                make_folder(folder)
            return 0
        if not self.place.resume:
            raise CheckpointError(
                f"{folder} holds a checkpoint already; add --resume to go on or give another folder"
            )
        saved = read_checkpoint(folder)
        if "rule" in saved.meta:
            raise CheckpointError(
                f"{folder} holds a model of rule {saved.meta['rule']}; give --rule with it"
            )
        if tuple(saved.meta.get("blocks", ())) != self.place.blocks:
            raise CheckpointError(f"{folder} holds other blocks; resume with as many processes")
        differing = self.settings.differences(TrainSettings.from_mapping(saved.meta["settings"]))
        if differing:
            raise CheckpointError(
                f"{folder} holds a run with another {', '.join(differing)}; "
                "resume with the settings it was started with"
            )
        saved.copy_into(self.trainee.tensors())
        return saved.step
