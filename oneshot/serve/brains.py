"""The brains that are served, all on one host, each under a model name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.host.read import positions
from adapters.query.denoise import Denoiser
from oneshot.errors import BadInputError
from oneshot.facts.brain.opening import open_brain
from oneshot.facts.learner import Learner
from oneshot.hosts.load import Host
from oneshot.memory.disk.closing import Closing
from oneshot.progress import silent


class UnknownModelError(BadInputError):
    """A model name that is not served."""


class UnknownFactError(BadInputError):
    """The number of a fact that is not there."""


@dataclass(frozen=True)
class Shape:
    """What is known of the host without its thread: its name, tokenizer, and longest text."""

    host: Host
    bare: str
    names: tuple[str, ...]

    @property
    def tokenizer(self) -> Any:
        """The host's tokenizer."""
        return self.host.tokenizer

    @property
    def longest(self) -> int | None:
        """The tokens that the host reads, question and answer together; None for no bound."""
        return positions(self.host.model)

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return int(self.host.model.get_input_embeddings().weight.shape[0])

    def check(self, model: str) -> str:
        """The name of a model that is served; raises UnknownModelError for another."""
        if model not in (*self.names, self.bare):
            known = ", ".join((*self.names, self.bare))
            raise UnknownModelError(f"the model {model[:80]!r} is not served; there are {known}")
        return model


class Brains(Closing):
    """Open brains by model name; of one thread, because their journals are."""

    def __init__(self, first: Learner, folders: Sequence[Path]) -> None:
        self.host = first.host
        self._learners = {name_of(first.brain.folder): first}
        try:
            for folder in folders:
                self._add(folder)
            bare = bare_name(self.host)
            if bare in self._learners:
                raise BadInputError(
                    f"a brain is called {bare!r} as its model is; rename its folder"
                )
        except BaseException:
            self.close()
            raise
        self.shape = Shape(self.host, bare, tuple(self._learners))

    def learner(self, model: str | None) -> Learner:
        """The brain under a name, the first one where none is given.

        Raises UnknownModelError for another name, and for the bare host, which has no facts.
        """
        name = next(iter(self._learners)) if model is None else model
        if name not in self._learners:
            known = ", ".join(self._learners)
            raise UnknownModelError(f"{name[:80]!r} is no brain that is served; there are {known}")
        return self._learners[name]

    def facts_of(
        self, model: str, as_of: str | None = None
    ) -> tuple[Denoiser | None, Sequence[tuple[int, ...]]]:
        """What a model adds to the bare host now, and the ids of the facts behind each row.

        Of facts with a time those speak that hold `as_of` a date, or today.
        """
        if model == self.shape.bare:
            return None, ()
        learner = self.learner(model)
        return learner.denoiser(as_of), learner.spoken_by

    def close(self) -> None:
        """Close all brains."""
        for learner in self._learners.values():
            learner.close()

    def _add(self, folder: Path) -> None:
        name = name_of(folder)
        if name in self._learners:
            raise BadInputError(f"two brains are called {name!r}; rename one of the folders")
        brain, config = open_brain(folder, self.host, None, silent)
        try:
            self._learners[name] = Learner(self.host, brain, config)
        except BaseException:
            brain.close()
            raise


def name_of(folder: Path) -> str:
    """The model name of a brain: its folder's."""
    return folder.resolve().name


def bare_name(host: Host) -> str:
    """The model name of the host without facts: the end of a path or of a name on the hub."""
    return Path(host.name).name
