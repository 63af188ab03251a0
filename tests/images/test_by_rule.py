from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pictures import CLASSES, pixels

from oneshot.errors import BadInputError
from oneshot.images.analysis.analyse import NoisedChain, analyse_blocks, ensemble_accuracy
from oneshot.images.data import ImageSet
from oneshot.images.kinds import RuleName
from oneshot.images.model import Progress, accuracy, silent
from oneshot.images.rules.by_rule import RuleModel, rule_settings, train_by_rule
from oneshot.images.rules.ridge import RidgeChain
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.rules.saved import RuleRun, load_model, save_model
from oneshot.images.settings import TrainSettings
from oneshot.images.trained import load_trained
from oneshot.images.training.checkpoint import CheckpointError, read_checkpoint, write_checkpoint

CPU = torch.device("cpu")
TRAINED = [rule for rule in RuleName if rule is not RuleName.GRADIENT]
LOCAL = [rule for rule in TRAINED if rule is not RuleName.RIDGE]
FEW = {"hidden": 16, "epochs": 20, "batch": 8, "shrink": 2}


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


def trained(rule: RuleName) -> RuleModel:
    options = {"blocks": 2, "filters": 8, "sizes": [6]} if rule is RuleName.RIDGE else FEW
    *_, model = train_by_rule(rule, images(), rule_settings(rule, options), silent)
    return model


def no_report(progress: Progress) -> None:
    raise AssertionError("a whole chain is not trained again")


def run(rule: RuleName) -> RuleRun:
    return RuleRun(rule, TrainSettings(train_images=24), images().inputs)


@pytest.mark.parametrize("rule", TRAINED)
def test_every_rule_is_found_and_knows_its_settings(rule: RuleName) -> None:
    with pytest.raises(BadInputError, match=f"rule {rule} has no setting 'charm'; .* seed"):
        rule_settings(rule, {"seed": 0, "charm": 3})
    with pytest.raises(BadInputError, match="cannot be"):
        rule_settings(rule, {"T" if rule in LOCAL else "blocks": "many"})


def test_the_gradient_has_methods() -> None:
    with pytest.raises(BadInputError, match="--method"):
        rule_settings(RuleName.GRADIENT, {})


@pytest.mark.parametrize("rule", TRAINED)
def test_a_saved_model_of_any_rule_answers_bit_for_bit(rule: RuleName, tmp_path: Path) -> None:
    model, test = trained(rule), images().test_images
    assert model.logits(test).std() > 0
    save_model(tmp_path, run(rule), model)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    saved_run, loaded = load_model(tmp_path, CPU)
    assert saved_run == run(rule)
    assert loaded.settings == model.settings
    assert torch.equal(loaded.logits(test), model.logits(test))
    opened = load_trained(tmp_path, CPU)
    assert (opened.by, opened.inputs, opened.pictures.train_images) == (rule, images().inputs, 24)
    assert torch.equal(opened.classifier().logits(test), model.logits(test))
    shares = opened.probabilities(test)
    torch.testing.assert_close(shares.sum(1), torch.ones(len(test)))
    assert torch.equal(shares.argmax(1), model.logits(test).argmax(1))
    with pytest.raises(BadInputError, match=f"a model by {rule} draws no noise"):
        opened.sampling_classifier(torch.Generator())


def test_a_folder_of_a_method_or_a_version_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1, {"settings": TrainSettings().plain()}, {"a": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="holds no model of a rule"):
        load_model(tmp_path, CPU)
    save_model(tmp_path, run(RuleName.HEBBIAN), trained(RuleName.HEBBIAN))
    saved = read_checkpoint(tmp_path)
    for change in (
        {"rule": "magic"},
        {"rule_settings": {"charm": 1}},
        {"inputs": {}},
        {"settings": {"charm": 1}},
    ):
        write_checkpoint(tmp_path, saved.step, saved.meta | change, saved.tensors)
        with pytest.raises(CheckpointError, match="another version"):
            load_trained(tmp_path, CPU)
    tensors = {name: value for name, value in saved.tensors.items() if name != "readout"}
    write_checkpoint(tmp_path, saved.step, saved.meta, tensors)
    with pytest.raises(CheckpointError, match="readout"):
        load_trained(tmp_path, CPU)


@pytest.mark.parametrize("rule", LOCAL)
def test_what_the_blocks_of_a_local_rule_read_can_be_analysed(
    rule: RuleName, tmp_path: Path
) -> None:
    model, test = trained(rule), (images().test_images, images().test_labels)
    assert isinstance(model, NoisedChain)
    found = analyse_blocks(model, *test)
    assert [block.block for block in found] == [1, 2, 3]
    assert found[0].bayes < found[2].bayes
    assert 0 <= ensemble_accuracy(model, *test) <= 1
    states = model.states(test[0])
    assert not states[0].any()
    assert float((states[-1].argmax(1) == test[1]).double().mean()) == accuracy(model, *test)
    shares = model.scores_given(test[0], states[-2], 3).exp()
    torch.testing.assert_close(states[-1], shares, rtol=1e-4, atol=1e-5)
    assert torch.equal(model.block_scores(test[0])[-1].exp(), shares)


def test_a_ridge_chain_goes_on_from_its_blocks_and_nothing_else_does() -> None:
    chain = trained(RuleName.RIDGE)
    assert isinstance(chain, RidgeChain)
    more = replace(chain.settings, blocks=3)
    made = list(train_by_rule(RuleName.RIDGE, images(), more, silent, chain))
    lengths = [len(model.blocks) for model in made if isinstance(model, RidgeChain)]
    assert lengths == [2, 3], "a shorter one would be saved in the place of what there is"
    (whole,) = train_by_rule(RuleName.RIDGE, images(), chain.settings, no_report, chain)
    assert isinstance(whole, RidgeChain)
    assert whole.blocks == chain.blocks
    last = made[-1]
    assert isinstance(last, RidgeChain)
    assert last.blocks[0].read is chain.blocks[0].read
    for other in (replace(more, ridge=1.0), replace(more, independent=True)):
        with pytest.raises(BadInputError, match="give its settings"):
            train_by_rule(RuleName.RIDGE, images(), other, silent, chain)
    hebbian = trained(RuleName.HEBBIAN)
    with pytest.raises(BadInputError, match="in one go"):
        train_by_rule(RuleName.HEBBIAN, images(), hebbian.settings, silent, hebbian)
    with pytest.raises(BadInputError, match="give its settings"):
        train_by_rule(RuleName.RIDGE, images(), RidgeSettings(), silent, hebbian)
