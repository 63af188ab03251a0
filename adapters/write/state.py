"""A calibration as named tensors and settings, for safetensors files; no pickle."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.address.ending import EndingDetector
from adapters.address.entity import EntityMetric
from adapters.address.relation import RelationBank
from oneshot.core.embeddings import LabelWhitening
from oneshot.errors import BrainError

FORMAT = "2"


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration under a temporary name and rename it."""
    tensors: dict[str, Tensor] = {"scale": calibration.scale}
    for i, metric in enumerate(calibration.metrics):
        tensors |= {f"metric.{i}.{n}": t for n, t in vars(metric).items()}
    for i, bank in enumerate(calibration.banks):
        tensors |= {f"bank.{i}.{n}": t for n, t in vars(bank).items()}
    tensors |= {f"detector.{n}": t for n, t in vars(calibration.detector).items()}
    tensors |= {f"labels.{n}": t for n, t in vars(calibration.labels).items()}
    settings = {
        name: getattr(calibration, name)
        for name in ("entity_layer", "relation_layers", "relations", "wordings")
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    whole = {n: t.cpu().contiguous() for n, t in tensors.items()}
    metadata = {"format": FORMAT, "settings": json.dumps(settings)}
    temporary.write_bytes(save(whole, metadata))  # not save_file: it takes others' read permission
    os.replace(temporary, path)


def load_calibration(path: Path, device: torch.device) -> Calibration:
    """Read a calibration; raises BrainError for a file that is none."""
    data = path.read_bytes()  # no memory map: a file that shrinks beneath one kills the process
    try:
        tensors = {name: tensor.to(device) for name, tensor in load(data).items()}
        metadata = _metadata(data)
        if metadata.get("format") != FORMAT:
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

    layers = tuple(settings["relation_layers"])
    sizes = sum(n.startswith("metric.") and n.endswith(".offset") for n in tensors)
    return Calibration(
        int(settings["entity_layer"]),
        layers,
        tuple(settings["relations"]),
        tuple(settings["wordings"]),
        tuple(EntityMetric(**part(f"metric.{i}.")) for i in range(sizes)),
        EndingDetector(**part("detector.")),
        tuple(RelationBank(**part(f"bank.{i}.")) for i in range(len(layers))),
        LabelWhitening(**part("labels.")),
        tensors["scale"],
    )
