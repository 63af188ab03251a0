"""The states that a host's relation banks are fitted on."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.gather import Batch, Gatherer
from adapters.address.material import CHARACTERS, WORDINGS_IN_TEXT, Prompts, Settings, fill
from adapters.address.relation import RelationBank, fit_bank

BACKGROUND_POSITIONS = 12  # per paragraph
ANSWERS_PER_TEMPLATE = 4
ANSWER_TOKENS = 2  # of the host's own answers, at which no fact starts to speak


def fit_banks(
    gatherer: Gatherer,
    prompts: Prompts,
    names: Sequence[str],
    templates: Sequence[tuple[str, str]],
    layers: Sequence[int],
    settings: Settings,
) -> tuple[RelationBank, ...]:
    """A bank a layer, from the last states of every wording, running text and answers."""

    def last(batch: Batch) -> dict[str, Tensor]:
        return {str(layer): batch.at(layer, batch.last) for layer in layers}

    def anywhere(batch: Batch) -> dict[str, Tensor]:
        steps = torch.linspace(0.15, 1, BACKGROUND_POSITIONS, device=batch.last.device)
        position = (batch.last[:, None] * steps).long()
        rows = torch.arange(len(batch.ids))[:, None]
        return {str(layer): batch.states[layer][rows, position] for layer in layers}

    material, each = prompts.material, settings.names_per_template
    pairs = [
        prompts.fill(t, n, WORDINGS_IN_TEXT)
        for _, t in templates
        for n in prompts.rng.sample(list(names), min(each, len(names)))
    ]
    states = gatherer.gather(pairs, layers, last)
    texts = [t[:CHARACTERS] for t in material.background]
    running = gatherer.gather([(t, t[:1]) for t in texts], layers, anywhere)
    answering = _answering(gatherer, prompts, templates, layers)
    order = {relation: i for i, relation in enumerate(material.templates)}
    relation = torch.tensor([order[r] for r, _ in templates])
    return tuple(
        fit_bank(
            states[str(layer)].unflatten(0, (len(templates), -1)),
            relation,
            [running[str(layer)].flatten(0, 1)[None], answering[str(layer)]],
        )
        for layer in layers
    )


def _answering(
    gatherer: Gatherer,
    prompts: Prompts,
    templates: Sequence[tuple[str, str]],
    layers: Sequence[int],
) -> dict[str, Float[Tensor, "components points width"]]:
    """States inside the host's own answers, by relation: no fact starts to speak there.

    Half of the names fit the relation and half are any, since hosts answer nonsense too.
    """
    pairs, material, rng = [], prompts.material, prompts.rng
    for relation, template in templates:
        fitting = [n for n, r in material.facts if r == relation] or list(material.names)
        for i in range(ANSWERS_PER_TEMPLATE):
            name = rng.choice(fitting if i % 2 else material.names)
            pairs.append((fill(template, name), name))
    states = gatherer.gather_answers(pairs, layers, ANSWER_TOKENS)
    kinds = [(r, i % 2) for r, _ in templates for i in range(ANSWERS_PER_TEMPLATE)]
    groups = [[i for i, k in enumerate(kinds) if k == kind] for kind in dict.fromkeys(kinds)]
    return {
        name: torch.stack([state[group].mean(0) for group in groups]).flatten(0, 1)[:, None]
        for name, state in states.items()
    }
