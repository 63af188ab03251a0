"""Calibrate the packaged hosts of classes and write that into the package.

    python -m experiments.classes.hosts.calibrate --data DIR

The image hosts on training pictures of CIFAR-100, the text host on the shipped relations, SmolLM2,
as it comes from the package that carries it, on running text.
"""

import argparse
import json
from dataclasses import astuple
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from experiments.classes.protocols.splits import base_classes, tuning_classes
from oneshot.classes.calibrated import (
    calibrate_general,
    encode_all,
    host_calibration,
    sentences_of_relations,
)
from oneshot.classes.hosts.host import ClassHost
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.hosts.photos import SIDE, open_photo_host
from oneshot.classes.hosts.texts import open_text_host
from oneshot.classes.hosts.twice import open_smollm2
from oneshot.classes.writers.calibration import (
    FORMAT,
    Calibration,
    calibrate,
    judged_calibration,
    load_calibration,
    save_calibration,
    standard_metric,
)
from oneshot.classes.writers.metric import fit_metric
from oneshot.images.pictures.reading import middle_square
from oneshot.images.sets.loading import load_images

FOLDER = Path("oneshot/classes/calibrations")
HOSTS = "image", "photos", "text", "smollm2"
BASE, TUNING, EACH = 50, 20, 500
TEXT_WIDTH, PHOTO_EACH = 384, 30


def image_calibration(host: ClassHost, data: Path | None) -> Calibration:
    """A metric from the classes that the host was trained on, how sure it is from others.

    Answers on classes that it was trained on are surer than on any that users have.
    """
    images = load_images("cifar100", data, torch.device("cpu"))

    def features(classes: Tensor) -> tuple[Tensor, Tensor]:
        rows = [torch.where(images.train_labels == c)[0][:EACH] for c in classes]
        labels = torch.arange(len(rows)).repeat_interleave(torch.tensor(list(map(len, rows))))
        contents = list(images.train_images[torch.cat(rows)])
        return encode_all(host, contents, host.name, lambda *_: None), labels

    metric = fit_metric(*features(base_classes(100, BASE)))
    return judged_calibration(metric, *features(tuning_classes(100, BASE, TUNING)))


def photo_calibration(host: ClassHost, data: Path | None) -> Calibration:
    """Features over their deviations in small pictures made large, which it was not trained on."""
    images = load_images("cifar100", data, torch.device("cpu"))
    rows = [torch.where(images.train_labels == c)[0][:PHOTO_EACH] for c in range(100)]
    pixels = images.train_images[torch.cat(rows)].permute(0, 2, 3, 1).numpy()
    contents = [middle_square(Image.fromarray(p), SIDE) for p in pixels]
    features = encode_all(host, contents, host.name, lambda *_: None)
    labels = torch.arange(100).repeat_interleave(PHOTO_EACH)
    return judged_calibration(standard_metric(features), features, labels)


def text_calibration(host: ClassHost) -> Calibration:
    """Metric and sureness from the shipped relations."""
    texts, labels = sentences_of_relations()
    features = encode_all(host, texts, host.name, lambda *_: None)
    return calibrate(features, torch.tensor(labels), TEXT_WIDTH)


def packaged_calibration() -> Calibration:
    """What ships with the image host."""
    return load_calibration(host_calibration(open_image_host(None, "cpu")))


def write(host: ClassHost, calibration: Calibration) -> dict[str, object]:
    """Write one host's; what came out."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"classes-{FORMAT}-{host.hash}.safetensors"
    path.write_bytes(save_calibration(calibration))
    return {
        "host": host.name,
        "width": calibration.metric.width,
        "sharpness": {rule: astuple(s) for rule, s in calibration.sharpness.items()},
        "file": path.name,
    }


def main() -> None:
    """All hosts, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--only", choices=HOSTS, default=None)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    wanted = [arguments.only] if arguments.only else HOSTS
    if "image" in wanted:
        image = open_image_host(None, "cpu")
        print(json.dumps(write(image, image_calibration(image, arguments.data))))
    if "photos" in wanted:
        photos = open_photo_host("cpu")
        print(json.dumps(write(photos, photo_calibration(photos, arguments.data))))
    if "text" in wanted:
        text = open_text_host(None, "cpu")
        print(json.dumps(write(text, text_calibration(text))))
    if "smollm2" in wanted:
        general = open_smollm2("cpu")
        print(json.dumps(write(general, calibrate_general(general))))


if __name__ == "__main__":
    main()
