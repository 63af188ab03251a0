"""Addresses on Gaussian data of known structure."""

import pytest
import torch
from adapters.address.ending import CONFIDENT, EndingDetector, fit_detector
from adapters.address.enrolment import CLIP, choose_wordings
from adapters.address.entity import (
    MARGIN,
    SIZES,
    EntityMetric,
    EntityTable,
    fit_metric,
    fit_token_map,
)
from adapters.address.relation import FAR, RelationBank, class_scores, fit_bank, likelihood
from adapters.address.windows import MAX_WIDTH, shifted, window_at, windows_from
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

WIDTH, NAMES, NOISE = 8, 4000, 0.2


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def names(size: int, seed: int = 0, count: int = NAMES) -> tuple[Tensor, Tensor]:
    """Names as window states, each read in two wordings that add noise."""
    g = generator(seed)
    centre = torch.randn(count, size, WIDTH, generator=g)
    a, b = (centre + NOISE * torch.randn(count, size, WIDTH, generator=g) for _ in range(2))
    return a, b


def fit(size: int, tokens: Tensor | None = None) -> EntityMetric:
    a, b = names(size)
    tokens = torch.arange(NAMES * size).view(NAMES, size) if tokens is None else tokens
    return fit_metric(a, b, tokens, torch.eye(WIDTH, dtype=torch.double), WIDTH * size)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_evidence_is_above_zero_for_the_same_name_and_below_for_others(size: int) -> None:
    metric = fit(size)
    a, b = (part.flatten(1) @ metric.metric.flatten(0, 1) for part in names(size, 1, 200))
    table = EntityTable.build(a, torch.arange(200))
    evidence = table.evidence(b, metric.offset)
    same = torch.eye(200, dtype=torch.bool)
    assert (evidence[same] > 0).float().mean() > 0.95
    assert (evidence[~same] > 0).float().mean() < 0.01
    assert evidence.argmax(1).eq(torch.arange(200)).float().mean() > 0.98


def test_the_evidence_is_the_two_covariance_log_likelihood_ratio() -> None:
    """Against the densities of a - b: N(0, 2 N) for one name, N(0, 2 N + 2 B) for two."""
    metric = fit(1)
    a, b = names(1)
    within = torch.cov((a - b).flatten(1).double().T) / 2
    between = torch.cov(((a + b) / 2).flatten(1).double().T) - within / 2
    floor = 0.02 * (within + between).diagonal().mean() * torch.eye(WIDTH)
    same = torch.distributions.MultivariateNormal(
        torch.zeros(WIDTH, dtype=torch.double), 2 * (within + floor)
    )
    other = torch.distributions.MultivariateNormal(
        torch.zeros(WIDTH, dtype=torch.double), 2 * (within + floor + between)
    )
    difference = torch.randn(50, WIDTH, generator=generator(2)).double()
    ratio = same.log_prob(difference) - other.log_prob(difference)
    full = float(metric.offset) / (1 - MARGIN)
    codes = difference.float() @ metric.metric[0]
    torch.testing.assert_close(
        (full - codes.square().sum(1) / 2).double(), ratio, rtol=1e-3, atol=1e-2
    )


def test_names_that_share_a_token_are_told_apart_better_when_it_is_known() -> None:
    g = generator(3)
    shared = torch.randint(4, (NAMES,), generator=g)
    table = 3 * torch.randn(4, WIDTH, generator=g)
    a, b = names(2)
    for part in (a, b):
        part[:, 0] = table[shared] + NOISE * torch.randn(NAMES, WIDTH, generator=g)
    own = torch.arange(4, NAMES + 4)
    siblings = (shared[:300, None] == shared[:300]) & ~torch.eye(300, dtype=torch.bool)
    mistaken = []
    for first in (shared, own):  # what the metric is told of the first tokens
        tokens = torch.stack([first, own], 1)
        metric = fit_metric(a, b, tokens, torch.eye(WIDTH, dtype=torch.double), 2 * WIDTH)
        code, query = (part.flatten(1) @ metric.metric.flatten(0, 1) for part in (a, b))
        enrolled = EntityTable.build(code[:300], torch.arange(300))
        evidence = enrolled.evidence(query[:300], metric.offset)
        assert (evidence.diagonal() > 0).float().mean() > 0.95
        mistaken.append(float((evidence[siblings] > 0).float().mean()))
    assert mistaken[0] < 0.8 * mistaken[1]


