"""What a CUDA device is needed for: training there, classifying, going on from a checkpoint."""

from pathlib import Path

import pytest
import torch
from modern import MODERN, settings
from pictures import CLASSES, pixels

from oneshot.errors import Stopped
from oneshot.images.build import load_trainee, new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Method, RuleName
from oneshot.images.model import accuracy, silent
from oneshot.images.rules.by_rule import rule_settings, train_by_rule
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Place
from oneshot.images.training.train import Run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

CUDA = torch.device("cuda")
PAPER = TrainSettings(T=3, batch=8, epochs=10, anneal=True, save_every=4)
MODELS = {str(block): settings(block, epochs=8, cutout=2) for block in MODERN} | {
    "backprop": settings(method=Method.BACKPROP, epochs=8),
    "ensemble": settings(method=Method.ENSEMBLE, T=2, epochs=8),
    "paper": PAPER,
}


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *(v.to(CUDA) for v in (*pixels(24), *pixels(8))))


@pytest.mark.parametrize("own", MODELS.values(), ids=MODELS)
def test_a_run_trains_stops_goes_on_and_classifies(own: TrainSettings, tmp_path: Path) -> None:
    seen = images()
    x, y = seen.test_images, seen.test_labels
    stopped = Run(new_trainee(own, seen), seen, own, Place(tmp_path))
    before = {name: value.clone() for name, value in stopped.trainee.tensors().items()}
    with pytest.raises(Stopped):
        stopped.train(silent, stop=lambda: stopped.done == 5)
    after = stopped.trainee.tensors()
    assert any(not torch.equal(before[name], after[name]) for name in after)
    resumed = Run(new_trainee(own, seen), seen, own, Place(tmp_path, resume=True))
    assert resumed.done == 5
    for name, value in resumed.trainee.tensors().items():
        assert value.device.type == "cuda", name
        assert torch.equal(value, after[name]), name
    classifier = resumed.train(silent)
    assert accuracy(classifier, x, y) > 0.7
    _, _, loaded = load_trainee(tmp_path, CUDA)
    assert torch.allclose(loaded.classifier().logits(x), classifier.logits(x), atol=1e-3)
    _, _, moved = load_trainee(tmp_path, torch.device("cpu"))
    assert accuracy(moved.classifier(), x.cpu(), y.cpu()) > 0.7


def test_a_chain_without_gradients_is_fitted() -> None:
    values = {"blocks": 2, "filters": 16, "sizes": [4]}
    *_, model = train_by_rule(
        RuleName.RIDGE, images(), rule_settings(RuleName.RIDGE, values), silent
    )
    assert accuracy(model, images().test_images, images().test_labels) > 0.7
