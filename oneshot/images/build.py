"""From settings and images to something to train, and from a folder to something to classify."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.core.schedule import Schedule
from oneshot.errors import BadInputError
from oneshot.images.air.chain import AirBackprop, AirChain, AirEnsemble, AirSettings
from oneshot.images.air.network import (
    MIDDLE,
    NARROW,
    PATCH,
    AirShape,
    whitening_filters,
)
from oneshot.images.air.shapes import ModernShape
from oneshot.images.air.transformer import VitShape
from oneshot.images.baselines.adjoint import Adjoint
from oneshot.images.baselines.backprop import BackpropChain
from oneshot.images.baselines.ensemble import Ensemble
from oneshot.images.data import ImageSet, Inputs, channel_statistics, normalise
from oneshot.images.kinds import BlockKind, Embedding, Method, Precision, Spacing
from oneshot.images.noprop.block import BlockShape, parameters_per_block
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
    if settings.block is not BlockKind.PAPER:
        seen = normalise(images.train_images[:WHITENED], mean_std)
        return make_air(settings, images.inputs, mean_std, whitening_filters(seen), part)
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
    trainee = _empty_trainee(settings, inputs, device)
    saved.copy_into(trainee.tensors())
    return settings, inputs, trainee


def _empty_trainee(settings: TrainSettings, inputs: Inputs, device: torch.device) -> Trainee:
    """A model for a checkpoint to be copied into."""
    mean_std = torch.zeros(2, inputs.channels, device=device)
    if settings.block is not BlockKind.PAPER:
        count = 2 * inputs.channels * PATCH**2
        filters = torch.zeros(count, inputs.channels, PATCH, PATCH, device=device)
        return make_air(settings, inputs, mean_std, filters)
    size = settings.embedding.size(inputs.classes, inputs.pixels)
    table = torch.zeros(inputs.classes, size, device=device)
    return make_trainee(settings, inputs, mean_std, table)


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


def air_shape(settings: TrainSettings, inputs: Inputs) -> ModernShape:
    """The modern blocks of a run."""
    size = inputs.channels, inputs.height, inputs.width, inputs.classes
    if settings.block is BlockKind.VIT:
        return VitShape(*size, settings.width)
    early = NARROW * settings.widen, MIDDLE * settings.widen
    filters, split = (*early, settings.width), settings.block is BlockKind.AIR_SPLIT
    return AirShape(*size, filters, split)


def make_air(
    settings: TrainSettings,
    inputs: Inputs,
    mean_std: Float[Tensor, "2 c"],
    whitening: Float[Tensor, "d c 2 2"],
    part: Part = WHOLE,
) -> AirChain:
    """A fresh model of modern blocks, on the filters' device.

    Raises BadInputError for some blocks of a model whose blocks are trained together.
    """
    split = settings.block is BlockKind.AIR_SPLIT
    if part.blocks and (split or settings.method is Method.BACKPROP):
        raise BadInputError(
            f"block {settings.block} by {settings.method} was to be trained in parts; only whole "
            "networks by dt or ensemble need nothing of each other"
        )
    own = AirSettings(
        _schedule(settings, inputs.classes),
        settings.learning_rate,
        seed=settings.seed,
        dtype=torch_type(settings.precision),
        # A transformer's scores are not linear in what it makes of an image and its mirror image.
        mirror=settings.flip and settings.block is not BlockKind.VIT,
        blocks=part.blocks,
    )
    return _AIR[settings.method](air_shape(settings, inputs), mean_std, whitening, own)


_AIR: dict[Method, type[AirChain]] = {
    Method.DT: AirChain,
    Method.BACKPROP: AirBackprop,
    Method.ENSEMBLE: AirEnsemble,
}

WHITENED = 2000
"""Images whose patches the whitening filters are made from."""


def parameters_of(settings: TrainSettings, inputs: Inputs) -> list[int]:
    """The trained numbers in each block."""
    if settings.block is BlockKind.PAPER:
        each = parameters_per_block(block_shape(settings, inputs))
        return [each] * (1 if settings.method.continuous else settings.T)
    shape = air_shape(settings, inputs)
    return [shape.parameters(t) for t in range(1, settings.T + 1)]


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
    chain = _chain_settings(settings, shape.classes, part, table.device)
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


def blocks_at_a_time(settings: TrainSettings, device: torch.device) -> int:
    """How many blocks step in one set of kernels; a GPU would wait for the launches of few."""
    return settings.T if device.type == "cuda" and settings.together == 1 else settings.together


def _chain_settings(
    settings: TrainSettings, classes: int, part: Part, device: torch.device
) -> ChainSettings:
    return ChainSettings(
        _schedule(settings, classes),
        Rates(settings.learning_rate, settings.weight_decay),
        eta=settings.eta,
        seed=settings.seed,
        dtype=torch_type(settings.precision),
        together=blocks_at_a_time(settings, device),
        part=part,
    )


def _schedule(settings: TrainSettings, classes: int) -> Schedule:
    if settings.spacing is Spacing.EQUAL_INFORMATION:
        return Schedule.equal_information(settings.T, classes)
    return Schedule.cosine(settings.T)


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
