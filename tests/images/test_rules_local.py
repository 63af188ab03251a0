"""Rules without backpropagation learn real digits, each above chance by the margin stated here."""

from dataclasses import replace

import pytest
import torch
from pictures import one_thread

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.data import ImageSet
from oneshot.images.model import Classifier, accuracy, silent
from oneshot.images.rules import evolution, feedback_alignment, hebbian, three_factor
from oneshot.images.rules.two_layer import LocalSettings, new_chain, noised_examples
from oneshot.images.sets.loading import load_images

__all__ = ["one_thread"]

CHANCE = 0.1
RULES = {
    "feedback-alignment": (feedback_alignment, feedback_alignment.FeedbackAlignmentSettings, 0.6),
    "hebbian": (hebbian, hebbian.HebbianSettings, 0.5),
    "evolution": (evolution, evolution.EvolutionSettings, 0.4),
    "three-factor": (three_factor, three_factor.ThreeFactorSettings, 0.35),
}
"""Modules, settings and the least margin above chance after a few passes over 2,000 digits."""


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return load_images("mnist", None, torch.device("cpu")).first(2000, 500)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_beats_chance_by_its_margin(digits: ImageSet, rule: str):
    module, kind, margin = RULES[rule]
    chain = module.train(digits, kind(epochs=4), silent)
    assert isinstance(chain, Classifier)
    assert accuracy(chain, digits.test_images, digits.test_labels) > CHANCE + margin


@pytest.mark.parametrize("rule", RULES)
def test_the_same_seed_gives_the_same_bits(digits: ImageSet, rule: str):
    module, kind, _ = RULES[rule]
    few = digits.first(200, 10)
    chains = [module.train(few, kind(epochs=1, seed=3), silent) for _ in range(2)]
    assert torch.equal(chains[0].readout, chains[1].readout)
    other = module.train(few, kind(epochs=1, seed=4), silent)
    assert not torch.equal(chains[0].readout, other.readout)


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_needs_autograd(digits: ImageSet, rule: str, monkeypatch: pytest.MonkeyPatch):
    module, kind, _ = RULES[rule]

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a backward pass was asked for")

    monkeypatch.setattr(torch.autograd, "backward", forbidden)
    monkeypatch.setattr(torch.autograd, "grad", forbidden)
    chain = module.train(digits.first(100, 10), kind(epochs=1), silent)
    assert not chain.hidden.requires_grad


def test_spoiling_a_block_leaves_the_others_bitwise_the_same(digits: ImageSet):
    """No number of one block enters another's update."""
    settings = feedback_alignment.FeedbackAlignmentSettings(epochs=1)
    few = digits.first(200, 10)
    plain = feedback_alignment.train(few, settings, silent)
    made = feedback_alignment.new_chain

    def spoilt(*arguments: object) -> object:
        chain = made(*arguments)
        chain.hidden[0] = 0
        return chain

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feedback_alignment, "new_chain", spoilt)
        other = feedback_alignment.train(few, settings, silent)
    assert not torch.equal(plain.readout[0], other.readout[0])
    assert torch.equal(plain.readout[1:], other.readout[1:])
    assert torch.equal(plain.hidden[1:], other.hidden[1:])


def test_ranks_ignore_the_size_of_fitness():
    fitness = torch.tensor([[1.0], [1e9], [-3.0]])
    assert evolution.shaped(fitness).squeeze(1).tolist() == [0.0, 0.5, -0.5]
    assert torch.equal(
        evolution.shaped(fitness), evolution.shaped(fitness.sign() * fitness.abs().log1p())
    )


def test_evolution_descends_a_smooth_loss_like_a_gradient():
    """The ranked, antithetic step has a positive product with the descent of the loss."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(200, 5, generator=generator)
    descent = torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0])
    tried = torch.cat([noise, -noise]) * 0.1
    push = evolution.shaped((tried @ descent)[:, None])[:, 0]
    step = (push[:200] - push[200:]) @ noise
    assert torch.cosine_similarity(step, descent, dim=0) > 0.95


def test_examples_hold_every_image_once_an_epoch_with_noise_of_the_schedule(digits: ImageSet):
    settings = LocalSettings(T=3, epochs=1, batch=64)
    generator = torch.Generator().manual_seed(0)
    few = digits.first(2000, 10)
    chain = new_chain(few, settings, generator)
    batches = list(noised_examples(chain, few, generator, silent))
    pixels, z, u = (torch.cat(part, dim=-2) for part in zip(*batches, strict=True))
    assert len(pixels) == 2000
    assert torch.equal(u.sum(0), torch.bincount(few.train_labels, minlength=10).float())
    schedule = Schedule.linear(3)
    for t in range(3):
        left = z[t] - float(schedule.alpha_bar[t]) ** 0.5 * u
        assert abs(float(left.square().mean()) - (1 - float(schedule.alpha_bar[t]))) < 0.02


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (LocalSettings, {"T": 0}),
        (LocalSettings, {"rate": 0.0}),
        (evolution.EvolutionSettings, {"spread": 0.0}),
        (three_factor.ThreeFactorSettings, {"jitter": 0.0}),
    ],
)
def test_settings_out_of_range_are_refused(kind: type[LocalSettings], change: dict[str, float]):
    with pytest.raises(BadInputError, match="came; give"):
        kind(**change)


def test_shrinking_an_image_to_nothing_is_refused(digits: ImageSet):
    with pytest.raises(BadInputError, match="give less"):
        new_chain(digits, replace(LocalSettings(), shrink=29), torch.Generator())


def test_no_images_give_no_scores(digits: ImageSet):
    chain = new_chain(digits, LocalSettings(), torch.Generator())
    assert chain.logits(digits.test_images[:0]).shape == (0, 10)
