"""A calibration as named tensors and settings, for safetensors files; no pickle."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from adapters.address.calibration import Bank, Calibration
from adapters.address.gather import Layers
from adapters.address.metric import RelationMetric
from adapters.address.value import ValueDetector
from oneshot.core.embeddings import LabelWhitening
from oneshot.errors import BrainError

FORMATS = ("4", "5")  # without a frame, and with one
FRAMED = "framed."
HALVED = ("metric.last", "metric.words", "centres", "inverse")  # large, and exact enough so
PARTS = ("metric", "value", "labels")


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration under a temporary name and rename it."""
    tensors: dict[str, Tensor] = {"scale": calibration.scale, "centres": calibration.centres}
    for part in PARTS:
        tensors |= {f"{part}.{n}": t for n, t in vars(getattr(calibration, part)).items()}
    settings: dict[str, Any] = {
        "last": calibration.layers.last,
        "words": calibration.layers.words,
        "relations": calibration.relations,
    }
    if framed := calibration.framed:
        settings["framed"] = vars(framed.layers)
        tensors[f"{FRAMED}centres"] = framed.centres
        tensors |= {f"{FRAMED}metric.{n}": t for n, t in vars(framed.metric).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    whole = {n: _stored(n, t).cpu().contiguous() for n, t in tensors.items()}
    metadata = {"format": FORMATS[framed is not None], "settings": json.dumps(settings)}
    temporary.write_bytes(save(whole, metadata))  # not save_file: it takes others' read permission
    os.replace(temporary, path)


def _stored(name: str, tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16) if name.endswith(HALVED) else tensor


def load_calibration(path: Path) -> Calibration:
    """Read a calibration, on the processor wherever the host is: codes are few and small.

    Raises BrainError for a file that is none.
    """
    data = path.read_bytes()  # no memory map: a file that shrinks beneath one kills the process
    try:
        tensors = {name: tensor.float() for name, tensor in load(data).items()}
        metadata = _metadata(data)
        if metadata.get("format") not in FORMATS:
            raise KeyError("format")
        return _assemble(tensors, json.loads(metadata["settings"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BrainError(
            f"{path.name} is no calibration of this version ({error}); "
            "run `oneshot calibrate --force`"
        ) from error


def _metadata(data: bytes) -> dict[str, str]:
    size = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    return found


def _assemble(tensors: dict[str, Tensor], settings: dict[str, Any]) -> Calibration:
    def part(prefix: str) -> dict[str, Tensor]:
        return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}

    return Calibration(
        Layers(tuple(settings["last"]), tuple(settings["words"])),
        RelationMetric(**part("metric.")),
        ValueDetector(**part("value.")),
        tuple(settings["relations"]),
        tensors["centres"],
        LabelWhitening(**part("labels.")),
        tensors["scale"],
        _framed(part(FRAMED), settings["framed"]) if "framed" in settings else None,
    )


def _framed(tensors: dict[str, Tensor], layers: dict[str, list[int]]) -> Bank:
    metric = {n.removeprefix("metric."): t for n, t in tensors.items() if n != "centres"}
    read = Layers(**{name: tuple(found) for name, found in layers.items()})
    return Bank(read, RelationMetric(**metric), tensors["centres"])
