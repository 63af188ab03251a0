"""Settings of the rivals on the tuning split: python -m experiments.retention.tune CONFIG."""

import json
import random
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

import torch

from experiments.record import run_recorded
from oneshot.facts.wordings import unambiguous_wordings
from oneshot.hosts.corpus import corpus_facts
from oneshot.hosts.load import Host, load_host
from oneshot.retention.methods.in_context import InContext
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.methods.registry import tuned

CACHE = Path("runs/retention/tune")


class Bench:
    """Facts that the bare host gets wrong, another wording of each, and prompts that it knows."""

    def __init__(self, host: Host, config: dict[str, Any]) -> None:
        self.host, self.steps = host, config["steps"]
        rng, bare = random.Random(config["seed"]), InContext(host)
        drawn = _drawn(rng, "tune", 3 * config["facts"])
        said = bare.answers([first.prompt for first, _ in drawn])
        wrong = [pair for pair, a in zip(drawn, said, strict=True) if a != pair[0].answer]
        self.facts = wrong[: config["facts"]]
        self.known = [first.prompt for first, _ in _drawn(rng, "known", config["known"])]
        self.kept = bare.answers(self.known)

    def examine(self, method: Method) -> dict[str, Any]:
        """Shares of taught prompts and other wordings answered, and of known answers unchanged."""
        began, size = time.perf_counter(), -(-len(self.facts) // self.steps)
        for start in range(0, len(self.facts), size):
            method.write([first for first, _ in self.facts[start : start + size]])
        seconds = time.perf_counter() - began
        wanted = [first.answer for first, _ in self.facts]
        shares = {
            "efficacy": _share(method.answers([first.prompt for first, _ in self.facts]), wanted),
            "paraphrase": _share(method.answers([other for _, other in self.facts]), wanted),
            "known": _share(method.answers(self.known), self.kept),
        }
        return shares | {
            "score": round(harmonic_mean(list(shares.values())), 4),
            "write_seconds": round(seconds / len(self.facts), 3),
        }


def _drawn(rng: random.Random, split: str, count: int) -> list[tuple[Request, str]]:
    wordings = {
        relation: [w for w in texts if not w.endswith("?")]
        for relation, texts in unambiguous_wordings().items()
    }
    facts = [f for f in corpus_facts() if f.split == split and len(wordings[f.relation]) > 1]
    drawn = []
    for fact in rng.sample(facts, count):
        first, other = (
            w.replace("{}", fact.subject) for w in rng.sample(wordings[fact.relation], 2)
        )
        drawn.append((Request(first, fact.object, fact.subject), other))
    return drawn


def _share(said: Sequence[str], wanted: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(said, wanted, strict=True)) / len(wanted)


def _examined(bench: Bench, name: str, values: dict[str, Any]) -> dict[str, Any]:
    """From the cache, so that a run that was stopped goes on."""
    title = json.dumps(values, sort_keys=True)
    path = CACHE / f"{name}-{''.join(c if c.isalnum() else '-' for c in title)}.json"
    if not path.exists():
        made = bench.examine(tuned(bench.host, name, values))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made))
        print(name, title, made, flush=True)
    result = json.loads(path.read_text())
    return {"settings": values, **result}


def main() -> None:
    """Examine every setting of the config, and write the record."""
    torch.set_num_threads(1)
    config_path = Path(sys.argv[1])
    config = tomllib.loads(config_path.read_text("utf-8"))

    def experiment() -> dict[str, Any]:
        bench = Bench(load_host(), config)
        rows = {
            name: [_examined(bench, name, values) for values in settings]
            for name, settings in config["settings"].items()
        }
        best = {name: max(r, key=lambda row: row["score"])["settings"] for name, r in rows.items()}
        return {"chosen": best, "rows": rows}

    print(run_recorded(config["name"], config, [config_path], experiment))


if __name__ == "__main__":
    main()
