"""From settings and images to something to train, and from a folder to something to classify."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.baselines.adjoint import Adjoint
from oneshot.images.baselines.backprop import BackpropChain
from oneshot.images.baselines.ensemble import Ensemble
from oneshot.images.data import ImageSet, Inputs, channel_statistics, normalise
from oneshot.images.kinds import Embedding, Method, Precision, Spacing
from oneshot.images.noprop.block import BlockShape
from oneshot.images.noprop.chain import WHOLE, Chain, ChainSettings, Part
from oneshot.images.noprop.continuous import Continuous, ContinuousSettings
from oneshot.images.noprop.ct import ContinuousTime
from oneshot.images.noprop.draws import block_generator
from oneshot.images.noprop.dt import DiscreteChain
from oneshot.images.noprop.flow import FlowMatching
from oneshot.images.noprop.labels import prototypes, random_embedding
from oneshot.images.noprop.trainable import Rates
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Trainee
from oneshot.images.training.checkpoint import Checkpoint, CheckpointError
from oneshot.images.training.parallel import read_joined


def new_trainee(settings: TrainSettings, images: ImageSet, part: Part = WHOLE) -> Trainee:
    """A fresh model for a set, on the set's device; of a chain some blocks alone if so wished."""
    mean_std = channel_statistics(images.train_images)
    table = label_table(settings, images, mean_std)
    return make_trainee(settings, images.inputs, mean_std, table, part)


def load_trainee(folder: Path, device: torch.device) -> tuple[TrainSettings, Inputs, Trainee]:
    """The model of a folder; CheckpointError where there is none that can be read."""
    return trainee_of(read_joined(folder), folder, device)


def trainee_of(
    saved: Checkpoint, folder: Path, device: torch.device
) -> tuple[TrainSettings, Inputs, Trainee]:
    """The model of a checkpoint that was read from the folder."""
    try:
        settings = TrainSettings.from_mapping(saved.meta["settings"])
        inputs = Inputs(**saved.meta["inputs"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{folder} holds no run of this package ({error!r})") from error
    mean_std = torch.zeros(2, inputs.channels, device=device)
    size = settings.embedding.size(inputs.classes, inputs.pixels)
    trainee = make_trainee(
        settings, inputs, mean_std, torch.zeros(inputs.classes, size, device=device)
    )
    saved.copy_into(trainee.tensors())
    return settings, inputs, trainee


def block_shape(settings: TrainSettings, inputs: Inputs) -> BlockShape:
    """The blocks of a run."""
    return BlockShape(
        inputs.channels,
        inputs.height,
        inputs.width,
        inputs.classes,
        settings.embedding.size(inputs.classes, inputs.pixels),
        image_labels=settings.embedding is Embedding.PROTOTYPE,
        timed=settings.method.continuous,
    )


def make_trainee(
    settings: TrainSettings,
    inputs: Inputs,
    mean_std: Float[Tensor, "2 c"],
    table: Float[Tensor, "classes d"],
    part: Part = WHOLE,
) -> Trainee:
    """A fresh model from its parts, on the table's device.

    Raises BadInputError for some blocks of a model whose blocks are trained together.
    """
    shape = block_shape(settings, inputs)
    learn_table = settings.embedding is not Embedding.ONE_HOT
    if settings.method.continuous and not part.blocks:
        kind, own = _CONTINUOUS[settings.method], _continuous_settings(settings)
        return kind(shape, mean_std, table, own, learn_table=learn_table)
    if part.blocks and settings.method is not Method.DT:
        raise BadInputError(
            f"method {settings.method} was to be trained in parts; only dt has blocks that need "
            "nothing of each other"
        )
    if part.blocks and learn_table and part.add_up is None:
        raise BadInputError(
            f"some blocks were to learn embedding {settings.embedding} by themselves; "
            "give the others' gradient too, or one-hot labels"
        )
    chain = _chain_settings(settings, shape.classes, part)
    return _DISCRETE[settings.method](shape, mean_std, table, chain, learn_table=learn_table)


_CONTINUOUS: dict[Method, type[Continuous]] = {
    Method.CT: ContinuousTime,
    Method.FM: FlowMatching,
    Method.ADJOINT: Adjoint,
}
_DISCRETE: dict[Method, type[Chain]] = {
    Method.DT: DiscreteChain,
    Method.BACKPROP: BackpropChain,
    Method.ENSEMBLE: Ensemble,
}


def _continuous_settings(settings: TrainSettings) -> ContinuousSettings:
    # The paper's CT and FM use Adam, whose weight decay is part of the gradient.
    decoupled = settings.method is Method.ADJOINT
    return ContinuousSettings(
        Rates(settings.learning_rate, settings.weight_decay, decoupled=decoupled),
        settings.T,
        eta=settings.eta,
        seed=settings.seed,
        dtype=torch_type(settings.precision),
        anchor=settings.anchor or settings.embedding is not Embedding.ONE_HOT,
        endpoint=settings.endpoint,
    )


def _chain_settings(settings: TrainSettings, classes: int, part: Part) -> ChainSettings:
    schedule = Schedule.cosine(settings.T)
    if settings.spacing is Spacing.EQUAL_INFORMATION:
        schedule = Schedule.equal_information(settings.T, classes)
    return ChainSettings(
        schedule,
        Rates(settings.learning_rate, settings.weight_decay),
        eta=settings.eta,
        seed=settings.seed,
        dtype=torch_type(settings.precision),
        together=settings.together,
        part=part,
    )


def torch_type(precision: Precision) -> torch.dtype:
    """The torch type of a precision."""
    return {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16}[precision]


def label_table(
    settings: TrainSettings, images: ImageSet, mean_std: Float[Tensor, "2 c"]
) -> Float[Tensor, "classes d"]:
    """The initial label embeddings, on the set's device."""
    device = images.train_images.device
    if settings.embedding is Embedding.ONE_HOT:
        return torch.eye(images.classes, device=device)
    if settings.embedding is Embedding.PROTOTYPE:
        pixels = normalise(images.train_images, mean_std).flatten(1)
        return prototypes(pixels, images.train_labels, images.classes)
    size = settings.embedding.size(images.classes, 0)
    generator = block_generator(settings.seed, 0, "embedding", 0, torch.device("cpu"))
    return random_embedding(images.classes, size, generator).to(device)
