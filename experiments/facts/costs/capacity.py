"""How many facts each local rule keeps: taught prompts answered from weights, by rule.

python -m experiments.facts.costs.capacity experiments/configs/facts-capacity.toml
"""

import argparse
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from experiments.facts.tables import capacity_rows
from experiments.record import RESULTS, run_recorded
from oneshot.facts.examination.exam import build_exam
from oneshot.hosts.load import load_host
from oneshot.retention.methods.interface import Request
from oneshot.retention.methods.ours import Ours

FIGURE = RESULTS.parent / "figures" / "facts-capacity"


@dataclass(frozen=True)
class Plan:
    """Which rules are tried with how many facts.

    `probes` are asked of each kind, all where it is not said.
    """

    rules: list[str]
    counts: list[int]
    split: str = "tune"
    probes: int | None = None
    seed: int = 0


def experiment(plan: Plan) -> dict[str, Any]:
    """Every rule at every count."""
    return {"rows": [_measure(plan, rule, count) for rule in plan.rules for count in plan.counts]}


def _measure(plan: Plan, rule: str, count: int) -> dict[str, Any]:
    exam = build_exam(count, seed=plan.seed, split=plan.split)
    with closing(Ours(load_host(), rule)) as method:
        taught = exam.probes["taught"]
        method.write([Request(p.prompt, p.answer, p.fact.subject) for p in taught])
        row: dict[str, Any] = {"rule": rule, "facts": len(taught)}
        for kind in ("taught", "paraphrase"):
            probes = exam.probes[kind][: plan.probes]
            said = method.answers([p.prompt for p in probes])
            hits = [s == p.answer for s, p in zip(said, probes, strict=True)]
            row[kind] = round(sum(hits) / len(hits), 4)
        row["bytes"] = method.stored_bytes()
    print(row, flush=True)
    return row


def draw(rows: list[dict[str, Any]]) -> None:
    """Against the number of facts, a line a rule: the share answered, and facts kept by weight."""
    figure, (share, density) = plt.subplots(1, 2, figsize=(10, 4))
    for label in dict.fromkeys(row["rule"] for row in rows):
        mine = [row for row in rows if row["rule"] == label]
        counts = [row["facts"] for row in mine]
        share.plot(counts, [row["paraphrase"] for row in mine], marker="o", label=label)
        kept = [row["facts"] * row["paraphrase"] / (row["bytes"] / 4000) for row in mine]
        density.plot(counts, kept, marker="o", label=label)
    share.set(xlabel="facts taught", ylabel="answered in another wording", xscale="log")
    density.set(xlabel="facts taught", ylabel="facts answered per 1,000 numbers stored")
    density.set(xscale="log", yscale="log")
    share.legend()
    figure.tight_layout()
    for suffix in ("png", "svg"):
        figure.savefig(FIGURE.with_suffix(f".{suffix}"), dpi=150)


def main() -> None:
    """Run the plan, write its record, and the figure of all such records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    config = parser.parse_args().config
    values = tomllib.loads(config.read_text("utf-8"))
    plan = Plan(**values)
    print(run_recorded(config.stem, values, [config], lambda: experiment(plan)))
    draw(capacity_rows(RESULTS))


if __name__ == "__main__":
    main()
