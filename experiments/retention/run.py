"""Run a suite with some methods; one record a method, and those that are there are left out.

python -m experiments.retention.run experiments/configs/retention-trex-new.toml
python -m experiments.retention.run CONFIG --methods rome,memit --facts 100 --seed 1
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from experiments.record import RESULTS, run_recorded
from oneshot.hosts.load import load_host
from oneshot.retention.plan import Plan, read_plan, run_plan
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.material import Bare

ANSWERS = Path("runs/retention")  # the bare host's answers, which all runs share


def record_name(plan: Plan, method: str) -> str:
    """What a method's record is called."""
    facts = "all" if plan.facts is None else plan.facts
    return f"retention-{plan.suite}-{facts}-{method}-seed{plan.seed}"


def run(plan: Plan, config: Path, data: Path, host: str | None = None) -> list[Path]:
    """Run the methods that have no record yet; their records."""
    left = [m for m in plan.methods if not (RESULTS / f"{record_name(plan, m)}.json").exists()]
    if not left:
        return []
    ANSWERS.mkdir(parents=True, exist_ok=True)
    loaded = load_host(host)
    bare = Bare(loaded, ANSWERS / f"bare-{loaded.hash}.json")
    return [_record(replace(plan, methods=(m,)), bare, config, DataFolder(data)) for m in left]


def _record(plan: Plan, bare: Bare, config: Path, data: DataFolder) -> Path:
    files = [config, *([Path(plan.text)] if plan.text else [])]

    def experiment() -> dict[str, Any]:
        (result,) = run_plan(plan, bare, data, _show)
        return result

    path = run_recorded(record_name(plan, plan.methods[0]), asdict(plan), files, experiment)
    print(path, flush=True)
    return path


def _show(what: str, done: int, total: int) -> None:
    print(f"{what} {done}/{total}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a configuration; options stand before its entries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--methods", help="instead of the configuration's, with commas")
    parser.add_argument("--facts", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    plan = Plan(**read_plan(given.config))
    named = {"facts": given.facts, "seed": given.seed}
    if given.methods:
        named["methods"] = tuple(given.methods.split(","))
    run(
        replace(plan, **{k: v for k, v in named.items() if v is not None}), given.config, given.data
    )


if __name__ == "__main__":
    main()
