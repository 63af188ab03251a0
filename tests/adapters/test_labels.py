"""Every token of a host can be said, with a margin over every other one."""

import pytest
import torch
from brains import refused
from conftest import TinyHost, fetched_host, packaged_host, tiny_host

from adapters.query.labels import LEAST, Head, SayableLabels
from oneshot.core.embeddings import LabelWhitening
from oneshot.errors import HostError

SAMPLE, REAL = 3000, "smollm2"


def labels_of(host: TinyHost) -> SayableLabels:
    return SayableLabels(host.calibration.labels, host.head, host.calibration.scale)


@torch.inference_mode()
def least_margin(host: TinyHost, sample: int | None = None) -> float:
    """Of some tokens, or of all, at most LEAST; easy ones are looked at many at a time."""
    head, calibration = host.head, host.calibration
    assert head.bias is None
    _, which, counts = head.weight.unique(dim=0, return_inverse=True, return_counts=True)
    own = (counts[which] == 1).nonzero().flatten()  # a few rows were never trained and are equal
    assert len(own) > 0.999 * len(head.weight)
    order = own[torch.randperm(len(own), generator=torch.Generator().manual_seed(0))]
    labels, least = labels_of(host), LEAST
    for tokens in order[:sample].split(256):
        states = calibration.labels(head.weight[tokens].float()) * calibration.scale
        best, chosen = (states @ head.weight.float().T).topk(2)
        enough = (chosen[:, 0] == tokens) & (best[:, 0] - best[:, 1] > LEAST + 0.1)
        least = min([least, *map(labels.margin, tokens[~enough].tolist())])
    return least


def test_tokens_of_the_packaged_host_are_said() -> None:
    assert least_margin(packaged_host(), SAMPLE) > 0


@pytest.mark.slow
def test_every_token_of_the_packaged_host_is_said() -> None:
    assert least_margin(packaged_host()) > 0


@pytest.mark.slow
def test_every_token_of_the_real_model_is_said() -> None:
    host = fetched_host(REAL)
    if host is None:
        pytest.skip(f"{REAL} is not here: oneshot host fetch {REAL}")
    assert least_margin(host) > 0


@pytest.mark.parametrize("architecture", ["gpt2", "phi"])
def test_a_label_has_norm_one_and_is_made_once(architecture: str) -> None:
    """Phi's head has a bias for each token."""
    host = tiny_host(architecture)
    labels = labels_of(host)
    made = labels(77)
    assert float(made.norm()) == pytest.approx(1, abs=1e-4)
    assert labels(77) is made
    logits = host.head.weight @ (made * host.calibration.scale)
    if host.head.bias is not None:
        logits = logits + host.head.bias
    assert int(logits.argmax()) == 77
    two = logits.topk(2).values
    assert labels.margin(77) == pytest.approx(float(two[0] - two[1]), abs=1e-3)
    labels.check([77, 78, 77])


def twins(apart: float) -> SayableLabels:
    """A head in which token 1 stands `apart` from token 0, which is longer."""
    weight = torch.randn(50, 16, generator=torch.Generator().manual_seed(1))
    weight[1] = weight[0] + apart * torch.eye(16)[0]
    weight[0] = 1.5 * weight[0]
    return SayableLabels(LabelWhitening.of(weight), Head(weight), torch.tensor(30.0))


def test_a_token_is_said_beside_a_twin_that_is_louder() -> None:
    labels = twins(0.5)
    whitened = labels._whitening(labels._head[1][None])[0]
    before = labels._margin(whitened, 1)[0]
    assert labels.margin(1) > max(before, 0)


def test_a_token_that_cannot_be_said_is_told() -> None:
    weight = torch.randn(50, 16, generator=torch.Generator().manual_seed(1))
    weight[1] = weight[0]
    head = Head(weight, torch.zeros(50).index_fill(0, torch.tensor([0]), 5.0))
    labels = SayableLabels(LabelWhitening.of(weight), head, torch.tensor(30.0))
    labels.check([0, 2, 3])
    with refused(HostError, "cannot be made to say token 1 .*give the answer in other words"):
        labels.check([2, 1])


def test_tokens_checked_together_get_the_labels_they_have_alone() -> None:
    host = packaged_host()
    tokens = list(range(3, 400, 5))
    together, alone = labels_of(host), labels_of(host)
    together.check(tokens)
    assert all(torch.equal(together(token), alone(token)) for token in tokens)
