"""Train an image host on base classes: every block alone, by its own label readout.

    python -m experiments.classes.hosts.train CONFIG --minutes 11 --device cuda

goes on where it stopped and, once all epochs are done, writes the frozen chain to
runs/classes/NAME/frozen and the record. No gradient passes from one block to another.
"""

import argparse
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.classes.protocols.splits import base_classes
from experiments.record import run_recorded
from oneshot.errors import BadInputError
from oneshot.images.data import (
    channel_statistics,
    normalise,
    random_crop,
    random_cutout,
    random_flip,
)
from oneshot.images.features.feature_chain import (
    FeatureChain,
    FeatureChainSettings,
    save_feature_chain,
    trainable_blocks,
)
from oneshot.images.noprop.draws import block_generator
from oneshot.images.sets.loading import load_images
from oneshot.images.training.checkpoint import has_checkpoint, read_checkpoint, write_checkpoint

RUNS = Path("runs/classes")


@dataclass(frozen=True)
class HostTraining:
    """How a host is trained: on `base` classes of `dataset`, by SGD with one cycle of its rate.

    `together` blocks at a time share a readout and a gradient; with one no gradient leaves a block.
    """

    dataset: str
    base: int
    epochs: int
    widths: Sequence[int] = FeatureChainSettings().widths
    together: int = 1
    rate: float = 0.1
    batch: int = 128
    decay: float = 5e-4
    smoothing: float = 0.1
    cutout: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        stages = len(self.widths)
        if self.together < 1 or stages % self.together:
            raise BadInputError(
                f"{stages} widths came in blocks of {self.together}; give a divisor of {stages}"
            )


class Trainer:
    """The blocks with their readouts, one optimiser for all, and the epochs done."""

    def __init__(self, images: Tensor, labels: Tensor, classes: int, options: HostTraining) -> None:
        torch.manual_seed(options.seed)
        self.images, self.labels, self.options = images, labels, options
        self.settings = FeatureChainSettings(options.widths)
        self.statistics = channel_statistics(images)
        self.blocks = trainable_blocks(self.settings)
        self.readouts = {
            n: nn.Linear(4 * width, classes)
            for n, width in enumerate(self.settings.widths)
            if (n + 1) % options.together == 0
        }
        self.modules = nn.ModuleList([*self.blocks, *self.readouts.values()]).to(images.device)
        self.optimiser = torch.optim.SGD(
            self.modules.parameters(),
            lr=0.0,
            momentum=0.9,
            weight_decay=options.decay,
            nesterov=True,
        )
        self.epoch, self.losses, self.seconds = 0, list[float](), 0.0

    def live(self) -> dict[str, Tensor]:
        """What a checkpoint holds: weights, running statistics and momenta."""
        state = dict(self.modules.state_dict())
        for name, parameter in self.modules.named_parameters():
            slot = self.optimiser.state[parameter]
            state[f"momentum.{name}"] = slot.setdefault(
                "momentum_buffer", torch.zeros_like(parameter)
            )
        return state

    def run_epoch(self) -> None:
        """Once through the images; the draws depend on the seed and the epoch alone."""
        generator = block_generator(self.options.seed, 0, "host", self.epoch, self.images.device)
        order = torch.randperm(len(self.images), generator=generator, device=self.images.device)
        parts, total = torch.split(order, self.options.batch), torch.zeros((), device=order.device)
        for number, rows in enumerate(parts):
            share = (self.epoch + number / len(parts)) / self.options.epochs
            self.optimiser.param_groups[0]["lr"] = self.options.rate * one_cycle(share)
            images = random_crop(random_flip(self.images[rows], generator), 4, generator)
            if self.options.cutout:
                images = random_cutout(images, self.options.cutout, generator)
            total += self._step(normalise(images, self.statistics), self.labels[rows])
        self.epoch += 1
        self.losses.append(round(float(total) / len(parts), 4))

    def _step(self, maps: Tensor, labels: Tensor) -> Tensor:
        maps = maps.contiguous(memory_format=torch.channels_last)
        for n, block in enumerate(self.blocks):
            with torch.autocast(maps.device.type, torch.bfloat16):
                maps = block(maps)
                if n not in self.readouts:
                    continue
                scores = self._scores(n, maps).float()
            loss = nn.functional.cross_entropy(
                scores, labels, label_smoothing=self.options.smoothing
            )
            loss.backward()
            maps = maps.detach()
        self.optimiser.step()
        self.optimiser.zero_grad()
        return loss.detach()

    def _scores(self, number: int, maps: Tensor) -> Tensor:
        scores: Tensor = self.readouts[number](
            nn.functional.adaptive_avg_pool2d(maps, 2).flatten(1)
        )
        return scores

    def frozen(self) -> FeatureChain:
        """The host as it stands."""
        return FeatureChain(
            [block.folded() for block in self.blocks], self.statistics.cpu(), self.settings
        )

    @torch.no_grad()
    def accuracy(self, images: Tensor, labels: Tensor) -> list[float]:
        """Share of the images that each readout classifies right."""
        self.modules.eval()
        right = dict.fromkeys(self.readouts, 0)
        for rows in torch.split(torch.arange(len(images), device=images.device), 250):
            maps = normalise(images[rows], self.statistics)
            maps = maps.contiguous(memory_format=torch.channels_last)
            for n, block in enumerate(self.blocks):
                maps = block(maps)
                if n in self.readouts:
                    right[n] += int((self._scores(n, maps).argmax(1) == labels[rows]).sum())
        self.modules.train()
        return [round(count / len(images), 4) for count in right.values()]


