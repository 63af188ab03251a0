"""Run a suite with some methods, each in a process of its own; a record a method.

python -m experiments.retention.run experiments/configs/bench-zsre.toml
python -m experiments.retention.run CONFIG --methods rome,memit --facts 25

Methods that have their record are left out, so a run that was stopped goes on.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from experiments.record import RESULTS, device_figures, run_recorded
from experiments.retention.command import command
from oneshot.core.memory import peak_mib
from oneshot.hosts.load import load_host
from oneshot.retention.methods.registry import BARE
from oneshot.retention.plan import Plan, read_plan, run_plan
from oneshot.retention.suites.data_folder import DataFolder

ANSWERS = Path("runs/retention")  # the bare host's answers, which the runs of a suite share


def record_name(plan: Plan, model: str, method: str) -> str:
    """What a method's record is called."""
    manner = "chat" if plan.chat else "raw"
    facts = "all" if plan.facts is None else plan.facts
    return f"bench-{model}-{plan.suite}-{manner}-{facts}-{method}-seed{plan.seed}"


def run(plan: Plan, model: str, device: str, files: list[Path], data: Path) -> Path:
    """Run one method; its record."""
    (method,) = plan.methods
    host = load_host(model, device=device)
    place = host.model.device
    ANSWERS.mkdir(parents=True, exist_ok=True)
    # The last bits of logits are a device's own: what one says is compared with what it said.
    answers = ANSWERS / f"bare-{plan.suite}-{host.hash}-{place.type}.json"

    def experiment() -> dict[str, Any]:
        before = peak_mib()
        (result,) = run_plan(plan, host, DataFolder(data), _show, answers)
        said = {"host": model, "chat": plan.chat, "memory_mib": [before, peak_mib()]}
        return result | said | device_figures(place)

    config = asdict(plan) | {"model": model}
    return run_recorded(record_name(plan, model, method), config, files, experiment)


def _show(what: str, done: int, total: int) -> None:
    print(f"{what} {done}/{total}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a configuration; options stand before its entries."""
    parser = command(__doc__)
    parser.add_argument("--methods", help="instead of the configuration's, with commas")
    parser.add_argument("--facts", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--chat", action="store_true", default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    torch.set_float32_matmul_precision("highest")  # wherever: a container may say otherwise
    plan = Plan(**read_plan(given.config))
    named = {"facts": given.facts, "seed": given.seed, "chat": given.chat}
    if given.methods:
        named["methods"] = tuple(given.methods.split(","))
    plan = replace(plan, **{k: v for k, v in named.items() if v is not None})
    if len(plan.methods) == 1:
        print(run(plan, given.model, given.device, [given.config], given.data))
        return
    failed = []
    for method in dict.fromkeys((BARE, *plan.methods)):
        if not (RESULTS / f"{record_name(plan, given.model, method)}.json").exists():
            alone = [*(arguments or sys.argv[1:]), "--methods", method]
            command_line = [sys.executable, "-m", "experiments.retention.run", *alone]
            if subprocess.run(command_line, check=False).returncode:
                failed.append(method)
    if failed:
        sys.exit(f"no record of {', '.join(failed)}: see above; the same command tries them again")


if __name__ == "__main__":
    main()
