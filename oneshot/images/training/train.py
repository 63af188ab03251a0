"""The training loop: batches in a fixed random order, checkpoints, and a result to classify with.

Everything random depends on (seed, step) alone, so a run that was killed and resumed is the same
run to the last bit.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from oneshot.errors import BadInputError, OneshotError, Stopped
from oneshot.images.data import ImageSet, holdout, random_crop, random_cutout
from oneshot.images.model import Progress, Report, TrainedModel, accuracy
from oneshot.images.noprop.draws import block_generator
from oneshot.images.settings import Pace, TrainSettings
from oneshot.images.training.beginning import Place, Trainee, begin
from oneshot.images.training.checkpoint import write_checkpoint

REPORT_EVERY = 10
"""Steps between two reports and looks at the losses."""

HELD_OUT = 1000
"""Test images that are looked at after each epoch."""

STEPS = 500
"""Steps between checkpoints of processes that wait for one another."""

_LOGGER = logging.getLogger("oneshot.images.training")


class TrainingError(OneshotError):
    """A loss that is not finite."""

    exit_code = 6


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
        _check_sizes(settings, images)
        self._pace = _pace(settings, place)
        self.done = begin(trainee, settings, self.steps, place)
        self._saved = time.monotonic()
        self._order: tuple[int, Tensor] | None = None
        # Mirrored in every second epoch: in two epochs each picture is seen both ways.
        device = images.train_images.device
        generator = block_generator(settings.seed, 0, "flip", 0, device)
        self._flips = torch.rand(count, generator=generator, device=device) < 0.5

    def train(self, report: Report, stop: Callable[[], bool] = lambda: False) -> TrainedModel:
        """Train to the end; raises TrainingError for a loss that is not finite.

        When `stop` says so, saves and raises Stopped after the step that is under way.
        """
        losses: list[Tensor] = []
        since = time.perf_counter()
        while self.done < self.steps:
            losses.append(self._step())
            self.done += 1
            whole = self.done % self.steps_per_epoch == 0  # an epoch, and so at the run's end
            if self.done % REPORT_EVERY == 0 or whole:
                self._report(report, losses, time.perf_counter() - since, whole)
                losses, since = [], time.perf_counter()
            if self._due():
                self.save(losses)
            elif stop():
                self.save(losses)
                raise Stopped(
                    f"stopped after {self.done:,} of {self.steps:,} steps; "
                    "all is saved: give the same command with --resume to go on"
                )
        return self.trainee.classifier()

    def _due(self) -> bool:
        """Whether it is time for a checkpoint."""
        if self.done == self.steps:
            return True
        if self._pace.steps is not None:
            return self.done % self._pace.steps == 0
        return time.monotonic() - self._saved >= (self._pace.seconds or 0.0)

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
            _LOGGER.debug("step %d is saved in %s", self.done, self.place.folder)
        self._saved = time.monotonic()

    def _step(self) -> Tensor:
        settings, number = self.settings, self.done
        if settings.anneal:
            self.trainee.set_learning_rate(settings.learning_rate * (1 - number / self.steps))
        epoch, position = divmod(number, self.steps_per_epoch)
        chosen = self._epoch_order(epoch)[position * self.batch : (position + 1) * self.batch]
        images, labels = self.images.train_images[chosen], self.images.train_labels[chosen]
        generator = block_generator(settings.seed, 0, "augment", number, images.device)
        if settings.flip:
            flips = self._flips[chosen] ^ bool(epoch % 2)
            images = torch.where(flips[:, None, None, None], images.flip(3), images)
        if settings.shift:
            images = random_crop(images, settings.shift, generator)
        if settings.cutout:
            images = random_cutout(images, settings.cutout, generator)
        return self.trainee.step(images, labels, number)

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            device = self.images.train_labels.device
            generator = block_generator(self.settings.seed, 0, "order", epoch, device)
            count = len(self.images.train_labels)
            self._order = epoch, torch.randperm(count, generator=generator, device=device)
        return self._order[1]

    def _report(
        self, report: Report, losses: list[Tensor], seconds: float, milestone: bool
    ) -> None:
        self._check(losses)
        mean = torch.stack(losses).mean(0).tolist()
        names = self.place.blocks or range(1, len(mean) + 1)
        figures = {f"loss {name}": loss for name, loss in zip(names, mean, strict=True)}
        figures["images/s"] = len(losses) * self.batch / max(seconds, 1e-9)
        if milestone:
            figures["epoch"] = self.done // self.steps_per_epoch
            if not self.place.blocks:  # some blocks alone name nothing
                figures["accuracy"] = self._held_out()
        report(Progress("train", self.done, self.steps, figures, milestone))

    def _held_out(self) -> float:
        """The accuracy on some of the test images."""
        test = self.images.test_images[:HELD_OUT], self.images.test_labels[:HELD_OUT]
        return accuracy(self.trainee.classifier(), *test)

    def _check(self, losses: list[Tensor]) -> None:
        if losses and not bool(torch.stack(losses).isfinite().all()):
            raise TrainingError(
                f"a loss was not finite near step {self.done:,}; nothing was overwritten: "
                "give a smaller --learning-rate or --precision float32"
            )


def _check_sizes(settings: TrainSettings, images: ImageSet) -> None:
    most = min(images.shape[1:]) // 2
    for name in ("shift", "cutout"):
        if getattr(settings, name) > most:
            came = f"{name} = {getattr(settings, name)} came"
            raise BadInputError(f"{came}; give at most {most}, half a picture")


def _pace(settings: TrainSettings, place: Place) -> Pace:
    """By steps alone where processes have to find a step that all of them have saved."""
    wanted = Pace.of(str(settings.save_every))
    return Pace(STEPS, None) if place.keep_previous and wanted.steps is None else wanted
