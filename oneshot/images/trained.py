"""A trained model from a folder, whether a method or a rule trained it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.images.analysis.analyse import NoisedChain
from oneshot.images.build import trainee_of
from oneshot.images.calibration import Calibration, read_calibration
from oneshot.images.data import Inputs
from oneshot.images.kinds import Dataset, Method, RuleName
from oneshot.images.model import TrainedModel, probabilities
from oneshot.images.pictures.reading import BLACK, WHITE
from oneshot.images.rules.by_rule import RuleModel
from oneshot.images.rules.saved import model_of
from oneshot.images.rules.two_layer import TwoLayerChain
from oneshot.images.sets.names import class_names
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Trainee
from oneshot.images.training.parallel import read_joined


@runtime_checkable
class NoisedModel(TrainedModel, NoisedChain, Protocol):
    """A chain of blocks as it is now, along which z is walked."""


@runtime_checkable
class Walkable(Protocol):
    """A chain of blocks that classifies without noise, or draws it where a generator is given."""

    def walker(self, sampling: torch.Generator | None = None) -> NoisedModel:
        """The chain itself."""

    def classifier(self, sampling: torch.Generator | None = None) -> TrainedModel:
        """What its method makes of the chain."""


@dataclass(frozen=True)
class Trained:
    """A model, what trained it, the settings that choose its pictures, and their size.

    `calibration` is None where none was measured of this state of the model.
    """

    by: Method | RuleName
    model: Trainee | RuleModel
    pictures: TrainSettings
    inputs: Inputs
    calibration: Calibration | None = None

    def classifier(self) -> TrainedModel:
        """What classifies, without noise."""
        return self.model.classifier() if isinstance(self.model, Trainee) else self.model

    def noiseless(self) -> TrainedModel:
        """What classifies without any noise, so that images do not depend on one another."""
        return self.model.walker() if isinstance(self.model, Walkable) else self.classifier()

    def sampling_classifier(self, generator: torch.Generator) -> TrainedModel:
        """What classifies by drawing the paper's noise; BadInputError where no noise is drawn."""
        if not isinstance(self.model, Walkable):
            raise BadInputError(f"a model by {self.by} draws no noise; leave --sampled out")
        return self.model.classifier(generator)

    def probabilities(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """How sure the model is of each class, calibrated where that was measured."""
        known = self.calibration
        return probabilities(self.classifier(), images, known.temperature if known else 1.0)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes; numbers where none are known."""
        return tuple(self.inputs.names) or class_names(self.pictures.dataset, self.inputs.classes)

    @property
    def digits(self) -> bool:
        """Whether its pictures are handwritten digits as MNIST has them."""
        return self.pictures.dataset is Dataset.MNIST

    @property
    def ground(self) -> int:
        """What transparent parts of pictures are put on: what is behind things in its own."""
        dark = self.calibration.dark if self.calibration else self.digits
        return BLACK if dark else WHITE

    def noised_chain(self) -> NoisedChain:
        """The chain whose blocks were trained on noised labels; BadInputError where none was."""
        if isinstance(self.model, TwoLayerChain):
            return self.model
        if self.by is Method.DT and isinstance(self.model, Walkable):
            return self.model.walker()
        raise BadInputError(
            f"a model by {self.by} has no blocks that read noised labels; "
            "give one of method dt or of a rule"
        )


def load_trained(folder: Path, device: torch.device) -> Trained:
    """The model of a folder; CheckpointError where there is none that can be read."""
    saved = read_joined(folder)
    measured = read_calibration(folder, saved.step)
    if "rule" in saved.meta:
        run, model = model_of(saved, folder, device)
        return Trained(run.rule, model, run.pictures, run.inputs, measured)
    settings, inputs, trainee = trainee_of(saved, folder, device)
    return Trained(settings.method, trainee, settings, inputs, measured)