def test_the_token_map_keeps_what_tells_tokens_apart() -> None:
    g = generator(4)
    token = torch.randn(2000, WIDTH, generator=g) * torch.tensor([5.0, 5.0] + [0.1] * (WIDTH - 2))
    a, b = (token + torch.randn(2000, WIDTH, generator=g) for _ in range(2))
    best = fit_token_map(a, b)[:, -2:]
    share = best[:2].square().sum() / best.square().sum()
    assert share > 0.95


def test_metrics_are_deterministic_and_their_rank_is_kept() -> None:
    one, two = fit(2), fit(2)
    assert torch.equal(one.metric, two.metric)
    assert torch.equal(one.offset, two.offset)
    a, b = names(2)
    tokens = torch.zeros(NAMES, 2, dtype=torch.long)
    cut = fit_metric(a, b, tokens, torch.eye(WIDTH, dtype=torch.double), 5)
    assert cut.metric.shape == (2, WIDTH, 5)
    assert 0 < float(cut.offset) < float(one.offset)
    assert tuple(range(1, MAX_WIDTH + 1)) == SIZES


@settings(deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 4))
def test_tables_give_the_distance_form(seed: int, rows: int) -> None:
    g = generator(seed)
    codes, query = torch.randn(rows, 5, generator=g), torch.randn(3, 5, generator=g)
    found = EntityTable.build(codes, torch.arange(rows)).evidence(query, torch.tensor(2.0))
    expected = 2 - torch.cdist(query, codes).square() / 2
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(
    seed=st.integers(0, 999),
    size=st.integers(1, MAX_WIDTH),
    length=st.integers(1, 9),
)
def test_windows_from_a_start_are_those_at_each_position(seed: int, size: int, length: int) -> None:
    g = generator(seed)
    states = torch.randn(2, length, WIDTH, generator=g)
    metric = EntityMetric(torch.randn(size, WIDTH, 3, generator=g), torch.tensor(0.0))
    start = length // 2
    widest = windows_from(states, start)
    for position in range(start, length):
        at = window_at(states, torch.tensor([position] * 2), size)
        assert torch.equal(at, windows_from(states, start, size)[:, position - start])
        code = at @ metric.metric.flatten(0, 1)
        torch.testing.assert_close(metric.code(widest)[:, position - start], code)


def test_windows_hold_the_last_states_and_zeros_before_the_first() -> None:
    states = torch.arange(1.0, 7).view(1, 3, 2)
    assert windows_from(states, 0, 2).tolist() == [[[1, 2, 0, 0], [3, 4, 1, 2], [5, 6, 3, 4]]]
    assert shifted(states, 5).tolist() == torch.zeros(1, 3, 2).tolist()


def test_the_ending_detector_tells_goes_on_from_ended() -> None:
    g = generator(5)
    shift = torch.zeros(WIDTH)
    shift[0] = 6
    inside, after = (
        torch.randn(500, WIDTH, generator=g) + shift,
        torch.randn(500, WIDTH, generator=g),
    )
    detector = fit_detector(inside, after)
    assert detector.goes_on(torch.randn(500, WIDTH, generator=g) + shift).float().mean() > 0.99
    assert detector.goes_on(torch.randn(500, WIDTH, generator=g)).float().mean() < 0.01
    odds = (shift / 2) @ detector.weight + detector.bias
    assert abs(float(odds)) < 1
    edge = EndingDetector(torch.ones(1), torch.tensor(0.0))
    assert edge.goes_on(torch.tensor([[CONFIDENT], [CONFIDENT + 0.1]])).tolist() == [False, True]


RELATIONS, WORDINGS, EACH = 3, 4, 30


def bank(seed: int = 6) -> tuple[RelationBank, Tensor]:
    """Relations far apart, wordings near them; text and answers at places of their own."""
    g = generator(seed)
    centres = 8 * torch.eye(RELATIONS + 2, WIDTH)
    relation = torch.arange(RELATIONS).repeat_interleave(WORDINGS)
    wordings = centres[relation] + 0.5 * torch.randn(len(relation), WIDTH, generator=g)
    states = wordings[:, None] + torch.randn(len(relation), EACH, WIDTH, generator=g)
    text = centres[3] + torch.randn(1, 200, WIDTH, generator=g)
    answers = centres[4] + torch.randn(2, 1, WIDTH, generator=g)
    return fit_bank(states, relation, [text, answers]), centres


