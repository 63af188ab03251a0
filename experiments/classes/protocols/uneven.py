"""Classes with uneven numbers of pictures: few of each new one, and a long tail.

    python -m experiments.classes.protocols.uneven experiments/configs/classes-uneven.toml

reads the packaged host's features of CIFAR-100 from runs/classes (see features.py) and writes a
record. The host was trained on the first 50 of the base classes; `--tuning` judges on a fifth of
the training images instead and writes none.
"""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from experiments.classes.learning.learners import Arrivals, closed_forms, follow
from experiments.classes.measures import places, steps_of
from experiments.classes.protocols.incremental import Prepared, Protocol, order_of, prepare
from experiments.classes.protocols.splits import arrival
from experiments.plans import read_plan
from experiments.record import run_recorded

CLASSES = 100

BELOW = 20
"""A class with fewer pictures counts as rare."""


@dataclass(frozen=True)
class Uneven:
    """After `base` whole classes the others in `steps`, `shots` pictures each; and long tails.

    In a tail of ratio r the classes' numbers of pictures fall evenly, in their logarithm, from all
    to one r-th, in a random order of all classes.
    """

    base: int = 60
    steps: int = 8
    shots: int = 5
    ratios: tuple[int, ...] = (10, 100)
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        # TOML has lists only.
        for name in ("ratios", "seeds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


def few_of_each(labels: Int64[Tensor, " n"], counts: dict[int, int], seed: int) -> Tensor:
    """So many examples of each class, drawn at random; all where there are fewer."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for label, count in counts.items():
        rows = torch.where(labels == label)[0]
        parts.append(rows[torch.randperm(len(rows), generator=generator)[:count]])
    return torch.cat(parts)


def tail_counts(most: int, ratio: int, classes: int) -> list[int]:
    """Numbers of pictures that fall from `most` to one `ratio`-th of it."""
    return [max(1, round(most * ratio ** (-n / (classes - 1)))) for n in range(classes)]


def arrivals_of(prepared: Prepared, rows: Tensor, order: Tensor) -> Arrivals:
    """Some training examples, and all of the test's."""
    features = prepared.features
    return Arrivals(
        prepared.heads.train[rows],
        prepared.heads.test,
        prepared.codes[rows],
        prepared.coordinates,
        places(features.train_labels[rows], order),
        places(features.test_labels, order),
    )


def few_shot_steps(plan: Uneven, prepared: Prepared, seed: int) -> dict[str, Any]:
    """All closed forms but the chain, which would be solved anew at each step."""
    labels = prepared.features.train_labels
    protocol = Protocol("chain", "cifar100", 50, (plan.steps,))
    order = order_of(protocol, CLASSES, seed)
    whole = len(labels)
    counts = {int(c): whole if n < plan.base else plan.shots for n, c in enumerate(order)}
    arrivals = arrivals_of(prepared, few_of_each(labels, counts, seed), order)
    known, found = steps_of(CLASSES, plan.base, plan.steps), dict[str, Any]()
    for name, learner in closed_forms(prepared.metric).items():
        if name != "residual":
            found[name], right = follow(learner, arrivals, known)
            found[name] |= _shares(right, arrivals.test_places < plan.base, "base", "new")
    return found


def long_tail(ratio: int, prepared: Prepared, seed: int) -> dict[str, Any]:
    """All closed forms, given everything at once."""
    labels = prepared.features.train_labels
    order = arrival(torch.arange(CLASSES), seed)
    most = int(labels.bincount().max())
    counts = dict(zip(order.tolist(), tail_counts(most, ratio, CLASSES), strict=True))
    arrivals = arrivals_of(prepared, few_of_each(labels, counts, seed), order)
    rare = torch.tensor([count < BELOW for count in counts.values()])[arrivals.test_places]
    found: dict[str, Any] = {"train_images": len(arrivals.codes)}
    for name, learner in closed_forms(prepared.metric).items():
        found[name], right = follow(learner, arrivals, [CLASSES])
        found[name] |= _shares(right, rare, "rare", "others")
    return found


def _shares(right: Tensor, some: Tensor, name: str, rest: str) -> dict[str, float]:
    """In per cent, of some test examples and of the rest; nothing where there are none."""
    parts = {name: right[some], rest: right[~some]}
    return {n: round(100 * float(p.double().mean()), 2) for n, p in parts.items() if len(p)}


def experiment(plan: Uneven, tuning: bool) -> dict[str, Any]:
    """Both kinds, for each seed."""
    prepared = prepare(Protocol("chain", "cifar100", 50, (plan.steps,)), tuning)

    tails = {
        str(ratio): {str(seed): long_tail(ratio, prepared, seed) for seed in plan.seeds}
        for ratio in plan.ratios
    }
    few = {str(seed): few_shot_steps(plan, prepared, seed) for seed in plan.seeds}
    return {"test_images": len(prepared.features.test), "few_shot_steps": few, "long_tail": tails}


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = read_plan(options.config, Uneven)
    if options.tuning:
        print(experiment(plan, tuning=True))
        return
    run = lambda: experiment(plan, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), [options.config], run))


if __name__ == "__main__":
    main()
