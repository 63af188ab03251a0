"""What a trained run is measured by: once on the test images, on some training images too."""

import time
from typing import Any

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from oneshot.images.air.chain import AirChain
from oneshot.images.air.walker import MeanOfBlocks
from oneshot.images.data import ImageSet
from oneshot.images.model import accuracy, batches
from oneshot.images.noprop.chain import Chain
from oneshot.images.training.beginning import Trainee

DRAWS, TRAINED_ON = 3, 10_000
"""Evaluations with sampled noise, whose accuracies are averaged; training images looked at."""

Labelled = tuple[UInt8[Tensor, "n c h w"], Int64[Tensor, " n"]]


def measured(trainee: Trainee, images: ImageSet) -> dict[str, Any]:
    """Accuracies of a run, noise-free and sampled as in the paper, and of its parts alone."""
    test = images.test_images, images.test_labels
    trained_on = images.train_images[:TRAINED_ON], images.train_labels[:TRAINED_ON]
    started = time.perf_counter()
    found: dict[str, Any] = {"test_accuracy": accuracy(trainee.classifier(), *test)}
    found["seconds_per_1000_images"] = (time.perf_counter() - started) / len(test[1]) * 1000
    found["train_accuracy"] = accuracy(trainee.classifier(), *trained_on)
    if isinstance(trainee, Chain):
        found |= _of_paper_blocks(trainee, test)
    if isinstance(trainee, AirChain):
        found |= _of_modern_blocks(trainee, test)
    return found


def _of_paper_blocks(chain: Chain, test: Labelled) -> dict[str, Any]:
    generators = [torch.Generator(test[0].device).manual_seed(draw) for draw in range(DRAWS)]
    sampled = [accuracy(chain.classifier(generator), *test) for generator in generators]
    return {
        "test_accuracy_sampled": sum(sampled) / DRAWS,
        "test_accuracy_block_1": accuracy(chain.walker().first(1), *test),
    }


def _of_modern_blocks(chain: AirChain, test: Labelled) -> dict[str, Any]:
    """All from one pass of the trunks."""
    images, labels = test
    walker = chain.walker()
    parts = [walker.codes(part) for part in batches(images)]
    codes = {t: torch.cat([part[t] for part in parts]) for t in parts[0]}
    along = [_share(scores, labels) for scores in walker.scores_along(codes)]
    generators = [torch.Generator(images.device).manual_seed(draw) for draw in range(DRAWS)]
    sampled = [chain.walker(g).scores_along(codes)[-1] for g in generators]
    with torch.no_grad():
        zero = torch.zeros(len(labels), walker.shape.classes, device=images.device)
        alone = [block.head(codes[t], zero) for t, block in chain.blocks.items()]
    return {
        "test_accuracy_after_blocks": along,
        "test_accuracy_of_blocks_alone": [_share(scores, labels) for scores in alone],
        "test_accuracy_block_1": along[0],
        "test_accuracy_mean_of_blocks": _share(MeanOfBlocks(walker).mean_of(codes), labels),
        "test_accuracy_sampled": sum(_share(scores, labels) for scores in sampled) / DRAWS,
    }


def _share(scores: Tensor, labels: Tensor) -> float:
    return float((scores.argmax(1) == labels).double().mean())
