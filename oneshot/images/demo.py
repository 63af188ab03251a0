"""What `oneshot image demo` shows: two blocks of NoProp-DT, and two blocks in closed form."""

import time
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from oneshot.images.build import new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.model import Classifier, Report, accuracy
from oneshot.images.planning import quick_precision, seconds_per_step
from oneshot.images.rules.ridge import train
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.sets.loading import load_images
from oneshot.images.settings import TrainSettings
from oneshot.images.trained import Walkable
from oneshot.images.training.beginning import Place
from oneshot.images.training.train import Run

CPU = torch.device("cpu")
CHAIN = TrainSettings.from_mapping(
    {"block": "air", "T": 2, "epochs": 1, "batch": 250, "precision": quick_precision(CPU)}
)
STEPS, PATIENCE = 32, 20.0
"""Steps of the modern blocks, and about how many seconds they may take."""

LEAST, MOST = 32, 250
"""Pictures in a batch: on a slow machine, and where there is time."""

RIDGE = RidgeSettings(blocks=2, filters=128, cells=3, mirror=False)
SHOWN = 6


@dataclass(frozen=True)
class Result:
    """The test accuracy of one short training, on n images."""

    what: str
    images: int
    test_accuracy: float
    n: int
    seconds: float


@dataclass(frozen=True)
class Denoised:
    """Labels being denoised: for each test image the class scores of z_0 (noise) to z_T."""

    images: UInt8[Tensor, "n 1 h w"]
    labels: Int64[Tensor, " n"]
    z: Float[Tensor, "n T_plus_1 classes"]


def load_demo() -> ImageSet:
    """The first MNIST images, as many as this machine can train on in PATIENCE, with more to test.

    8,000 and all test images where it is quick, at least 1,024 of them and 1,280.
    """
    whole = load_images("mnist", None, CPU)
    each = seconds_per_step(replace(CHAIN, batch=LEAST), whole) / LEAST
    count = STEPS * min(max(int(PATIENCE / each / STEPS), LEAST), MOST)
    return whole.first(count, count * len(whole.test_labels) // (STEPS * MOST))


def train_blocks(images: ImageSet, report: Report) -> tuple[Result, Denoised]:
    """Train two modern blocks of NoProp-DT for an epoch, each alone, and let them denoise."""
    began = time.perf_counter()
    settings = replace(CHAIN, batch=len(images.train_labels) // STEPS)
    trainee = new_trainee(settings, images)
    classifier = Run(trainee, images, settings, Place()).train(report)
    assert isinstance(trainee, Walkable), "method dt is a chain"
    result = _result("two modern blocks of NoProp-DT, one epoch", images, classifier, began)
    picked = [int((images.test_labels == label).nonzero()[0]) for label in range(SHOWN)]
    walker = trainee.walker(torch.Generator().manual_seed(0))
    z = (walker.states(images.test_images[picked]) @ walker.table.T).transpose(0, 1)
    return result, Denoised(images.test_images[picked], images.test_labels[picked], z)


def train_ridge(images: ImageSet, report: Report) -> Result:
    """Solve two blocks in closed form on whitened patches, no gradient anywhere."""
    began = time.perf_counter()
    classifier = train(images, RIDGE, report)
    return _result("two blocks in closed form, no gradient", images, classifier, began)


def _result(what: str, images: ImageSet, classifier: Classifier, began: float) -> Result:
    right = accuracy(classifier, images.test_images, images.test_labels)
    count, n = len(images.train_labels), len(images.test_labels)
    return Result(what, count, right, n, time.perf_counter() - began)
