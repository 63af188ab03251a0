"""Modern blocks on tiny pictures."""

from pictures import CLASSES, pixels

from oneshot.images.air.chain import AirChain
from oneshot.images.build import new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import BlockKind
from oneshot.images.noprop.chain import WHOLE, Part
from oneshot.images.settings import TrainSettings

MODERN = (BlockKind.AIR, BlockKind.AIR_SPLIT, BlockKind.VIT)


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


def settings(block: BlockKind = BlockKind.AIR, **changes: object) -> TrainSettings:
    small = {"width": 16, "batch": 8, "epochs": 3, "shift": 1, "flip": False, "save_every": 4}
    return TrainSettings.from_mapping({"block": block, **small, **changes})


def chain(block: BlockKind, part: Part = WHOLE, **changes: object) -> AirChain:
    made = new_trainee(settings(block, **changes), images(), part)
    assert isinstance(made, AirChain)
    return made
