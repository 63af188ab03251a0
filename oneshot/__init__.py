"""Tell a frozen language model a fact once: written into weights, forgotten exactly.

`Learner` teaches facts as `Statement`s, `Classes` teaches classes; `load` gives a taught model to
other libraries, `Adapter` its facts by themselves. They are imported when they are
first used: the model libraries that they bring take seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Adapter", "Classes", "Learner", "Statement", "__version__", "load"]

if TYPE_CHECKING:
    from oneshot.classes.teacher import Classes
    from oneshot.facts.learner import Learner
    from oneshot.facts.pretrained.adapter import Adapter
    from oneshot.facts.pretrained.loading import load
    from oneshot.facts.types import Statement
else:
    HOMES = {
        "Adapter": "oneshot.facts.pretrained.adapter",
        "Classes": "oneshot.classes.teacher",
        "Learner": "oneshot.facts.learner",
        "Statement": "oneshot.facts.types",
        "load": "oneshot.facts.pretrained.loading",
    }

    def __getattr__(name: str) -> Any:
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
