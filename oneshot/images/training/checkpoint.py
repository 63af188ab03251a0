"""Checkpoints that a crash at any instant leaves whole: tensors first, then the file that counts.

A folder holds `state-<step>.safetensors` and `checkpoint.json`, which names the former with its
hash. Both are written under a temporary name, synced and renamed, so `checkpoint.json` always
points at a whole file. On request the checkpoint before the last one is kept as well.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import OneshotError
from oneshot.files.durable import write_atomically

FORMAT = 1
INDEX = "checkpoint.json"


class CheckpointError(OneshotError):
    """A checkpoint that is missing, damaged, or of another run or architecture."""

    exit_code = 5


@dataclass(frozen=True)
class Checkpoint:
    """A saved run: the number of steps done, what the run was, and its tensors."""

    step: int
    meta: dict[str, Any]
    tensors: dict[str, Tensor]

    def copy_into(self, live: dict[str, Tensor]) -> None:
        """Put the saved values into a model's tensors.

        Raises CheckpointError, with nothing changed, where names or shapes differ.
        """
        here, there = (
            {n: (tuple(v.shape), v.dtype) for n, v in side.items()} for side in (live, self.tensors)
        )
        differing = sorted(here.keys() ^ there.keys()) or [n for n in here if here[n] != there[n]]
        if differing:
            name = differing[0]
            raise CheckpointError(
                f"the checkpoint is of another architecture ({name} is "
                f"{there.get(name, 'missing')}, {here.get(name, 'none')} was wanted); "
                "give its own settings or another folder"
            )
        with torch.no_grad():
            for name, value in live.items():
                value.copy_(self.tensors[name])


def write_checkpoint(
    folder: Path,
    step: int,
    meta: dict[str, Any],
    live: dict[str, Tensor],
    *,
    keep_previous: bool = False,
) -> None:
    """Save a run; an older checkpoint in the folder is replaced only once this one is on disk.

    With `keep_previous` the last one before is kept, for `step_back`.
    """
    make_folder(folder)
    tensors = {name: value.detach().cpu().contiguous() for name, value in live.items()}
    data = save(tensors)
    entry = {
        "step": step,
        "file": f"state-{step}.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    previous = None
    if keep_previous and has_checkpoint(folder):
        last = _read_index(folder)
        previous = {key: last[key] for key in entry} if last["step"] != step else None
    _write(folder / str(entry["file"]), data)
    _write_index(folder, entry, meta, previous)


def step_back(folder: Path, step: int) -> None:
    """Let the kept checkpoint of that step, if it is not the last one, be the last one.

    Raises CheckpointError where the folder has none of that step.
    """
    index = _read_index(folder)
    if index["step"] == step:
        return
    previous = index.get("previous") or {}
    if previous.get("step") != step:
        raise CheckpointError(
            f"{folder} holds step {index['step']}, and another process step {step}; train again"
        )
    _write_index(folder, previous, index["meta"], None)


def make_folder(folder: Path) -> None:
    """Make the folder where there is none; CheckpointError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(
            f"{folder} cannot be made a folder ({error.strerror}); give another one"
        ) from error


def has_checkpoint(folder: Path) -> bool:
    """Whether the folder holds a checkpoint."""
    return (folder / INDEX).is_file()


def read_checkpoint(folder: Path) -> Checkpoint:
    """The folder's checkpoint, on the CPU; CheckpointError where there is none or it is damaged."""
    index = _read_index(folder)
    data = _whole(folder / Path(index["file"]).name, index["sha256"])
    return Checkpoint(index["step"], index["meta"], load(data))


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        kinds = {"format": int, "step": int, "file": str, "sha256": str, "meta": dict}
        index |= {key: kind(index[key]) for key, kind in kinds.items()}
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} holds no checkpoint; give a folder that training wrote"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error!r}); train again") from error
    if index["format"] != FORMAT:
        raise CheckpointError(f"{path} has format {index['format']}; this version reads {FORMAT}")
    whole: dict[str, Any] = index
    return whole


def _write_index(
    folder: Path, entry: dict[str, Any], meta: dict[str, Any], previous: dict[str, Any] | None
) -> None:
    """Make the entry the one that counts, and remove the tensors that nothing names any more."""
    index = {"format": FORMAT, **entry, "meta": meta, "previous": previous}
    _write(folder / INDEX, (json.dumps(index, indent=1) + "\n").encode())
    named = {item["file"] for item in (entry, previous) if item}
    for old in folder.glob("*state-*.safetensors*"):
        if old.name not in named:
            old.unlink()


def _whole(path: Path, expected: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); train again") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise CheckpointError(
            f"{path} is damaged ({len(data):,} bytes that are not what was written); "
            "restore it or train again in another folder"
        )
    return data


def _write(path: Path, data: bytes) -> None:
    write_atomically(path, data, CheckpointError)
