"""What experiments with facts share: their command line, a new brain, a record of each run."""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.facts.learner import Learner

Plan = TypeVar("Plan")


@contextmanager
def new_brain(host: str, device: str) -> Iterator[Learner]:
    """A learner with a brain of its own, which goes at the end; `packaged` is what ships."""
    model = None if host == "packaged" else host
    with (
        tempfile.TemporaryDirectory() as folder,
        Learner.open(folder, model=model, device=device) as learner,
    ):
        yield learner


def run_all(
    about: str | None,
    kind: type[Plan],
    files: Callable[[Plan], list[Path]],
    experiment: Callable[[Plan, str], dict[str, Any]],
) -> None:
    """Run an experiment on each configuration of the command line, on the device named there."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("configs", nargs="+", type=Path)
    parser.add_argument("--device", default="cpu", help="where the host runs: cpu, cuda")
    given = parser.parse_args()
    for path in given.configs:
        plan = read_plan(path, kind)

        def work(plan: Plan = plan) -> dict[str, Any]:
            return experiment(plan, given.device)

        print(run_recorded(path.stem, asdict(plan), files(plan), work))  # type: ignore[call-overload]
