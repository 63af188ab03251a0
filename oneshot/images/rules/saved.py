"""Models of rules on disk: safetensors and JSON, and a folder that a crash leaves whole."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.data import Inputs
from oneshot.images.features.coded import PatchCodes
from oneshot.images.features.deep import DeepBank, DeepSettings
from oneshot.images.features.patches import Filters, PatchBank
from oneshot.images.kinds import Rule
from oneshot.images.rules.by_rule import RuleModel, RuleSettings, rule_settings
from oneshot.images.rules.ridge import RidgeBlock, RidgeChain, RidgeSettings
from oneshot.images.rules.two_layer import LocalSettings, TwoLayerChain
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
    if isinstance(model, TwoLayerChain):
        parts = ("hidden", "readout", "mean_std")
        tensors = {name: getattr(model, name) for name in parts}
        return write_checkpoint(folder, model.settings.T, meta, tensors)
    tensors = {}
    for t, block in enumerate(model.blocks):
        tensors |= {f"{t}.{name}": value for name, value in _tensors(block).items()}
    return write_checkpoint(folder, len(model.blocks), meta, tensors)


def load_model(folder: Path, device: torch.device) -> tuple[RuleRun, RuleModel]:
    """The model of a folder; CheckpointError where there is none, or it is damaged or another."""
    return model_of(read_checkpoint(folder), folder, device)


def model_of(saved: Checkpoint, folder: Path, device: torch.device) -> tuple[RuleRun, RuleModel]:
    """The model of a checkpoint that was read from the folder."""
    if "rule" not in saved.meta:
        raise CheckpointError(f"{folder} holds no model of a rule; give a folder that --rule wrote")
    try:
        return _run(saved.meta), _model(saved, device)
    except (KeyError, TypeError, ValueError, BadInputError) as error:
        raise CheckpointError(f"{folder} is of another version ({error!r}); train again") from error


def _run(meta: dict[str, Any]) -> RuleRun:
    pictures = TrainSettings.from_mapping(meta["settings"])
    return RuleRun(Rule(meta["rule"]), pictures, Inputs(**meta["inputs"]))


def _model(saved: Checkpoint, device: torch.device) -> RuleModel:
    settings: RuleSettings = rule_settings(Rule(saved.meta["rule"]), saved.meta["rule_settings"])
    tensors = {name: value.to(device) for name, value in saved.tensors.items()}
    if isinstance(settings, LocalSettings):
        return TwoLayerChain(tensors["hidden"], tensors["readout"], tensors["mean_std"], settings)
    blocks = [_block(tensors, settings, t) for t in range(saved.step)]
    return RidgeChain(tuple(blocks), settings)


def _tensors(block: RidgeBlock) -> dict[str, Tensor]:
    encode, bank = block.encode, block.encode.bank
    first = bank.first if isinstance(bank, DeepBank) else bank
    found = {"centre": encode.centre, "scale": encode.scale}
    found |= {"read": block.read, "carry": block.carry} | _filter_tensors("first", first.filters)
    if isinstance(bank, DeepBank):
        found |= {"maps.centre": bank.centre, "maps.components": bank.components}
        found |= {"maps.softening": bank.softening} | _filter_tensors("second", bank.filters)
    return found


def _filter_tensors(layer: str, filters: Filters) -> dict[str, Tensor]:
    return {
        f"{layer}.weights": filters.weights,
        f"{layer}.offsets": filters.offsets,
        f"{layer}.thresholds": filters.thresholds,
    }


def _block(tensors: dict[str, Tensor], settings: RidgeSettings, t: int) -> RidgeBlock:
    def kept(name: str) -> Tensor:
        return tensors[f"{t}.{name}"]

    def filters(layer: str) -> Filters:
        names = (f"{layer}.{name}" for name in ("weights", "offsets", "thresholds"))
        weights, offsets, thresholds = map(kept, names)
        return Filters(weights, offsets, thresholds)

    bank: PatchBank | DeepBank
    bank = PatchBank(filters("first"), settings.patches(t))
    if settings.deep:
        maps = [kept(f"maps.{name}") for name in ("centre", "components", "softening")]
        second = DeepSettings(filters=settings.deep)
        bank = DeepBank(bank, maps[0], maps[1], maps[2], filters("second"), second)
    encode = PatchCodes(bank, kept("centre"), kept("scale"), settings.fused)
    return RidgeBlock(encode, kept("read"), kept("carry"))