def one_cycle(share: float) -> float:
    """The learning rate's factor: a rise over a fifth of the training, then a fall to zero."""
    return share / 0.2 if share < 0.2 else (1 - share) / 0.8


def train(trainer: Trainer, folder: Path, minutes: float) -> bool:
    """Epochs until all are done (True) or the time is up, with a checkpoint after each."""
    if has_checkpoint(folder):
        saved = read_checkpoint(folder)
        saved.copy_into(trainer.live())
        trainer.epoch, trainer.losses = saved.step, saved.meta["losses"]
        trainer.seconds = saved.meta["seconds"]
    before, began = trainer.seconds, time.monotonic()
    while trainer.epoch < trainer.options.epochs and trainer.seconds - before < 60 * minutes:
        trainer.run_epoch()
        trainer.seconds = round(before + time.monotonic() - began, 1)
        meta = {"losses": trainer.losses, "seconds": trainer.seconds}
        write_checkpoint(folder, trainer.epoch, meta, trainer.live())
        print(trainer.epoch, trainer.losses[-1], f"{trainer.seconds:.0f} s", flush=True)
    return trainer.epoch == trainer.options.epochs


def main() -> None:
    """Train, and record once done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--minutes", type=float, default=11)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = tomllib.loads(arguments.config.read_text("utf-8"))
    options = HostTraining(**config)
    images = load_images(options.dataset, arguments.data, torch.device(arguments.device))
    base = base_classes(images.classes, options.base)
    place = torch.full((images.classes,), -1, device=images.train_labels.device)
    place[base] = torch.arange(len(base), device=place.device)
    of_train, of_test = place[images.train_labels], place[images.test_labels]
    trainer = Trainer(
        images.train_images[of_train >= 0], of_train[of_train >= 0], len(base), options
    )
    folder = RUNS / arguments.config.stem
    if not train(trainer, folder, arguments.minutes):
        return

    def measured() -> dict[str, Any]:
        save_feature_chain(folder / "frozen", trainer.frozen())
        return {
            "base_test_accuracy_of_each_block": trainer.accuracy(
                images.test_images[of_test >= 0], of_test[of_test >= 0]
            ),
            "base_classes": base.tolist(),
            "training_seconds": trainer.seconds,
            "losses": trainer.losses,
        }

    print(run_recorded(arguments.config.stem, config, [arguments.config], measured))


if __name__ == "__main__":
    main()
