"""The methods that a user would pick instead, by the names that `--methods` takes."""

from collections.abc import Callable
from typing import Any

from oneshot.hosts.load import Host
from oneshot.retention.methods.editors.alphaedit import AlphaEdit, AlphaEditSettings
from oneshot.retention.methods.editors.grace import Grace, GraceSettings
from oneshot.retention.methods.editors.locate import ShiftSettings
from oneshot.retention.methods.editors.memit import Memit, MemitSettings
from oneshot.retention.methods.editors.rome import Rome, RomeSettings
from oneshot.retention.methods.editors.ultraedit import UltraEdit, UltraEditSettings
from oneshot.retention.methods.finetune import (
    FineTune,
    FineTuneLast,
    FineTuneSettings,
    LastLayersSettings,
)
from oneshot.retention.methods.in_context import InContext
from oneshot.retention.methods.interface import Method
from oneshot.retention.methods.knn_lm import KnnLm, KnnLmSettings
from oneshot.retention.methods.lora import Lora, LoraSettings
from oneshot.retention.methods.retrieval import Copied, RetrievedInContext

RIVALS: dict[str, Callable[..., Method]] = {
    "in-context": InContext,
    "rag": RetrievedInContext,
    "rag-copy": Copied,
    "lora": Lora,
    "fine-tune": FineTune,
    "fine-tune-last": FineTuneLast,
    "memit": Memit,
    "alphaedit": AlphaEdit,
    "rome": Rome,
    "grace": Grace,
    "knn-lm": KnnLm,
    "ultraedit": UltraEdit,
}
_SETTINGS: dict[str, Callable[..., object]] = {
    "lora": LoraSettings,
    "fine-tune": FineTuneSettings,
    "fine-tune-last": LastLayersSettings,
    "memit": MemitSettings,
    "alphaedit": AlphaEditSettings,
    "rome": RomeSettings,
    "grace": GraceSettings,
    "knn-lm": KnnLmSettings,
    "ultraedit": UltraEditSettings,
}


def tuned(host: Host, name: str, values: dict[str, Any]) -> Method:
    """A rival with some settings other than its defaults; those of a shift in `shift`."""
    if name not in _SETTINGS:
        return RIVALS[name](host, **values)
    shift = {"shift": ShiftSettings(**values["shift"])} if "shift" in values else {}
    return RIVALS[name](host, _SETTINGS[name](**values | shift))
