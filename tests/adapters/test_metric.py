"""Evidence on Gaussian data of known structure, and where a text is read."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adapters.address.metric import FLOOR, RelationMetric, _plda, fit_metric
from adapters.address.reading import Window, clause_of, window_of
from adapters.address.value import fit_detector

WIDTH, RELATIONS, EACH = 8, 200, 12
SPREAD = torch.tensor([4.0, 3.0, 2.0, 1.0, 0.1, 0.1, 0.1, 0.1])  # of relations in each direction


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def readings(seed: int = 0, relations: int = RELATIONS) -> tuple[Tensor, Tensor, Tensor]:
    """Last and words' states of wordings of relations, each a centre and noise of variance 1."""
    g = generator(seed)
    relation = torch.arange(relations).repeat_interleave(EACH)
    centres = torch.randn(relations, 3, WIDTH, generator=g) * SPREAD
    states = centres[relation] + torch.randn(len(relation), 3, WIDTH, generator=g)
    return states[:, :2], states[:, 2:], relation


def codes(metric: RelationMetric, last: Tensor, words: Tensor) -> Tensor:
    return metric.of_last(last.unbind(1)) + metric.of_words(words.unbind(1))


@pytest.fixture(scope="module")
def metric() -> RelationMetric:
    return fit_metric(*readings(), rank=16)


def test_the_same_relation_has_evidence_and_others_have_none(metric: RelationMetric) -> None:
    last, words, relation = readings(1, 50)  # none of these was fitted on
    found = codes(metric, last, words)
    ratio = metric.ratio(found[::EACH], found[1::EACH])
    same = torch.eye(50, dtype=torch.bool)
    assert (ratio[same] > 0).float().mean() > 0.97
    assert (ratio[~same] > 0).float().mean() < 0.02
    assert ratio.argmax(1).eq(torch.arange(50)).float().mean() > 0.95
    assert len(relation) == len(found)


def test_a_codes_noise_has_unit_variance_and_its_relations_are_apart(
    metric: RelationMetric,
) -> None:
    last, words, relation = readings()
    found = codes(metric, last, words).unflatten(0, (RELATIONS, EACH))
    within = (found - found.mean(1, keepdim=True)).square().sum((0, 1)) / (RELATIONS * (EACH - 1))
    torch.testing.assert_close(within, torch.ones(16), rtol=0.2, atol=0.2)
    between = found.mean(1).var(0) - within / EACH
    torch.testing.assert_close(between, metric.between, rtol=0.4, atol=0.2)
    assert metric.between.tolist() == sorted(metric.between.tolist(), reverse=True)
    assert relation.max() == RELATIONS - 1
    assert 0 < FLOOR < 1


def test_the_ratio_is_that_of_the_two_covariance_model(metric: RelationMetric) -> None:
    """Against the densities of a pair: correlated for one relation, independent for two."""
    b = metric.between.double()
    pair = 2 * torch.randn(40, 2, len(b), generator=generator(3)).double()
    total, none = b + 1, torch.zeros_like(b)
    same = torch.stack([torch.stack([total, b], -1), torch.stack([b, total], -1)], -1)
    other = torch.stack([torch.stack([total, none], -1), torch.stack([none, total], -1)], -1)
    both = pair.transpose(1, 2)
    zero = torch.zeros(2).double()
    wanted = sum(
        sign * torch.distributions.MultivariateNormal(zero, cov).log_prob(both).sum(1)
        for sign, cov in ((1, same), (-1, other))
    )
    found = metric.ratio(pair[:, 0].float(), pair[:, 1].float()).diagonal()
    torch.testing.assert_close(found.double(), wanted, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_ratio_to_several_is_that_of_the_two_covariance_model(
    metric: RelationMetric, count: int
) -> None:
    """Against the densities of all of them, the query of their relation or of another one."""
    b = metric.between.double()
    drawn = 2 * torch.randn(1 + count, len(b), generator=generator(4)).double()
    one, alone = torch.eye(1 + count).double(), torch.ones(1 + count, 1 + count).double()
    alone[0, 1:] = alone[1:, 0] = 0
    zero = torch.zeros(1 + count).double()
    wanted = sum(
        sign * torch.distributions.MultivariateNormal(zero, one + v * shared).log_prob(x)
        for v, x in zip(b, drawn.T, strict=True)
        for sign, shared in ((1, torch.ones_like(alone)), (-1, alone))
    )
    found = metric.ratio_to_all(drawn[:1].float(), drawn[1:].float())
    torch.testing.assert_close(found.double()[0], wanted, rtol=1e-3, atol=1e-2)
    if count == 1:
        pair = metric.ratio(drawn[:1].float(), drawn[1:].float())[0]
        torch.testing.assert_close(found, pair, rtol=1e-3, atol=1e-2)


@settings(deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(1, 4), m=st.integers(1, 4), rank=st.integers(1, 5))
def test_the_ratio_is_symmetric(seed: int, n: int, m: int, rank: int) -> None:
    g = generator(seed)
    one, other = (3 * torch.randn(k, rank, generator=g) for k in (n, m))
    blank = torch.zeros(1, WIDTH, rank)
    metric = RelationMetric(blank, blank, torch.zeros(rank), 5 * torch.rand(rank, generator=g))
    torch.testing.assert_close(metric.ratio(one, other), metric.ratio(other, one).T)
    self = metric.ratio(one, one).diagonal()
    assert (self >= metric.ratio(one, one + 1e-3).diagonal() - 1e-2).all()


def test_a_direction_in_which_relations_do_not_differ_says_nothing() -> None:
    blank = torch.zeros(1, WIDTH, 2)
    metric = RelationMetric(blank, blank, torch.zeros(2), torch.tensor([3.0, 0.0]))
    near, far = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 50.0]])
    torch.testing.assert_close(metric.ratio(near, near), metric.ratio(near, far))


