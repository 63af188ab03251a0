"""What frozen hosts give of whole image sets, computed once and kept under runs/classes.

    python -m experiments.classes.hosts.features chain cifar100 tinyimagenet --data DIR

`chain` is the host that ships, trained on half of CIFAR-100's classes; `patches` is fitted on
CIFAR-10's pixels without labels, so that it knows no class at all, and `patches-cifar100` on
CIFAR-100's, for classes of CIFAR-10.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor

from experiments.classes.hosts.patches import PatchHost, fit_patch_host
from oneshot.classes.hosts.images import packaged_folder
from oneshot.images.features.feature_chain import FeatureChain, load_feature_chain
from oneshot.images.sets.loading import load_images

RUNS = Path("runs/classes")
SHIPPED = packaged_folder()
CPU = torch.device("cpu")

_PIECE = 2000


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features in fp32 and labels of both splits of an image set."""

    train: Float[Tensor, "n width"]
    train_labels: Int64[Tensor, " n"]
    test: Float[Tensor, "m width"]
    test_labels: Int64[Tensor, " m"]

    def of(self, classes: Int64[Tensor, " k"]) -> "FeatureSet":
        """The images of some classes only; labels stay."""
        train, test = (torch.isin(y, classes) for y in (self.train_labels, self.test_labels))
        return FeatureSet(
            self.train[train], self.train_labels[train], self.test[test], self.test_labels[test]
        )

    def tuning(self, share: float = 0.2) -> "FeatureSet":
        """The training images alone, the last share of each class in the place of the test's."""
        held = held_out(self.train_labels, share)
        return FeatureSet(
            self.train[~held], self.train_labels[~held], self.train[held], self.train_labels[held]
        )


def held_out(labels: Int64[Tensor, " n"], share: float = 0.2) -> Bool[Tensor, " n"]:
    """Which examples are the last share of their class."""
    held = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        rows = torch.where(labels == label)[0]
        held[rows[-max(1, round(share * len(rows))) :]] = True
    return held


def cached_features(host: str, dataset: str) -> FeatureSet:
    """Read what `main` wrote."""
    path = _path(host, dataset)
    if not path.exists():
        raise SystemExit(
            f"{path} is missing; first run `python -m experiments.classes.hosts.features {host} "
            f"{dataset}`, with --data FOLDER where {dataset} does not ship"
        )
    kept = load_file(path)
    return FeatureSet(
        kept["train"].float(), kept["train_labels"], kept["test"].float(), kept["test_labels"]
    )


def as_small_colour(images: UInt8[Tensor, "n _ _ _"]) -> UInt8[Tensor, "n 3 32 32"]:
    """Colour images of 32 pixels: digits get a black border, larger images are averaged."""
    side = images.shape[-1]
    if side < 32:
        border = (32 - side) // 2
        images = torch.nn.functional.pad(images, (border, 32 - side - border) * 2)
    if side > 32:
        parts = [
            torch.nn.functional.adaptive_avg_pool2d(part.float(), 32).round().to(torch.uint8)
            for part in torch.split(images, _PIECE)
        ]
        images = torch.cat(parts)
    return images.expand(-1, 3, -1, -1).contiguous()


def _host(name: str, data: Path | None) -> FeatureChain | PatchHost:
    match name:
        case "chain":
            return load_feature_chain(SHIPPED, CPU)
        case "patches" | "patches-cifar100":
            fitted_on = "cifar10" if name == "patches" else "cifar100"
            pixels = load_images(fitted_on, data, CPU).train_images
            return fit_patch_host(pixels, torch.Generator().manual_seed(0))
    raise SystemExit(f"host {name!r} is unknown; give chain, patches or patches-cifar100")


def _all(host: FeatureChain | PatchHost, images: Tensor, what: str) -> Tensor:
    began, parts = time.perf_counter(), []
    for number, piece in enumerate(torch.split(images, _PIECE)):
        parts.append(host.features(as_small_colour(piece)).half())
        if number % 5 == 4:
            done = (number + 1) * _PIECE
            print(f"{what} {done:,}, {time.perf_counter() - began:.0f} s", flush=True)
    return torch.cat(parts)


def _path(host: str, dataset: str) -> Path:
    return RUNS / f"features-{host}-{dataset}.safetensors"


def main() -> None:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("datasets", nargs="+")
    parser.add_argument("--data", type=Path, default=None)
    options = parser.parse_args()
    torch.set_num_threads(1)
    missing = [name for name in options.datasets if not _path(options.host, name).exists()]
    host = _host(options.host, options.data) if missing else None
    for name in missing:
        assert host is not None
        images = load_images(name, options.data, CPU)
        found = {
            "train": _all(host, images.train_images, f"{name} train"),
            "train_labels": images.train_labels,
            "test": _all(host, images.test_images, f"{name} test"),
            "test_labels": images.test_labels,
        }
        RUNS.mkdir(parents=True, exist_ok=True)
        temporary = _path(options.host, name).with_suffix(".tmp")
        save_file(found, temporary)
        temporary.replace(_path(options.host, name))


if __name__ == "__main__":
    main()
