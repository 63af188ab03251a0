"""The methods by the names that `--methods` takes: this project's, and what one would use else."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

from oneshot.errors import BadInputError
from oneshot.facts.manner import Manner
from oneshot.facts.rules import FITTED, POSTERIOR
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent
from oneshot.retention.methods.bare import BareHost
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
from oneshot.retention.methods.interface import ASKED, Method
from oneshot.retention.methods.knn_lm import KnnLm, KnnLmSettings
from oneshot.retention.methods.lora import Lora, LoraSettings
from oneshot.retention.methods.ours import Ours
from oneshot.retention.methods.text.in_context import InContext, NamedInContext
from oneshot.retention.methods.text.recite import Recited, ReciteSettings
from oneshot.retention.methods.text.retrieval import Copied, RetrievedInContext

BARE = "bare"
RULES = (POSTERIOR, *FITTED)


class Rival(NamedTuple):
    """A method made of a host, and the settings that it takes beside the host, if any."""

    make: Callable[..., Method]
    settings: Callable[..., object] | None = None


RIVALS = {
    "in-context": Rival(InContext),
    "in-context-named": Rival(NamedInContext),
    **{f"rag-{n}": Rival(partial(RetrievedInContext, count=n)) for n in (1, 3, 5)},
    "rag-copy": Rival(Copied),
    "recite": Rival(Recited, ReciteSettings),
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


def make_method(
    name: str,
    host: Host,
    progress: Report = silent,
    manner: Manner = ASKED,
    settings: Mapping[str, Any] | None = None,
) -> Method:
    """A method with nothing written; raises BadInputError as `check_method` does."""
    method: Method
    check_method(name, settings)
    if name == BARE:
        method = BareHost(host)
    elif name in RULES:
        method = Ours(host, name, progress)
    else:
        method = _rival(name, host, settings or {})
    method.manner = manner
    return method


def check_method(name: str, settings: Mapping[str, Any] | None = None) -> None:
    """Raise BadInputError for an unknown name, or for settings that the method does not have."""
    if name not in (BARE, *RULES, *RIVALS):
        names = ", ".join([BARE, *RULES, *RIVALS])
        raise BadInputError(f"the method {name!r} is unknown; give one of {names}")
    rival = RIVALS.get(name)
    takes = signature(rival.settings or rival.make).parameters if rival else ()
    known = [parameter for parameter in takes if parameter != "host"]
    if unknown := sorted(set(settings or ()) - set(known)):
        has = f"give some of {', '.join(known)}" if known else "it has none"
        raise BadInputError(f"{name} has no setting {', '.join(unknown)}; {has}")


def _rival(name: str, host: Host, values: Mapping[str, Any]) -> Method:
    """A rival with some settings other than its defaults; those of a shift in `shift`."""
    rival = RIVALS[name]
    if not values:
        return rival.make(host)
    try:
        if rival.settings is None:
            return rival.make(host, **values)
        shift = {"shift": ShiftSettings(**values["shift"])} if "shift" in values else {}
        return rival.make(host, rival.settings(**{**values, **shift}))
    except TypeError as error:
        raise BadInputError(f"the settings of {name} cannot be used ({error})") from error
