"""How sure a trained model is, and what its pictures look like: measured on held-out pictures."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from oneshot.files.durable import write_atomically
from oneshot.images.data import ImageSet
from oneshot.images.model import TrainedModel, batches

FILE, FORMAT = "calibration.safetensors", 1

DARK = 0.3
"""Mean brightness of training pictures below which their ground is taken to be black."""

BINS = 15

_SIDE, _AXES = 14, 32
_LOOKED_AT = 10_000
_KEPT = 2000
_USUAL = 0.998
"""Share of held-out pictures that are to lie within each limit, before the slack."""

_SLACK = 1.05
_TEMPERATURES = torch.logspace(-3, 1.5, 181, dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Likeness:
    """Training pictures on their principal axes, and how far held-out ones lie from them."""

    centre: Float[Tensor, " p"]
    axes: Float[Tensor, "p k"]
    deviations: Float[Tensor, " k"]
    known: Float[Tensor, "n k"]
    limits: Float[Tensor, " 3"]

    @classmethod
    def fitted(cls, train: UInt8[Tensor, "n c h w"], held: UInt8[Tensor, "m c h w"]) -> "Likeness":
        """From training pictures, with limits from others of the same kind."""
        rows = _small(train[:_LOOKED_AT])
        centre, k = rows.mean(0), min(_AXES, len(rows), rows.shape[1])
        variances, vectors = torch.linalg.eigh(torch.cov(rows.T))
        axes = vectors[:, -k:].contiguous()
        deviations = variances[-k:].clamp_min(1e-6).sqrt()
        known = ((rows - centre) @ axes)[:_KEPT].contiguous()
        found = cls(centre, axes, deviations, known, torch.ones(3))
        far = found.distances(held[:_LOOKED_AT]).quantile(_USUAL, 0)
        far = torch.where(far > 0, far * _SLACK, far / _SLACK)
        return cls(centre, axes, deviations, known, far)

    def distances(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n 3"]:
        """To the nearest training picture, off the axes, and less what there is to see at all."""
        rows = _small(images) - self.centre
        along = rows @ self.axes
        nearest = torch.cdist(along, self.known).min(1).values
        off = (rows - along @ self.axes.T).norm(dim=1)
        return torch.stack([nearest, off, -(along / self.deviations).norm(dim=1)], 1)

    def is_strange(self, images: UInt8[Tensor, "n c h w"]) -> Bool[Tensor, " n"]:
        """Which pictures are unlike those that the model was trained on."""
        return (self.distances(images) > self.limits).any(1)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is known of a model beside its weights.

    `temperature` divides the last block's scores; it is fitted on half of the test pictures, and
    `error` is the expected calibration error on the other half, of `n` pictures.
    """

    temperature: float
    error: float
    n: int
    dark: bool
    likeness: Likeness
    step: int = 0
    """The checkpoint that it belongs to."""

    def save(self, folder: Path) -> None:
        """Write it beside the checkpoint."""
        like = self.likeness
        tensors = {
            "centre": like.centre,
            "axes": like.axes,
            "deviations": like.deviations,
            "known": like.known,
            "limits": like.limits,
            "numbers": torch.tensor(
                [self.temperature, self.error, self.n, self.dark, self.step], dtype=torch.float64
            ),
        }
        write_atomically(folder / FILE, save(tensors, {"format": str(FORMAT)}))


def calibrate(model: TrainedModel, images: ImageSet, step: int) -> Calibration:
    """Measure a model that was trained on the set's training pictures."""
    scores, labels = _scores(model, images.test_images), images.test_labels.cpu()
    half = torch.arange(len(labels)) % 2 == 0
    temperature = best_temperature(scores[half], labels[half])
    rest = ~half if bool((~half).any()) else half
    error = calibration_error((scores[rest] / temperature).softmax(1), labels[rest])
    likeness = Likeness.fitted(images.train_images, images.test_images)
    dark = float(images.train_images[:_LOOKED_AT].float().mean()) / 255 < DARK
    return Calibration(temperature, error, int(rest.sum()), dark, likeness, step)


def read_calibration(folder: Path, step: int) -> Calibration | None:
    """What was measured of the folder's checkpoint; None where nothing, or of another one."""
    try:
        with safe_open(folder / FILE, "pt") as file:
            if int(file.metadata()["format"]) > FORMAT:
                return None
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        temperature, error, n, dark, measured = found.pop("numbers").tolist()
        if int(measured) != step:
            return None
        return Calibration(temperature, error, int(n), bool(dark), Likeness(**found), step)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def best_temperature(scores: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]) -> float:
    """The temperature under which the labels are the likeliest."""
    losses = [torch.nn.functional.cross_entropy(scores.double() / t, labels) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(torch.stack(losses).argmin())])


def calibration_error(
    probabilities: Float[Tensor, "n classes"], labels: Int64[Tensor, " n"]
) -> float:
    """The expected calibration error: how far shares of right answers lie from what was said."""
    said, named = probabilities.double().max(1)
    right = (named == labels).double()
    places = (said * BINS).long().clamp_max(BINS - 1)
    gaps = torch.zeros(BINS, dtype=torch.float64).index_add_(0, places, right - said)
    return float(gaps.abs().sum() / max(len(labels), 1))


def _scores(model: TrainedModel, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([model.block_scores(part)[-1].float().cpu() for part in batches(images)])


def _small(images: Tensor) -> Float[Tensor, "n p"]:
    """Pictures averaged down to a few pixels, as rows of 0..1 on the CPU."""
    shrunk = torch.nn.functional.adaptive_avg_pool2d(images.float() / 255, _SIDE)
    return shrunk.flatten(1).cpu()
