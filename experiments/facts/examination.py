"""What `oneshot eval` finds on facts that no host was trained on, in two rounds.

python -m experiments.facts.examination experiments/configs/facts-examination.toml

All facts are examined; then some more are taught and some forgotten, and what is due is examined.
"""

import argparse
import tempfile
import time
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.facts.examination.exam import build_exam
from oneshot.facts.examination.examine import examine
from oneshot.facts.examination.report import write_page
from oneshot.facts.learner import Learner

SAMPLES = 40


def experiment(plan: dict[str, Any], page: Path | None = None) -> dict[str, Any]:
    """The scores of both rounds, seconds, and the facts at risk with what they answered."""
    count = plan["facts"] + plan["later"]
    statements = build_exam(count, seed=plan["seed"], split=plan["split"]).statements
    with tempfile.TemporaryDirectory() as folder, Learner.open(folder) as learner:
        learner.write(statements[: plan["facts"]])
        now = datetime.now(UTC)
        first = _round(learner, now, plan["seed"], due=False)
        learner.write(statements[plan["facts"] :])
        ids = [fact.id for fact in learner.facts()]
        learner.forget(ids[:: len(ids) // plan["forgotten"]][: plan["forgotten"]])
        second = _round(learner, now + timedelta(hours=1), plan["seed"] + 1, due=True, page=page)
        return {"first": first, "second": second}


def _round(
    learner: Learner, now: datetime, seed: int, *, due: bool, page: Path | None = None
) -> dict[str, Any]:
    began = time.perf_counter()
    sitting = examine(learner, now, due=due, seed=seed)
    seconds = time.perf_counter() - began
    if page is not None:
        write_page(page, learner, sitting)
    result = asdict(sitting) | {"seconds": round(seconds, 1), "at_risk": len(sitting.risks)}
    del result["at"], result["next_due"]
    result["risks"] = result["risks"][:SAMPLES]
    result["collisions"] = len(sitting.collisions)
    return result


def main() -> None:
    """Run the plan and write its record; `--page` keeps the page of the second round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plan = tomllib.loads(arguments.config.read_text("utf-8"))
    path = run_recorded(
        arguments.config.stem, plan, [arguments.config], lambda: experiment(plan, arguments.page)
    )
    print(path)


if __name__ == "__main__":
    main()
