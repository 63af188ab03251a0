"""Adapters as folders that can be carried about: canonical export, and reading of either form."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save

from adapters.rows import FactRows
from oneshot.errors import BrainError
from oneshot.facts.brain import (
    CALIBRATION,
    CONFIG,
    WEIGHTS,
    Config,
    config_bytes,
    read_config,
    write_atomically,
)
from oneshot.facts.segments import SegmentStore
from oneshot.facts.types import Statement

MODEL = "adapter_model.safetensors"
METADATA = "facts"


@dataclass(frozen=True)
class Carried:
    """The facts of a folder: weights in canonical order, and their texts."""

    config: Config
    rows: FactRows | None
    statements: list[Statement]
    calibration: bytes


def export_folder(
    folder: Path, config: Config, calibration: Path, rows: FactRows, statements: list[Statement]
) -> None:
    """Write an adapter folder; the same set of facts gives the same bytes.

    `rows` and `statements` are in canonical order. Raises BrainError for a folder in use.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / WEIGHTS).exists():
            raise BrainError(f"{folder} is a brain; give another folder to export to")
        shutil.copyfile(calibration, folder / CALIBRATION)
    except OSError as error:
        raise BrainError(f"{folder} cannot be written ({error.strerror}); give another") from error
    texts = [{"prompt": s.prompt, "answer": s.answer, "subject": s.subject} for s in statements]
    metadata = {METADATA: json.dumps(texts, sort_keys=True)}  # one entry: its order is its content
    tensors = {name: tensor.contiguous() for name, tensor in rows.tensors().items()}
    write_atomically(folder / MODEL, save(tensors, metadata))
    write_atomically(folder / CONFIG, config_bytes(config))


def read_folder(folder: Path) -> Carried:
    """The facts of a brain or an exported adapter; raises BrainError where it is neither."""
    config = read_config(folder)
    if config is None:
        raise BrainError(f"{folder} is no brain and no exported adapter: it has no {CONFIG}")
    calibration = (folder / CALIBRATION).read_bytes()
    if (folder / WEIGHTS).is_dir():
        segments = SegmentStore(folder / WEIGHTS).load()
        rows = FactRows.of(segments.rows) if segments.records else None
        return Carried(config, rows, [_statement(r) for r in segments.records], calibration)
    try:
        data = (folder / MODEL).read_bytes()
        size = int.from_bytes(data[:8], "little")
        texts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][METADATA])
        rows = FactRows.of(load(data))
        if len(rows) != len(texts):
            raise ValueError("weights and texts disagree")
        return Carried(config, rows, [_statement(t) for t in texts], calibration)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BrainError(
            f"{folder / MODEL} is no whole adapter ({error}); export it again"
        ) from error


def _statement(record: dict[str, str]) -> Statement:
    return Statement(
        record["prompt"], record["answer"], record["subject"], record.get("source") or None
    )
