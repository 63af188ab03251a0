"""A trained model from a folder, whether a method or a rule trained it."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.analysis.analyse import NoisedChain
from oneshot.images.build import trainee_of
from oneshot.images.data import Inputs
from oneshot.images.kinds import Method, Rule
from oneshot.images.model import Classifier
from oneshot.images.noprop.chain import Chain
from oneshot.images.rules.by_rule import RuleModel
from oneshot.images.rules.ridge import RidgeChain
from oneshot.images.rules.saved import model_of
from oneshot.images.rules.two_layer import TwoLayerChain
from oneshot.images.settings import TrainSettings
from oneshot.images.training.parallel import read_joined
from oneshot.images.training.train import Trainee


@dataclass(frozen=True)
class Trained:
    """A model, what trained it, the settings that choose its pictures, and their size."""

    by: Method | Rule
    model: Trainee | RuleModel
    pictures: TrainSettings
    inputs: Inputs

    def classifier(self) -> Classifier:
        """What classifies, without noise."""
        return self.model.classifier() if isinstance(self.model, Trainee) else self.model

    def sampling_classifier(self, generator: torch.Generator) -> Classifier:
        """What classifies by drawing the paper's noise; BadInputError where no noise is drawn."""
        if not isinstance(self.model, Chain):
            raise BadInputError(f"a model by {self.by} draws no noise; leave --sampled out")
        return self.model.classifier(generator)

    def shares(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """How the model shares out its belief over the classes.

        Solved and local rules end at an estimate of the one-hot label, which is cut at zero.
        """
        scores = self.classifier().logits(images)
        if isinstance(self.model, Trainee):
            return scores.softmax(1)
        if isinstance(self.model, RidgeChain):
            scores = scores + 1 / self.inputs.classes  # its labels are one-hot less their mean
        scores = scores.clamp_min(1e-6)
        return scores / scores.sum(1, keepdim=True)

    def noised_chain(self) -> NoisedChain:
        """The chain whose blocks were trained on noised labels; BadInputError where none was."""
        if isinstance(self.model, TwoLayerChain):
            return self.model
        if self.by is Method.DT and isinstance(self.model, Chain):
            return self.model.walker()
        raise BadInputError(
            f"a model by {self.by} has no blocks that read noised labels; "
            "give one of method dt or of a rule"
        )


def load_trained(folder: Path, device: torch.device) -> Trained:
    """The model of a folder; CheckpointError where there is none that can be read."""
    saved = read_joined(folder)
    if "rule" in saved.meta:
        run, model = model_of(saved, folder, device)
        return Trained(run.rule, model, run.pictures, run.inputs)
    settings, inputs, trainee = trainee_of(saved, folder, device)
    return Trained(settings.method, trainee, settings, inputs)