def test_fitting_is_deterministic_and_keeps_the_rank(metric: RelationMetric) -> None:
    again = fit_metric(*readings(), rank=16)
    assert all(
        torch.equal(a, b) for a, b in zip(vars(metric).values(), vars(again).values(), strict=False)
    )
    assert metric.last.shape == (2, WIDTH, 16)
    assert metric.words.shape == (1, WIDTH, 16)
    assert fit_metric(*readings(), rank=10**6).between.shape == (3 * WIDTH,)


def test_a_code_is_the_sum_of_its_parts_word_by_word(metric: RelationMetric) -> None:
    """So that what each token adds can be kept, and a mean be taken over any words later."""
    last, words, _ = readings(4, 2)
    whole = metric.of_words([words[:, 0].mean(0)])
    parts = metric.of_words([words[:, 0]]).mean(0)
    torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-4)
    assert metric.of_last(last.unbind(1)).shape == (2 * EACH, 16)


def test_the_detector_tells_where_a_value_comes() -> None:
    g = generator(5)
    shift = torch.zeros(2, WIDTH)
    shift[:, 0] = 4
    ends, inside = (torch.randn(500, 2, WIDTH, generator=g) for _ in range(2))
    detector = fit_detector(ends + shift, inside)
    assert (detector((ends + shift).unbind(1)) > 0).float().mean() > 0.99
    assert (detector(inside.unbind(1)) < 0).float().mean() > 0.99
    assert abs(float(detector((shift / 2)[None].unbind(1)))) < 1


TOKENS = [(0, 3), (3, 11), (11, 14), (14, 24), (24, 27)]  # "The capital of Freedonia is"


@pytest.mark.parametrize(
    ("within", "masked", "wanted"),
    [
        ((0, 27), [(15, 24)], Window(4, (1, 2, 4))),
        ((0, 27), [], Window(4, (1, 2, 3, 4))),
        ((0, 24), [(15, 24)], Window(3, (1, 2))),
        ((15, 24), [(15, 24)], Window(3, (3,))),
        ((0, 3), [], Window(0, (0,))),
        ((27, 40), [], None),
    ],
)
def test_a_window_is_read_at_its_end_and_over_its_other_words(
    within: tuple[int, int], masked: list[tuple[int, int]], wanted: Window | None
) -> None:
    assert window_of(TOKENS, within, masked) == wanted


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("It rained. Where does Ann live?", "Ann", "Where does Ann live?"),
        ("It rained. Ann lives in", "Ann", "Ann lives in"),
        ("Ann is old. She lives in", "Ann", "Ann is old. She lives in"),
        ("Ann is old. It rained.", "Ann", "Ann is old."),
        ("Ann met Bob. Ann left Bob.", "Ann", "Ann left Bob."),
        ("It rained. Who wrote Sub: Zero?", "Sub: Zero", "Who wrote Sub: Zero?"),
    ],
)
def test_the_clause_of_a_name(text: str, name: str, wanted: str) -> None:
    at = text.rindex(name)
    start, end = clause_of(text, (at, at + len(name)))
    assert text[start:end] == wanted


def test_the_fit_takes_both_scatters_to_their_axes() -> None:
    """Within relations the variance is one in every direction, between them what is returned."""
    draw = torch.Generator().manual_seed(3)
    relation = torch.arange(2000) % 100
    spread = torch.linspace(2, 0.1, 60)
    x = (torch.randn(100, 60, generator=draw)[relation] * spread).double()
    x += torch.randn(2000, 60, generator=draw).double()
    mean, space, between = _plda(x, relation, 20)
    centred = x - mean
    means = torch.stack([centred[relation == k].mean(0) for k in range(100)])
    rest = centred - means[relation]
    within = rest.T @ rest / (2000 - 100)
    apart = means.T @ means / 100 - within / 20
    within.diagonal().add_(FLOOR * within.diagonal().mean())
    assert torch.allclose(space.T @ within @ space, torch.eye(20).double(), atol=1e-5)
    assert torch.allclose(space.T @ apart @ space, torch.diag(between), atol=1e-4)
    assert between[0] > 2 * between[-1] > 0
