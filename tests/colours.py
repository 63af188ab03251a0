"""A folder of classes of coloured pictures, on a host that sees colours and takes no time."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from oneshot.classes.folder.files import ClassFolder, Config, read_config
from oneshot.classes.hosts.host import Content, Kind
from oneshot.classes.hosts.images import ImageHost
from oneshot.classes.teacher import Classes
from oneshot.classes.writers.calibration import calibrate, save_calibration
from oneshot.memory.disk.content import content_hash

SIDE = 8


def tiny_host(name: str = "tiny") -> ImageHost:
    """Features are mean colours of quarters of the picture, and their squares."""

    def encode(images: Tensor) -> Tensor:
        means = torch.nn.functional.adaptive_avg_pool2d(images.float() / 255, 2).flatten(1)
        return torch.cat([means, means.square()], 1)

    return ImageHost(name, f"{name}-hash", SIDE, 4, encode)


def picture(path: Path, colour: Sequence[int], seed: int, size: tuple[int, int] = (20, 30)) -> str:
    """A picture of about one colour."""
    noise = np.random.default_rng(seed).integers(-30, 30, (*size, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


HOST = tiny_host()


@cache
def calibration() -> bytes:
    """Base classes are colours."""
    dice = np.random.default_rng(0)
    contents, labels = list[Content](), list[int]()
    for label in range(24):
        colour = dice.integers(0, 255, 3)
        for _ in range(12):
            light = dice.normal(0, 12, 3)
            pixels = np.clip(colour + light + dice.normal(0, 10, (SIDE, SIDE, 3)), 0, 255)
            contents.append(torch.from_numpy(pixels.astype(np.uint8).transpose(2, 0, 1).copy()))
            labels.append(label)
    return save_calibration(calibrate(HOST.features(contents), torch.tensor(labels)))


def open_classes(folder: Path, rule: str | None = None) -> Classes:
    config = read_config(folder)
    if config is None:
        config = Config(Kind.IMAGE, HOST.name, HOST.hash, content_hash(calibration()))
        ClassFolder.found(folder, config, calibration())
    opened = Classes(ClassFolder(folder, config), lambda: HOST)
    if rule is not None and rule != opened.rule:
        opened.change_rule(rule)
    return opened
