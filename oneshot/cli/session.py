"""What every command shares: the global options and the learner that they name."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneshot.cli.output import Output
from oneshot.errors import BadInputError, BrainError
from oneshot.progress import silent

if TYPE_CHECKING:
    from oneshot.facts.brain.records import Records as Records
    from oneshot.facts.learner import Learner as Learner
else:
    Learner = Records = Any  # annotations are evaluated where types are checked at run time


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


MOST_THREADS = 1024

# Not typer's context object: its declared class is not the class of what commands receive.
SESSION: ContextVar[Session] = ContextVar("session")


def check_brain(folder: Path) -> None:
    """BrainError where there is no brain, for what is not to make one by mistake."""
    from oneshot.facts.brain.files import CONFIG, WEIGHTS

    if not (folder / CONFIG).exists() and not (folder / WEIGHTS).exists():
        raise BrainError(
            f"there is no brain in {folder}; teach a fact first, or give the --brain that you mean"
        )


def learner_class() -> type[Learner]:
    """The learner; imported here, because it brings the model libraries with it."""
    from oneshot.facts.learner import Learner

    return Learner


def check_device(name: str) -> None:
    """BadInputError for the name of a device that no tensors with values can be on."""
    if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d+)?", name):
        raise BadInputError(f"device {name!r} came; give auto, cpu or cuda")


def use_threads(count: int | None) -> None:
    """Compute with so many threads, in libraries that are loaded already and in those to come."""
    if count is None:
        return
    if not 1 <= count <= MOST_THREADS:
        raise BadInputError(f"threads = {count} came; give 1 to {MOST_THREADS}")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    else:  # loading it takes a second, which not every command needs
        os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(count)


@contextmanager
def open_records() -> Iterator[Records]:
    """Open the command line's brain without its model, for what is only looked up."""
    from oneshot.facts.brain.records import Records

    folder = SESSION.get().brain
    check_brain(folder)
    with Records.open(folder) as records:
        yield records


@contextmanager
def open_learner(
    brain: Path | None = None, model: str | None = None, *, founding: bool = True
) -> Iterator[Learner]:
    """Open a brain until the block ends; both are the command line's where none is given.

    BrainError where there is none, unless the command is `founding` one.
    """
    session = SESSION.get()
    if not founding:
        check_brain(brain or session.brain)
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
