"""What the blocks of a trained chain read: a record, a bar chart, and labels being denoised.

`python -m experiments.images.figures runs/images-mnist-dt-seed0 --name images-mnist-dt-analysis`
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.figure import Figure

from experiments.record import run_recorded
from oneshot.core.schedule import bayes_accuracy
from oneshot.images.analysis.analyse import BlockFindings, analyse_blocks, ensemble_accuracy
from oneshot.images.build import load_trainee
from oneshot.images.data import ImageSet
from oneshot.images.model import accuracy
from oneshot.images.noprop.chain import Chain
from oneshot.images.sets.loading import load_images

FIGURES = Path(__file__).parents[1] / "figures"
SHOWN = 6
"""Images in the picture of labels being denoised."""

SERIES = {
    "both": "image and its noised label",
    "image": "image, random label in z",
    "chain": "image and the chain's z",
    "wrong_image": "noised label, wrong image",
    "bayes": "best guess from z alone",
}


def experiment(folder: Path, data: Path | None, count: int, name: str) -> dict[str, Any]:
    """Analyse the first test images; the figures are drawn on the way."""
    settings, _, chain = load_trainee(folder, torch.device("cpu"))
    if not isinstance(chain, Chain):
        raise SystemExit(f"{folder} holds a {settings.method} model; give one of method dt")
    images = load_images(settings.dataset, data, torch.device("cpu"))
    part = images.test_images[:count], images.test_labels[:count]
    walker = chain.walker()
    found = analyse_blocks(walker, *part)
    draw_blocks(found, FIGURES / f"{name}-blocks")
    draw_denoising(chain, images, FIGURES / f"{name}-denoising")
    shares = chain.settings.schedule.alpha_bar.tolist()
    return {
        "n": count,
        "chain": accuracy(chain.classifier(), *part),
        "blocks_mean_at_z_0": ensemble_accuracy(walker, *part),
        "bayes_accuracy_of_z": [bayes_accuracy(share, images.classes) for share in shares],
        "blocks": [asdict(block) for block in found],
    }


def draw_blocks(found: list[BlockFindings], path: Path) -> None:
    """Accuracy of each block by what it is given."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    for key, label in SERIES.items():
        dashed = "--" if key == "bayes" else "-"
        values = [getattr(block, key) for block in found]
        axes.plot([block.block for block in found], values, dashed, marker="o", label=label)
    axes.set(xlabel="block", ylabel="accuracy", ylim=(0, 1.02), xticks=[b.block for b in found])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _save(figure, path)


def draw_denoising(chain: Chain, images: ImageSet, path: Path) -> None:
    """z_t over t for the first test image of some classes, sampled as in the paper."""
    chosen = [
        int((images.test_labels == label).nonzero()[0])
        for label in range(min(SHOWN, images.classes))
    ]
    pictures = images.test_images[chosen]
    states = chain.walker(torch.Generator().manual_seed(0)).states(pictures)
    figure = Figure(figsize=(9, 1.2 * len(chosen)), layout="constrained")
    grid = figure.subplots(len(chosen), 2, width_ratios=(1, 6))
    for row, picture in enumerate(pictures):
        left, right = grid[row]
        left.imshow(picture.permute(1, 2, 0).numpy(), cmap="gray")
        left.axis("off")
        z = (states[:, row] @ chain.table.detach().T).numpy()
        right.imshow(z.T, aspect="auto", cmap="RdBu", vmin=-2, vmax=2)
        right.set(ylabel="class", xticks=range(len(z)), yticks=range(0, z.shape[1], 3))
        right.axhline(int(images.test_labels[chosen[row]]), color="black", lw=0.5, ls=":")
    grid[-1][1].set_xlabel("t: z_0 is noise, z_T the label")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for kind in ("png", "svg"):
        # No date in the file: the same run draws the same bytes.
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(path.with_suffix(f".{kind}"), dpi=150, metadata=metadata)


def main() -> None:
    """Analyse one checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    mpl.rcParams["svg.hashsalt"] = options.name
    config = {"checkpoint": str(options.folder), "count": options.count}
    path = run_recorded(
        options.name,
        config,
        [options.folder / "checkpoint.json"],
        lambda: experiment(options.folder, options.data, options.count, options.name),
    )
    print(path)


if __name__ == "__main__":
    main()
