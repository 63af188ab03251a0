"""What every command shares: the global options and the learner that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneshot.cli.output import Output
from oneshot.progress import silent

if TYPE_CHECKING:
    from oneshot.facts.learner import Learner as Learner
else:
    Learner = Any  # annotations are evaluated where types are checked at run time


@dataclass(frozen=True)
class Session:
    """The global options of one command line."""

    brain: Path
    model: str | None
    device: str
    dtype: str
    rule: str | None
    trust_remote_code: bool
    output: Output


# Not typer's context object: its declared class is not the class of what commands receive.
SESSION: ContextVar[Session] = ContextVar("session")


def learner_class() -> type[Learner]:
    """The learner; imported here, because it brings the model libraries with it."""
    from oneshot.facts.learner import Learner

    return Learner


@contextmanager
def open_learner(brain: Path | None = None, model: str | None = None) -> Iterator[Learner]:
    """Open a brain until the block ends; both are the command line's where none is given."""
    session = SESSION.get()
    with (
        session.output.progress() as progress,
        learner_class().open(
            brain or session.brain,
            model=model or session.model,
            device=session.device,
            dtype=session.dtype,
            rule=session.rule,
            trust_remote_code=session.trust_remote_code,
            progress=progress or silent,
        ) as learner,
    ):
        yield learner
