"""Relations that arrive one at a time, as sentences in wordings and of subjects that change.

    python -m experiments.classes.protocols.text experiments/configs/classes-text.toml

The features are those of the packaged text host, or of a sentence encoder. Its metric here is
fitted on running text alone, so that no relation is known before it is taught. `--tuning` judges on
tuning wordings.
"""

import argparse
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from experiments.classes.hosts.features import RUNS
from experiments.classes.learning.learners import Arrivals, closed_forms, follow, heads, retrained
from experiments.classes.learning.rivals import Descent, Learner, Probe
from experiments.classes.protocols.sentences import sentences
from experiments.classes.protocols.splits import arrival
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.hosts.texts import open_text_host
from oneshot.classes.writers.metric import Metric
from oneshot.hosts.corpus import background_text

CACHE = RUNS / "features-text.safetensors"


@dataclass(frozen=True)
class TextProtocol:
    """Sentences a relation and how they are learned; `encoder` names a package with a text host."""

    encoder: str | None = None
    taught: int = 100
    asked: int = 60
    whitening: float = 0.1
    epochs: int = 20
    rate: float = 0.02
    probe_decay: float = 1e-3
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "seeds", tuple(self.seeds))


@dataclass(frozen=True, eq=False)
class TextSet:
    """Features of the taught and the asked sentences, and of running text."""

    train: Float[Tensor, "n width"]
    train_labels: Tensor
    test: Float[Tensor, "m width"]
    test_labels: Tensor
    shared: Tensor
    never_trained: Tensor
    background: Float[Tensor, "k width"]


def text_set(protocol: TextProtocol, part: str) -> TextSet:
    """Read the cached features, or compute them."""
    cache = CACHE.with_stem(f"{CACHE.stem}-{protocol.encoder or 'packaged'}-{part}")
    if not cache.exists():
        taught = sentences("teach", protocol.taught, 0)
        asked = sentences(part, protocol.asked, 0)
        names = sorted({sentence.relation for sentence in taught})
        folder = str(files(protocol.encoder) / "model") if protocol.encoder else None
        host = open_text_host(folder, "cpu")
        running = [line for text in background_text() for line in text.split(". ")]
        kept = {
            "train": host.features([s.text for s in taught]),
            "train_labels": torch.tensor([names.index(s.relation) for s in taught]),
            "test": host.features([s.text for s in asked]),
            "test_labels": torch.tensor([names.index(s.relation) for s in asked]),
            "shared": torch.tensor([s.shared for s in asked]),
            "never_trained": torch.tensor([s.never_trained for s in asked]),
            "background": host.features([s for s in running if 20 < len(s) < 200][:3000]),
        }
        cache.parent.mkdir(parents=True, exist_ok=True)
        save_file(kept, cache)
    return TextSet(**load_file(cache))


def whitened_metric(features: Float[Tensor, "n width"], whitening: float) -> Metric:
    """Principal components over their deviations, `whitening` times the mean variance added."""
    raw = features.double()
    centre = raw.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(raw.T))
    transform = vectors * (values.clamp_min(0) + whitening * values.mean()).rsqrt()
    within = torch.full((len(centre),), 0.8, dtype=torch.float64)
    return Metric(centre.float(), transform.float().contiguous(), within)


def one_order(
    protocol: TextProtocol, data: TextSet, metric: Metric, seed: int
) -> dict[str, dict[str, Any]]:
    """All learners through one order of relations; heads get the whitened coordinates too."""
    classes = int(data.train_labels.max()) + 1
    place = arrival(torch.arange(classes), seed).argsort()
    coordinates = metric.coordinates(data.test)
    arrivals = Arrivals(
        metric.coordinates(data.train).float(),
        coordinates.float(),
        metric.codes(data.train),
        coordinates,
        place[data.train_labels],
        place[data.test_labels],
    )
    found = {}
    for name, learner in learners(protocol, metric, classes, seed).items():
        found[name], right = follow(learner, arrivals, range(1, classes + 1))
        found[name] |= {
            "last_of_wordings_of_one_relation": share(right[~data.shared]),
            "last_of_wordings_new_to_the_host": share(right[data.never_trained]),
        }
        print(seed, name, found[name], flush=True)
    return found


def learners(protocol: TextProtocol, metric: Metric, classes: int, seed: int) -> dict[str, Learner]:
    """All that are measured, by name; what is retrained, in the first order alone."""
    descent = Descent(protocol.epochs, protocol.rate)
    found = closed_forms(metric) | heads(metric.width, classes, descent, seed)
    if seed == protocol.seeds[0]:
        found |= retrained(Probe(protocol.probe_decay, 100))
    return found


def share(right: Tensor) -> float:
    """Per cent."""
    return round(100 * float(right.double().mean()), 2)


def experiment(protocol: TextProtocol, part: str) -> dict[str, Any]:
    """All orders."""
    data = text_set(protocol, part)
    metric = whitened_metric(data.background, protocol.whitening)
    return {
        "relations": int(data.train_labels.max()) + 1,
        "taught_sentences": len(data.train),
        "asked_sentences": len(data.test),
        "seeds": {str(seed): one_order(protocol, data, metric, seed) for seed in protocol.seeds},
    }


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true", help="tuning wordings, no record")
    options = parser.parse_args()
    torch.set_num_threads(1)
    protocol = read_plan(options.config, TextProtocol)
    if options.tuning:
        print(experiment(protocol, "tune"))
        return
    run = lambda: experiment(protocol, "test")  # noqa: E731
    print(run_recorded(options.config.stem, asdict(protocol), [options.config], run))


if __name__ == "__main__":
    main()
