"""Fit everything that an address needs to a host: closed form, forward passes only."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from adapters.address.framed import framed_prompts
from adapters.address.gather import Layers, Progress, Prompt, encode_ids, read_prompts
from adapters.address.material import Material, Settings
from adapters.address.metric import RelationMetric, fit_metric
from adapters.address.reading import window_of
from adapters.address.value import ValueDetector, fit_detector
from adapters.host.half import half_of, multiplies_halves
from adapters.host.sites import Sites, find_sites
from adapters.text.pieces import Pieces
from oneshot.core.embeddings import LabelWhitening

SCALED_ON = 32  # prompts that the scale of the head's input is taken from


@dataclass(frozen=True)
class Bank:
    """The known relations as one way of reading tells them apart; `centres` are mean codes."""

    layers: Layers
    metric: RelationMetric
    centres: Float[Tensor, "relations rank"]

    @property
    def rank(self) -> int:
        """The numbers of a code."""
        return len(self.metric.between)

    def to(self, device: torch.device) -> "Bank":
        """The same with its metric on a device, for readings there."""
        return Bank(self.layers, self.metric.to(device), self.centres)


@dataclass(frozen=True)
class Calibration:
    """A host's metric, detector and label embeddings: what all facts share.

    `relations` are the known ones and `centres` their mean codes: they name what was understood,
    and compete with facts for what is asked. `framed` is for clauses that are read once more in a
    frame; a calibration without it knows of none. A fact keeps both codes side by side.
    """

    layers: Layers
    metric: RelationMetric
    value: ValueDetector
    relations: tuple[str, ...]
    centres: Float[Tensor, "relations rank"]
    labels: LabelWhitening
    scale: Float[Tensor, ""]
    framed: Bank | None = None

    @property
    def plain(self) -> Bank:
        """The relations as clauses tell them apart where they stand."""
        return Bank(self.layers, self.metric, self.centres)

    @property
    def deepest(self) -> int:
        """The last layer that is read."""
        return max(self.layers.all + (self.framed.layers.all if self.framed else []))

    @property
    def width(self) -> int:
        """The numbers of a fact's reading."""
        return self.plain.rank + (self.framed.rank if self.framed else 0)

    def plain_of(self, readings: Float[Tensor, "*n width"]) -> Float[Tensor, "*n rank"]:
        """The codes of wordings where they stand."""
        return readings[..., : self.plain.rank]

    def framed_of(self, readings: Float[Tensor, "*n width"]) -> Float[Tensor, "*n rank"]:
        """The codes of wordings in the frame; of no numbers where there is none."""
        return readings[..., self.plain.rank :]


def calibrate(
    model: nn.Module, tokenizer: Any, material: Material, settings: Settings, progress: Progress
) -> Calibration:
    """Read the host on the material and solve for the metric; no gradient anywhere."""
    sites, rng = find_sites(model), random.Random(settings.seed)
    last_layers, word_layers, end_layers = (
        tuple(dict.fromkeys(map(sites.depth, depths)))
        for depths in (settings.last_depths, settings.word_depths, settings.end_depths)
    )
    layers = Layers(last_layers, word_layers)
    texts = [(w.text, w.name) for w in material.wordings]
    inside = [*_cut(material, settings.cut, rng), *_running(material, rng)]
    prompts = _prompts(tokenizer, [*texts, *inside])
    in_frame = _in_frame(tokenizer, material) if end_layers else []
    done, total = 0, len(prompts) + len(in_frame)

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress("calibrating", done, total)

    frame = Layers(last_layers, word_layers, end_layers)
    reader = half_of(model, max(frame.all)) if multiplies_halves(model) else model
    last, words = read_prompts(reader, prompts, layers, advance)
    summed = read_prompts(reader, in_frame, frame, advance) if in_frame else None
    order = {r: i for i, r in enumerate(dict.fromkeys(w.relation for w in material.wordings))}
    relation = torch.tensor([order[w.relation] for w in material.wordings])
    known = len(texts)
    plain = fit_bank(layers, last[:known], words[:known], relation, settings.rank)
    cloze = torch.tensor([w.cloze for w in material.wordings])
    return Calibration(
        layers,
        plain.metric,
        fit_detector(last[:known][cloze], last[known:]),
        tuple(order),
        plain.centres,
        LabelWhitening.of(sites.head.get_parameter("weight").detach()),
        _head_scale(model, sites, rng.sample(prompts, min(SCALED_ON, len(prompts)))),
        fit_bank(frame, *summed, relation, settings.rank) if summed else None,
    )


def fit_bank(
    layers: Layers,
    last: Float[Tensor, "n last_layers width"],
    words: Float[Tensor, "n word_layers width"],
    relation: Int[Tensor, " n"],
    rank: int,
) -> Bank:
    """The metric of readings, each with its relation's number, and the relations' mean codes."""
    metric = fit_metric(last, words, relation, rank)
    codes = metric.of_last(last.unbind(1)) + metric.of_words(words.unbind(1))
    count = int(relation.max()) + 1
    centres = torch.stack([codes[relation == k].mean(0) for k in range(count)])
    return Bank(layers, metric, centres)


def _in_frame(tokenizer: Any, material: Material) -> list[Prompt]:
    """Every wording in the frame."""
    texts = [(w.text.strip(), w.name) for w in material.wordings]
    places = [(text, text.find(name), len(name)) for text, name in texts]
    named = [(t, [(a, a + n)] if a >= 0 else []) for t, a, n in places]
    return framed_prompts(tokenizer, Pieces.of(tokenizer), named)


def _cut(material: Material, count: int, rng: random.Random) -> list[tuple[str, str]]:
    """Clozes cut behind the name and before their end, where no value comes next."""
    found = []
    clozes = [w for w in material.wordings if w.cloze]
    for worded in rng.sample(clozes, min(count, len(clozes))):
        behind = worded.text.find(worded.name) + len(worded.name)
        places = [i for i in range(behind, len(worded.text)) if worded.text[i] == " "]
        if places:
            found.append((worded.text[: rng.choice(places)], worded.name))
    return found


def _running(material: Material, rng: random.Random) -> list[tuple[str, str]]:
    """Pieces of running text."""
    found = []
    for text in material.background:
        words = text.split(" ")[: rng.randrange(4, 24)]
        found.append((" ".join(words), ""))
    return found


def _prompts(tokenizer: Any, texts: Sequence[tuple[str, str]]) -> list[Prompt]:
    pieces, found = Pieces.of(tokenizer), []
    ids = encode_ids(tokenizer, [text for text, _ in texts])
    for row, (text, name) in zip(ids, texts, strict=True):
        shown, tokens = pieces.text(row)
        at = shown.find(name) if name else -1
        masked = [(at, at + len(name))] if at >= 0 else []
        window = window_of(tokens, (shown.find(text.strip()), len(shown)), masked)
        assert window is not None, "a text has tokens"
        found.append(Prompt(row, window))
    return found


@torch.inference_mode()
def _head_scale(model: nn.Module, sites: Sites, prompts: Sequence[Prompt]) -> Float[Tensor, ""]:
    """Mean norm of the state that enters the head, at the last token of some prompts."""
    norms: list[Tensor] = []

    def keep(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        norms.append(args[0][0, -1].float().norm())

    handle = sites.head.register_forward_pre_hook(keep)
    device = next(model.parameters()).device
    try:
        for prompt in prompts:
            model(input_ids=torch.tensor([prompt.ids], device=device))
    finally:
        handle.remove()
    return torch.stack(norms).mean().cpu()
