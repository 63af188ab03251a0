"""Ridge chains on disk: safetensors and JSON, written so that a crash leaves the folder whole."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from oneshot.images.patches import Filters, PatchBank
from oneshot.images.patches_coded import PatchCodes
from oneshot.images.patches_deep import DeepBank, DeepSettings
from oneshot.images.rules.ridge import RidgeBlock, RidgeChain, RidgeSettings

KIND = "ridge-chain"


def save_chain(folder: Path, chain: RidgeChain) -> None:
    """Write the chain into the folder, in the place of a checkpoint that is there."""
    tensors: dict[str, Tensor] = {}
    for t, block in enumerate(chain.blocks):
        tensors |= {f"{t}.{name}": value for name, value in _tensors(block).items()}
    meta = {"kind": KIND, "settings": asdict(chain.settings)}
    write_checkpoint(folder, len(chain.blocks), meta, tensors)


def load_chain(folder: Path, device: torch.device) -> RidgeChain:
    """The chain of a folder; CheckpointError where there is none, or it is damaged or another."""
    saved = read_checkpoint(folder)
    if saved.meta.get("kind") != KIND:
        raise CheckpointError(f"{folder} holds no {KIND}; give a folder that one was saved to")
    try:
        settings = RidgeSettings(**saved.meta["settings"])
        blocks = [_block(saved.tensors, settings, t, device) for t in range(saved.step)]
    except (KeyError, TypeError, BadInputError) as error:
        raise CheckpointError(f"{folder} is of another version ({error!r}); train again") from error
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


def _block(
    tensors: dict[str, Tensor], settings: RidgeSettings, t: int, device: torch.device
) -> RidgeBlock:
    def kept(name: str) -> Tensor:
        return tensors[f"{t}.{name}"].to(device)

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