def test_the_bank_tells_separated_relations() -> None:
    made, centres = bank()
    label = torch.arange(RELATIONS).repeat_interleave(50)
    points = centres[label] + torch.randn(150, WIDTH, generator=generator(7))
    posterior = made.posterior(made.code(points))
    assert posterior.shape == (150, RELATIONS)
    assert posterior.gather(1, label[:, None]).min() > 0.9
    agreement = made.agreement(
        made.code(points), made.code(points), torch.zeros(150, dtype=torch.bool)
    )
    same = label[:, None] == label
    assert agreement[same].min() > 0.8
    assert agreement[~same].max() < 0.1


def test_null_classes_swallow_text_and_answers() -> None:
    made, centres = bank()
    for place in (3, 4):
        points = centres[place] + torch.randn(50, WIDTH, generator=generator(8))
        assert made.posterior(made.code(points)).sum(1).max() < 0.1
        taught = made.code(centres[:RELATIONS])
        novel = torch.zeros(RELATIONS, dtype=torch.bool)
        assert made.agreement(made.code(points), taught, novel).max() < 0.1
    assert int(made.relations) == RELATIONS
    assert made.owner.tolist()[-3:] == [RELATIONS, RELATIONS + 1, RELATIONS + 1]


def test_nothing_known_is_asked_far_from_every_wording() -> None:
    """Out there the classes' posterior is as sure as near a wording, and says nothing."""
    made, centres = bank()
    taught, known = made.code(centres[:1]), torch.tensor([False])
    beyond = made.code(4 * centres[:1])
    assert float(made.posterior(beyond)[0, 0]) > 0.99
    assert float(made.agreement(beyond, taught, known)) == 0
    assert float(made.agreement(taught, taught, known)) > 0.9
    distance = torch.cdist(beyond, made.wordings()).square().min()
    torch.testing.assert_close(
        made.agreement(beyond, taught, known) > 0, (distance <= FAR * made.novelty)[None, None]
    )


def test_a_relation_of_its_own_competes_with_the_banks() -> None:
    made, centres = bank()
    far = made.code(8 * torch.eye(WIDTH)[6:7])
    assert made.novel(far).tolist() == [True]
    assert not made.novel(made.code(centres[:RELATIONS])).any()
    novel = torch.tensor([True])
    assert float(made.agreement(far, far, novel)) > 0.9
    assert float(made.agreement(made.code(centres[:1]), far, novel)) < 0.1


def test_codes_have_unit_covariance_within_relations() -> None:
    made, _ = bank()
    assert made.wordings().shape == (RELATIONS * WORDINGS, WIDTH)
    points = torch.randn(20_000, WIDTH, generator=generator(9)) * (1 + 0.5**2) ** 0.5
    spread = torch.cov(made.code(points).T)
    assert spread.diagonal().mean() == pytest.approx(1, abs=0.25)


def test_class_scores_are_log_mean_likelihoods_of_their_components() -> None:
    scores, owner = torch.randn(5, 4, generator=generator()), torch.tensor([0, 1, 0, 1])
    expected = torch.stack([scores[:, owner == k].logsumexp(1) for k in (0, 1)], 1)
    expected -= torch.tensor(2.0).log()
    torch.testing.assert_close(class_scores(scores, owner), expected)
    points, means = torch.randn(5, 3, generator=generator()), torch.randn(2, 3)
    gaps = likelihood(points, means) + torch.cdist(points, means).square() / 2
    torch.testing.assert_close(gaps[:, 0], gaps[:, 1], rtol=1e-4, atol=1e-4)


def test_enrolment_picks_wordings_that_serve_the_others_best() -> None:
    """Two clusters of wordings: the best of the larger one, then one of the other."""
    centre, axis = torch.randn(50, 4, generator=generator()), torch.eye(4)
    larger = [axis[0] * (20 + shift) for shift in (-1.5, 0, 0.5, 1)]
    smaller = [axis[1] * (20 + shift) for shift in (0, 0.5, -0.5)]
    odd = -axis[2] * 90
    codes = torch.stack([centre + shift for shift in (odd, *larger, *smaller)])
    metric = EntityMetric(torch.zeros(2, 2, 4), torch.tensor(10.0))
    chosen = choose_wordings(codes, metric, 2)
    assert chosen[0] in (2, 3)
    assert chosen[1] == 5
    assert choose_wordings(codes, metric, 1) == chosen[:1]
    assert sorted(choose_wordings(codes, metric, 99)) == list(range(len(codes)))
    assert float(metric.offset) < CLIP
