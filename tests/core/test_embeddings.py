import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from oneshot.core.embeddings import whitened_label_embeddings
from oneshot.errors import BadInputError


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _outlier_head() -> Tensor:
    """Rows with one direction, shared by all, in which a few of them are huge."""
    head = _random(1500, 64)
    return head + 10 * _random(1500, 1, seed=1) * normalize(_random(1, 64, seed=2), dim=1)


def _said(embeddings: Tensor, head: Tensor) -> Tensor:
    return (embeddings @ head.T).argmax(1)


def test_a_random_head_says_every_label() -> None:
    head = _random(5000, 128)  # more rows than are held at a time
    embeddings = whitened_label_embeddings(head)
    assert torch.equal(_said(embeddings, head), torch.arange(5000))
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(5000))


def test_an_outlier_direction_breaks_plain_rows_and_not_whitened_ones() -> None:
    head = _outlier_head()
    plain = _said(head - head.mean(0), head) == torch.arange(1500)
    assert float(plain.float().mean()) < 0.9
    assert torch.equal(_said(whitened_label_embeddings(head), head), torch.arange(1500))


def test_embeddings_are_the_formula() -> None:
    head = _random(40, 6).double()
    centred = head - head.mean(0)
    covariance = centred.T @ centred / 40
    ridged = covariance + 0.5 * covariance.diagonal().mean() * torch.eye(6)
    expected = normalize(centred @ torch.linalg.inv(ridged), dim=1).float()
    torch.testing.assert_close(whitened_label_embeddings(head, ridge=0.5), expected)


def test_a_shift_of_all_rows_changes_nothing() -> None:
    head = _random(200, 16)
    shifted = whitened_label_embeddings(head + 3.0)
    torch.testing.assert_close(shifted, whitened_label_embeddings(head), rtol=0, atol=1e-4)


def test_half_precision_heads_give_single_precision() -> None:
    assert whitened_label_embeddings(_random(50, 8).bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("ridge", [0.0, -1.0, float("nan")])
def test_a_ridge_must_be_positive(ridge: float) -> None:
    with pytest.raises(BadInputError, match="ridge"):
        whitened_label_embeddings(_random(10, 4), ridge)


@pytest.mark.parametrize("value", [1.0, float("nan"), float("inf")])
def test_heads_without_differing_finite_rows_are_refused(value: float) -> None:
    with pytest.raises(BadInputError, match="rows"):
        whitened_label_embeddings(torch.full((10, 4), value))
