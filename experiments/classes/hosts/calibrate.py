"""Calibrate the packaged hosts of classes and write that into the package.

    python -m experiments.classes.hosts.calibrate --data DIR

The image host on training pictures of the classes of CIFAR-100 that it was trained on, the text
host on the shipped relations.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from experiments.classes.protocols.splits import base_classes
from oneshot.classes.calibrated import encode_all, sentences_of_relations
from oneshot.classes.hosts.host import ClassHost, Content
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.hosts.texts import open_text_host
from oneshot.classes.writers.calibration import FORMAT, calibrate, save_calibration
from oneshot.images.sets.loading import load_images

FOLDER = Path("oneshot/classes/calibrations")
BASE, EACH = 50, 100


def photographs(data: Path | None) -> tuple[list[Content], list[int]]:
    """The first training pictures of each base class."""
    images = load_images("cifar100", data, torch.device("cpu"))
    rows = [torch.where(images.train_labels == c)[0][:EACH] for c in base_classes(100, BASE)]
    labels = [label for label, found in enumerate(rows) for _ in found]
    return list(images.train_images[torch.cat(rows)]), labels


def write(host: ClassHost, contents: Sequence[Content], labels: list[int]) -> dict[str, object]:
    """Calibrate one host; what came out."""
    features = encode_all(host, contents, host.name, lambda *_: None)
    calibration = calibrate(features, torch.tensor(labels))
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"classes-{FORMAT}-{host.hash}.safetensors"
    path.write_bytes(save_calibration(calibration))
    sharpness = {rule: [s.slope, s.offset] for rule, s in calibration.sharpness.items()}
    return {
        "host": host.name,
        "examples": len(labels),
        "width": calibration.metric.width,
        "sharpness": sharpness,
        "file": path.name,
    }


def main() -> None:
    """Both hosts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--only", choices=("image", "text"), default=None)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.only != "text":
        print(json.dumps(write(open_image_host(None, "cpu"), *photographs(arguments.data))))
    if arguments.only != "image":
        print(json.dumps(write(open_text_host(None, "cpu"), *sentences_of_relations())))


if __name__ == "__main__":
    main()
