"""Fit everything that an address needs to a host: closed form, forward passes only."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.address.ending import WINDOW, EndingDetector, fit_detector
from adapters.address.enrolment import choose_wordings
from adapters.address.entity import SIZES, EntityMetric, fit_metric
from adapters.address.gather import Batch, Gatherer, Progress
from adapters.address.relation import RelationBank, fit_bank
from adapters.address.windows import window_at
from adapters.sites import Sites, find_sites
from oneshot.core.embeddings import LabelWhitening

CANDIDATES, CANDIDATE_NAMES = 40, 200  # wordings tried for enrolment, and on how many names
BACKGROUND_POSITIONS = 12  # per paragraph
BACKGROUND_CHARACTERS = 220


@dataclass(frozen=True)
class Material:
    """What a host is calibrated on: names, wordings by relation, and running text."""

    names: Sequence[str]
    templates: dict[str, Sequence[str]]
    background: Sequence[str]


@dataclass(frozen=True)
class Settings:
    """How a host is read; depths are fractions of its layers, so that any host is served."""

    entity_depth: float = 0.17
    relation_depths: tuple[float, ...] = (0.83,)
    entity_rank: int = 96
    enrolments: int = 4
    names: int = 2000
    names_per_template: int = 10
    seed: int = 0


@dataclass(frozen=True)
class Calibration:
    """A host's metrics, banks and label embeddings: what all facts share."""

    entity_layer: int
    relation_layers: tuple[int, ...]
    relations: tuple[str, ...]
    wordings: tuple[str, ...]
    metrics: tuple[EntityMetric, ...]
    detector: EndingDetector
    banks: tuple[RelationBank, ...]
    labels: LabelWhitening
    scale: Float[Tensor, ""]


def calibrate(
    model: nn.Module, tokenizer: Any, material: Material, settings: Settings, progress: Progress
) -> Calibration:
    """Read the host on the material and solve for the metrics; no gradient anywhere."""
    sites, rng = find_sites(model), random.Random(settings.seed)
    names = rng.sample(list(material.names), min(settings.names, len(material.names)))
    templates = [(r, t) for r, ts in material.templates.items() for t in ts]
    total = 2 * len(names) + len(templates) * settings.names_per_template
    total += len(material.background) + CANDIDATES * min(CANDIDATE_NAMES, len(names))
    gatherer = Gatherer(model, tokenizer, progress, total)
    layer = sites.depth(settings.entity_depth)
    relation_layers = tuple(sites.depth(f) for f in settings.relation_depths)
    wordings = [t for _, t in templates]
    metrics, detector = _fit_entity(gatherer, names, wordings, layer, settings, rng)
    return Calibration(
        layer,
        relation_layers,
        tuple(material.templates),
        _choose_wordings(gatherer, names, wordings, layer, metrics, settings, rng),
        metrics,
        detector,
        _fit_banks(gatherer, names, templates, material, relation_layers, settings, rng),
        LabelWhitening.of(sites.head.weight.detach()),
        _head_scale(gatherer, sites, names, wordings, rng),
    )


def fill(template: str, name: str) -> str:
    """The template with the name in its place."""
    return template.replace("{}", name)


def _fit_entity(
    gatherer: Gatherer,
    names: Sequence[str],
    wordings: Sequence[str],
    layer: int,
    settings: Settings,
    rng: random.Random,
) -> tuple[tuple[EntityMetric, ...], EndingDetector]:
    def pick(batch: Batch) -> dict[str, Tensor]:
        states = batch.states[layer]
        after = torch.minimum(batch.end + 1, batch.last)
        found = {f"w{w}": window_at(states, batch.end, w) for w in SIZES}
        found |= {"size": batch.size, "after": window_at(states, after, WINDOW)}
        found["token"] = batch.ids[torch.arange(len(batch.ids)), batch.end]
        found["followed"] = batch.end < batch.last
        return found

    a, b = (
        gatherer.gather([(fill(rng.choice(wordings), n), n) for n in names], [layer], pick)
        for _ in range(2)
    )
    metrics = []
    for size in SIZES:
        long = (a["size"] >= size) & (b["size"] >= size)
        if int(long.sum()) < len(names) // 20:
            long = torch.ones_like(long)
        first, second = a[f"w{size}"][long], b[f"w{size}"][long]
        metrics.append(fit_metric(first, second, a["token"][long].tolist(), size, settings.entity_rank))
    inside = a[f"w{WINDOW}"][a["size"] >= WINDOW]
    return tuple(metrics), fit_detector(inside, a["after"][a["followed"]])


