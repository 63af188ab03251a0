"""Fit everything that an address needs to a host: closed form, forward passes only."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.address.banks import ANSWER_TOKENS, ANSWERS_PER_TEMPLATE, fit_banks
from adapters.address.ending import WINDOW, EndingDetector, fit_detector
from adapters.address.enrolment import choose_wordings
from adapters.address.entity import SIZES, EntityMetric, fit_metric, fit_token_map
from adapters.address.gather import Batch, Gatherer, Progress
from adapters.address.material import NAMES_IN_TEXT, Material, Prompts, Settings, fill
from adapters.address.relation import RelationBank
from adapters.address.windows import MAX_WIDTH, window_at
from adapters.host.sites import Sites, find_sites
from oneshot.core.embeddings import LabelWhitening

CANDIDATES, CANDIDATE_NAMES = 40, 200  # wordings tried for enrolment, and on how many names
LEAST_NAMES = 150  # long enough for a window; below that, all names fit its metric


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
    total += len(material.background)
    total += len(templates) * ANSWERS_PER_TEMPLATE * (ANSWER_TOKENS + 1)
    total += min(CANDIDATES, len(templates)) * min(CANDIDATE_NAMES, len(names))
    gatherer = Gatherer(model, tokenizer, progress, total)
    layer = sites.depth(settings.entity_depth)
    relation_layers = tuple(sites.depth(f) for f in settings.relation_depths)
    wordings = [t for _, t in templates]
    window = getattr(model.config, "max_position_embeddings", None)
    prompts = Prompts(material, tokenizer, window, rng)
    metrics, detector = _fit_entity(gatherer, prompts, names, wordings, layer, settings)
    return Calibration(
        layer,
        relation_layers,
        tuple(material.templates),
        _choose_wordings(gatherer, names, wordings, layer, metrics, settings, rng),
        metrics,
        detector,
        fit_banks(gatherer, prompts, names, templates, relation_layers, settings),
        LabelWhitening.of(sites.head.get_parameter("weight").detach()),
        _head_scale(gatherer, sites, names, wordings, rng),
    )


def _fit_entity(
    gatherer: Gatherer,
    prompts: Prompts,
    names: Sequence[str],
    wordings: Sequence[str],
    layer: int,
    settings: Settings,
) -> tuple[tuple[EntityMetric, ...], EndingDetector]:
    places = torch.arange(MAX_WIDTH)

    def pick(batch: Batch) -> dict[str, Tensor]:
        states = batch.states[layer]
        after = torch.minimum(batch.end + 1, batch.last)
        rows = torch.arange(len(batch.ids))[:, None]
        return {
            "window": window_at(states, batch.end, MAX_WIDTH).unflatten(1, (MAX_WIDTH, -1)),
            "after": window_at(states, after, WINDOW),
            "token": batch.ids[rows, (batch.end[:, None] - places.to(batch.end)).clamp_min(0)],
            "size": batch.size,
            "followed": batch.end < batch.last,
        }

    def worded(name: str) -> tuple[str, str]:
        return prompts.fill(prompts.rng.choice(wordings), name, NAMES_IN_TEXT)

    a, b = (gatherer.gather([worded(name) for name in names], [layer], pick) for _ in range(2))
    shared = torch.minimum(a["size"], b["size"])
    inside = places < shared[:, None]
    token_map = fit_token_map(a["window"][inside], b["window"][inside])
    metrics = []
    for size in SIZES:
        long = shared >= size
        if int(long.sum()) < LEAST_NAMES:
            long = torch.ones_like(long)
        first, second, tokens = (x[long][:, :size] for x in (a["window"], b["window"], a["token"]))
        metrics.append(fit_metric(first, second, tokens, token_map, settings.entity_rank))
    names_going_on = a["window"][a["size"] >= WINDOW][:, :WINDOW].flatten(1)
    return tuple(metrics), fit_detector(names_going_on, a["after"][a["followed"]])


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


@torch.inference_mode()
def _head_scale(
    gatherer: Gatherer,
    sites: Sites,
    names: Sequence[str],
    wordings: Sequence[str],
    rng: random.Random,
) -> Float[Tensor, ""]:
    """Mean norm of the state that enters the head, at the last token of some prompts."""
    norms: list[Tensor] = []

    def keep(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        norms.append(args[0][0, -1].float().norm())

    handle = sites.head.register_forward_pre_hook(keep)
    try:
        for name in rng.sample(list(names), min(32, len(names))):
            ids = gatherer.tokenizer(
                fill(rng.choice(wordings), name), return_tensors="pt"
            ).input_ids
            gatherer.model(input_ids=ids.to(gatherer.device))
    finally:
        handle.remove()
    return torch.stack(norms).mean().cpu()
