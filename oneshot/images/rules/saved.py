"""Ridge chains on disk: safetensors and JSON, written so that a crash leaves the folder whole."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.checkpoint import CheckpointError, read_checkpoint, write_checkpoint
from oneshot.images.patches import PatchBank
from oneshot.images.patches_coded import PatchCodes
from oneshot.images.rules.ridge import RidgeBlock, RidgeChain, RidgeSettings

KIND = "ridge-chain"
_BANK = ("filters", "offsets", "thresholds")
_SCALING = ("centre", "scale")
_MAPS = ("read", "carry")


def save_chain(folder: Path, chain: RidgeChain) -> None:
    """Write the chain into the folder, in the place of a checkpoint that is there."""
    tensors: dict[str, Tensor] = {}
    for t, block in enumerate(chain.blocks):
        tensors |= {f"{t}.{name}": getattr(block.encode.bank, name) for name in _BANK}
        tensors |= {f"{t}.{name}": getattr(block.encode, name) for name in _SCALING}
        tensors |= {f"{t}.{name}": getattr(block, name) for name in _MAPS}
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


def _block(
    tensors: dict[str, Tensor], settings: RidgeSettings, t: int, device: torch.device
) -> RidgeBlock:
    def kept(name: str) -> Tensor:
        return tensors[f"{t}.{name}"].to(device)

    filters, offsets, thresholds = map(kept, _BANK)
    centre, scale = map(kept, _SCALING)
    read, carry = map(kept, _MAPS)
    bank = PatchBank(filters, offsets, thresholds, settings.patches(t))
    return RidgeBlock(PatchCodes(bank, centre, scale, settings.fused), read, carry)
