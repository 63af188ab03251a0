"""The methods by the names that `--methods` takes: this project's, and what one would use else."""

from collections.abc import Callable
from typing import Any, NamedTuple

from oneshot.errors import BadInputError
from oneshot.facts.rules import FITTED, POSTERIOR
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent
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
from oneshot.retention.methods.ours import Ours
from oneshot.retention.methods.retrieval import Copied, RetrievedInContext

RULES = (POSTERIOR, *FITTED)


class Rival(NamedTuple):
    """A method made of a host, and the settings that it takes beside the host, if any."""

    make: Callable[..., Method]
    settings: Callable[..., object] | None = None


RIVALS = {
    "in-context": Rival(InContext),
    "rag": Rival(RetrievedInContext),
    "rag-copy": Rival(Copied),
    "lora": Rival(Lora, LoraSettings),
    "fine-tune": Rival(FineTune, FineTuneSettings),
    "fine-tune-last": Rival(FineTuneLast, LastLayersSettings),
    "memit": Rival(Memit, MemitSettings),
    "alphaedit": Rival(AlphaEdit, AlphaEditSettings),
    "rome": Rival(Rome, RomeSettings),
    "grace": Rival(Grace, GraceSettings),
    "knn-lm": Rival(KnnLm, KnnLmSettings),
    "ultraedit": Rival(UltraEdit, UltraEditSettings),
}


def make_method(name: str, host: Host, progress: Report = silent) -> Method:
    """A method with nothing written; raises BadInputError for an unknown name."""
    if name in RULES:
        return Ours(host, name, progress)
    if name in RIVALS:
        return RIVALS[name].make(host)
    raise BadInputError(
        f"the method {name!r} is unknown; give one of {', '.join([*RULES, *RIVALS])}"
    )


def tuned(host: Host, name: str, values: dict[str, Any]) -> Method:
    """A rival with some settings other than its defaults; those of a shift in `shift`."""
    rival = RIVALS[name]
    if rival.settings is None:
        return rival.make(host, **values)
    shift = {"shift": ShiftSettings(**values["shift"])} if "shift" in values else {}
    return rival.make(host, rival.settings(**values | shift))
