"""Settings of the rivals on the tuning split: python -m experiments.retention.tune CONFIG.

Every rival has the same number of tries, on the same facts: those of a published set that no other
run draws. What a try came to is kept, so that a run that was stopped goes on.
"""

import json
import time
import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from experiments.record import run_recorded
from experiments.retention.command import command
from oneshot.facts.manner import Manner
from oneshot.hosts.load import Host, load_host
from oneshot.retention.measures.axes import measure_axes
from oneshot.retention.methods.registry import make_method
from oneshot.retention.plan import Plan
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.registry import build_suite
from oneshot.retention.suites.sampling import Bare, Material

CACHE = Path("runs/retention/tune")
SCORED = ("efficacy", "paraphrase", "neighbours")


class Bench:
    """Facts of the tuning split with their questions, and what the bare host answers."""

    def __init__(self, host: Host, plan: Plan, data: Path) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        manner = Manner(raw=True, max_new_tokens=plan.answer_tokens)
        self.host, self.plan = host, plan
        self.bare = Bare(host, CACHE / f"bare-{host.hash}.json", manner)
        material = Material(
            host, self.bare, DataFolder(data), plan.facts, plan.probes, plan.seed, split="tune"
        )
        suite = build_suite(plan.suite, material)
        told, kept = (
            {axis: probes for axis, probes in axes.items() if axis in SCORED}
            for axes in (suite.told, suite.kept)
        )
        self.suite = replace(suite, told=told, kept=kept)

    def tried(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """One setting's shares and their mean, from the cache where it was tried before."""
        title = json.dumps(values, sort_keys=True)
        slug = f"{self.plan.suite}-{self.plan.facts}-{name}-{title}"
        path = CACHE / f"{''.join(c if c.isalnum() else '-' for c in slug)}.json"
        if not path.exists():
            path.write_text(json.dumps(self._examined(name, values)))
            print(name, title, path.read_text(), flush=True)
        kept: dict[str, Any] = json.loads(path.read_text())
        return {"settings": dict(values)} | kept

    def _examined(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        began, requests = time.perf_counter(), self.suite.requests
        half = len(requests) // 2
        made = make_method(name, self.host, manner=self.bare.manner, settings=values)
        with closing(made) as method:
            method.write(requests[:half])
            method.write(requests[half:])
            seconds = (time.perf_counter() - began) / len(requests)
            axes = measure_axes(method, self.bare, self.suite)
        shares = {axis: axes[axis]["mean"] for axis in SCORED}
        score = round(sum(shares.values()) / len(shares), 4)
        return shares | {"score": score, "write_seconds": round(seconds, 3)}


def main() -> None:
    """Examine every setting of the config, and write the record."""
    given = command(__doc__).parse_args()
    torch.set_num_threads(1)
    config = tomllib.loads(given.config.read_text("utf-8"))
    settings: dict[str, list[dict[str, Any]]] = config.pop("settings")
    plan = Plan(**config, split="tune")

    def experiment() -> dict[str, Any]:
        bench = Bench(load_host(given.model), plan, given.data)
        rows = {
            name: [bench.tried(name, values) for values in tries]
            for name, tries in settings.items()
        }
        best = {name: max(r, key=lambda row: row["score"])["settings"] for name, r in rows.items()}
        return {"chosen": best, "rows": rows}

    record = config | {"settings": settings, "model": given.model}
    print(run_recorded(given.config.stem, record, [given.config], experiment))


if __name__ == "__main__":
    main()