def _choose_wordings(
    gatherer: Gatherer,
    names: Sequence[str],
    wordings: Sequence[str],
    layer: int,
    metrics: Sequence[EntityMetric],
    settings: Settings,
    rng: random.Random,
) -> tuple[str, ...]:
    size = 2
    candidates = rng.sample(list(wordings), min(CANDIDATES, len(wordings)))
    tried = rng.sample(list(names), min(CANDIDATE_NAMES, len(names)))
    pairs = [(fill(t, n), n) for t in candidates for n in tried]
    metric = metrics[size - 1]

    def pick(batch: Batch) -> dict[str, Tensor]:
        codes = window_at(batch.states[layer], batch.end, size) @ metric.metric.flatten(0, 1)
        return {"code": codes}

    codes = gatherer.gather(pairs, [layer], pick)["code"].unflatten(0, (len(candidates), -1))
    return tuple(candidates[i] for i in choose_wordings(codes, metric, settings.enrolments))


def _fit_banks(
    gatherer: Gatherer,
    names: Sequence[str],
    templates: Sequence[tuple[str, str]],
    material: Material,
    layers: Sequence[int],
    settings: Settings,
    rng: random.Random,
) -> tuple[RelationBank, ...]:
    def last(batch: Batch) -> dict[str, Tensor]:
        return {str(layer): batch.at(layer, batch.last) for layer in layers}

    def anywhere(batch: Batch) -> dict[str, Tensor]:
        steps = torch.linspace(0.15, 1, BACKGROUND_POSITIONS, device=batch.last.device)
        position = (batch.last[:, None] * steps).long()
        rows = torch.arange(len(batch.ids))[:, None]
        return {str(layer): batch.states[layer][rows, position] for layer in layers}

    each = settings.names_per_template
    pairs = [(fill(t, n), n) for _, t in templates for n in rng.sample(list(names), min(each, len(names)))]
    states = gatherer.gather(pairs, layers, last)
    texts = [t[:BACKGROUND_CHARACTERS] for t in material.background]
    running = gatherer.gather([(t, t[:1]) for t in texts], layers, anywhere)
    order = {relation: i for i, relation in enumerate(material.templates)}
    relation = torch.tensor([order[r] for r, _ in templates])
    return tuple(
        fit_bank(
            states[str(layer)].unflatten(0, (len(templates), -1)),
            relation,
            running[str(layer)].flatten(0, 1),
        )
        for layer in layers
    )


@torch.inference_mode()
def _head_scale(
    gatherer: Gatherer, sites: Sites, names: Sequence[str], wordings: Sequence[str], rng: random.Random
) -> Float[Tensor, ""]:
    """Mean norm of the state that enters the head, at the last token of some prompts."""
    norms: list[Tensor] = []

    def keep(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        norms.append(args[0][0, -1].float().norm())

    handle = sites.head.register_forward_pre_hook(keep)
    try:
        for name in rng.sample(list(names), min(32, len(names))):
            ids = gatherer.tokenizer(fill(rng.choice(wordings), name), return_tensors="pt").input_ids
            gatherer.model(input_ids=ids.to(gatherer.device))
    finally:
        handle.remove()
    return torch.stack(norms).mean().cpu()


