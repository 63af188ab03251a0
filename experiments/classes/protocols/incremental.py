"""Classes of an image set that arrive in steps: the package's writers beside what one does else.

    python -m experiments.classes.protocols.incremental experiments/configs/classes-mnist.toml

reads features from runs/classes (see features.py) and writes a record. `--tuning` judges on a
fifth of the training images instead and writes none.
"""

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from experiments.classes.hosts.calibrate import packaged_calibration
from experiments.classes.hosts.features import FeatureSet, cached_features
from experiments.classes.learning.learners import (
    Arrivals,
    closed_forms,
    follow,
    heads,
    retrained,
    writers,
)
from experiments.classes.learning.rivals import Descent, Learner, Probe
from experiments.classes.learning.written import Written
from experiments.classes.measures import places, steps_of
from experiments.classes.protocols.splits import arrival, base_classes, new_classes
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.writers.metric import Metric
from oneshot.classes.writers.residual import ResidualWriter
from oneshot.classes.writers.ridge import RidgeWriter

HOST_BASE = 50
"""Classes of CIFAR-100 that the chain host was trained on."""


@dataclass(frozen=True)
class Protocol:
    """What arrives and how it is learned; on the `chain` host writers use the packaged metric."""

    host: str
    dataset: str
    base: int
    steps: tuple[int, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    head_seeds: tuple[int, ...] = (0, 1, 2)
    retrained_seeds: tuple[int, ...] = (0,)
    """The seeds for which all that is kept is trained on again at each step, the dearest."""
    epochs: int = 3
    rate: float = 0.02
    distillation: float = 3.0
    probe_decay: float = 1e-3
    probe_iterations: int = 60

    def __post_init__(self) -> None:
        # TOML has lists only.
        for name in ("steps", "seeds", "head_seeds", "retrained_seeds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def descent(self) -> Descent:
        """How heads are trained."""
        return Descent(self.epochs, self.rate, distillation=self.distillation)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Features, standardised for heads, and as codes and coordinates for writers."""

    features: FeatureSet
    heads: FeatureSet
    metric: Metric
    codes: Tensor
    coordinates: Tensor


def prepare(protocol: Protocol, tuning: bool) -> Prepared:
    """Read the features; metric and scales come from what the host was made of alone."""
    features = cached_features(protocol.host, protocol.dataset)
    width = features.train.shape[1]
    if protocol.host == "chain":
        base = cached_features("chain", "cifar100").of(base_classes(100, HOST_BASE))
        metric = packaged_calibration().metric
        centre, scale = base.train.mean(0), base.train.std(0)
    else:
        metric = label_free_metric(width)
        centre, scale = torch.zeros(width), torch.ones(width)
    features = features.tuning() if tuning else features
    heads = FeatureSet(
        (features.train - centre) / scale,
        features.train_labels,
        (features.test - centre) / scale,
        features.test_labels,
    )
    return Prepared(
        features, heads, metric, metric.codes(features.train), metric.coordinates(features.test)
    )


def label_free_metric(width: int) -> Metric:
    """For features of variance 1 of which nothing else is known."""
    within = torch.full((width,), 0.9, dtype=torch.float64)
    return Metric(torch.zeros(width), torch.eye(width), within)


def order_of(protocol: Protocol, classes: int, seed: int) -> Int64[Tensor, " classes"]:
    """Base classes first, where there are any; the others in the seed's order."""
    if not protocol.base:
        return arrival(torch.arange(classes), seed)
    base, new = base_classes(classes, protocol.base), new_classes(classes, protocol.base)
    return torch.cat([base, arrival(new, seed)])


def learners(
    protocol: Protocol, metric: Metric, width: int, classes: int, seed: int
) -> dict[str, Learner]:
    """All that are measured, by name; heads and what is retrained for the seeds asked for."""
    found = closed_forms(metric)
    if seed in protocol.head_seeds:
        found |= heads(width, classes, protocol.descent, seed)
    if seed in protocol.retrained_seeds:
        found |= retrained(Probe(protocol.probe_decay, protocol.probe_iterations))
    return found


def one_order(
    protocol: Protocol, prepared: Prepared, steps: int, seed: int
) -> dict[str, dict[str, Any]]:
    """All learners through one order of classes."""
    features = prepared.features
    order = order_of(protocol, int(features.train_labels.max()) + 1, seed)
    arrivals = Arrivals(
        prepared.heads.train,
        prepared.heads.test,
        prepared.codes,
        prepared.coordinates,
        places(features.train_labels, order),
        places(features.test_labels, order),
    )
    known, found = steps_of(len(order), protocol.base, steps), {}
    width = arrivals.train.shape[1]
    for name, learner in learners(protocol, prepared.metric, width, len(order), seed).items():
        found[name], _ = follow(learner, arrivals, known)
        if isinstance(learner, Written) and seed == protocol.seeds[0]:
            fresh = writers(prepared.metric)[name]
            found[name]["same_bits_as_all_at_once"] = same_bits(learner, fresh, arrivals)
        print(steps, seed, name, found[name], flush=True)
    return found


def same_bits(learner: Written, fresh: Written, arrivals: Arrivals) -> bool:
    """Whether a fresh writer that is given all examples in another order has the same weights."""
    for rows in torch.arange(len(arrivals.codes)).flip(0).chunk(2):
        fresh.learn(arrivals.codes[rows], arrivals.train_places[rows])
    mine, other = learner.writer.state(), fresh.writer.state()
    return all(torch.equal(mine[name], other[name]) for name in mine)


def cost_of_a_class(prepared: Prepared) -> dict[str, float]:
    """Milliseconds of CPU time, since the machine is shared, and bytes of one class more."""
    features, times = prepared.features, list[float]()
    label = int(features.train_labels.max())
    rows = features.train_labels == label
    writer = RidgeWriter(prepared.metric)
    Written(writer).learn(prepared.codes[~rows], features.train_labels[~rows])
    writer.evidence(prepared.coordinates[:1])
    for _ in range(5):
        began = time.process_time()
        writer.add("new", features.train[rows])
        times.append(time.process_time() - began)
        writer.forget("new")
    began = time.process_time()
    writer.add("new", features.train[rows])
    writer.evidence(prepared.coordinates[:1])
    solved = time.process_time() - began
    chain = ResidualWriter(prepared.metric)
    Written(chain).learn(prepared.codes, features.train_labels)
    began = time.process_time()
    chain.answers(prepared.coordinates[:1])
    chained = time.process_time() - began
    per_class = 8 * prepared.metric.width * 3 + 8
    return {
        "examples": int(rows.sum()),
        "add_cpu_ms": round(1000 * sorted(times)[2], 1),
        "add_and_solve_cpu_ms": round(1000 * solved, 1),
        "residual_solve_cpu_ms": round(1000 * chained, 1),
        "bytes_of_weights": per_class,
        "bytes_of_codes": int(rows.sum()) * prepared.metric.width,
    }


def experiment(protocol: Protocol, tuning: bool) -> dict[str, Any]:
    """All orders, and what a class costs."""
    prepared = prepare(protocol, tuning)
    return {
        "train_images": len(prepared.features.train),
        "test_images": len(prepared.features.test),
        "width": prepared.metric.width,
        "cost_of_a_class": cost_of_a_class(prepared),
        "steps": {
            str(steps): {
                str(seed): one_order(protocol, prepared, steps, seed) for seed in protocol.seeds
            }
            for steps in protocol.steps
        },
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    protocol = read_plan(options.config, Protocol)
    if options.tuning:
        print(experiment(protocol, tuning=True))
        return
    name = options.config.stem
    run = lambda: experiment(protocol, tuning=False)  # noqa: E731
    print(run_recorded(name, asdict(protocol), [options.config], run))


if __name__ == "__main__":
    main()
