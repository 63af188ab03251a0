"""Models of rules on disk: safetensors and JSON, and a folder that a crash leaves whole."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from oneshot.errors import BadInputError
from oneshot.images.data import Inputs
from oneshot.images.kinds import Rule
from oneshot.images.rules.by_rule import RuleModel, restored, rule_settings
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)


@dataclass(frozen=True)
class RuleRun:
    """What a saved model is of: its rule, the pictures that it was trained on, and their size."""

    rule: Rule
    pictures: TrainSettings
    inputs: Inputs


def save_model(folder: Path, run: RuleRun, model: RuleModel) -> None:
    """Write the model into the folder, in the place of a checkpoint that is there."""
    meta = {
        "rule": run.rule,
        "rule_settings": asdict(model.settings),
        "settings": run.pictures.plain(),
        "inputs": asdict(run.inputs),
    }
    write_checkpoint(folder, model.size, meta, model.tensors())


def load_model(folder: Path, device: torch.device) -> tuple[RuleRun, RuleModel]:
    """The model of a folder, to go on from; CheckpointError where it is missing or damaged."""
    return model_of(read_checkpoint(folder), folder, device)


def model_of(saved: Checkpoint, folder: Path, device: torch.device) -> tuple[RuleRun, RuleModel]:
    """The model of a checkpoint that was read from the folder.

    Raises CheckpointError where it is none of a rule, or of another version.
    """
    if "rule" not in saved.meta:
        raise CheckpointError(f"{folder} holds no model of a rule; give a folder that --rule wrote")
    try:
        options = dict(saved.meta["rule_settings"])
        options.pop("fused", None)  # older models name it; it chose between equal ways
        settings = rule_settings(Rule(saved.meta["rule"]), options)
        tensors = {name: value.to(device) for name, value in saved.tensors.items()}
        return _run(saved.meta), restored(tensors, settings, saved.step)
    except (KeyError, TypeError, ValueError, BadInputError) as error:
        raise CheckpointError(f"{folder} is of another version ({error!r}); train again") from error


def _run(meta: dict[str, Any]) -> RuleRun:
    pictures = TrainSettings.from_mapping(meta["settings"])
    return RuleRun(Rule(meta["rule"]), pictures, Inputs(**meta["inputs"]))
