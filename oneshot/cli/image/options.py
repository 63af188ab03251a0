"""What the commands of `oneshot image` share: options, and what they lead to."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import BlockKind, Dataset, Embedding, Method, RuleName

if TYPE_CHECKING:
    import torch

    from oneshot.images.data import ImageSet, Inputs
    from oneshot.images.settings import TrainSettings
    from oneshot.images.trained import Trained
else:
    torch = ImageSet = Inputs = Trained = TrainSettings = (
        Any  # evaluated where types are checked at run time
    )

Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="A folder of data sets; for the dataset folder, a folder of pictures for each class.",
        show_default="what ONESHOT_DATA names, else MNIST from the package, others from the hub",
    ),
]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML.")]
DatasetName = Annotated[Dataset | None, typer.Option(help="Which pictures.", show_default="mnist")]
MethodName = Annotated[Method | None, typer.Option(help="How to train.", show_default="dt")]
BlockName = Annotated[
    BlockKind | None,
    typer.Option(
        "--block",
        help="What a block is: the paper's, a modern network, or a stage of one.",
        show_default="paper",
    ),
]
EmbeddingName = Annotated[
    Embedding | None, typer.Option(help="The label embedding.", show_default="one-hot")
]
Blocks = Annotated[
    int | None,
    typer.Option(
        "--T", help="Blocks, or steps of ct, fm, adjoint.", show_default="10, air 1, air-split 3"
    ),
]


Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any other setting; may be given several times."
    ),
]


def rule_and_values(
    config: Path | None, given: Mapping[str, Any], assignments: Sequence[str] = ()
) -> tuple[RuleName, dict[str, Any]]:
    """The rule, of the command line, else of the config, else the gradient, and all other values.

    Raises BadInputError for a rule that is unknown.
    """
    from oneshot.images.settings import read_toml

    values = {} if config is None else read_toml(config)
    values |= dict(map(_assigned, assignments))
    values |= {name: value for name, value in given.items() if value is not None}
    name = values.pop("rule", RuleName.GRADIENT)
    name = SESSION.get().rule or name
    try:
        return RuleName(name), values
    except ValueError:
        raise BadInputError(f"rule {name!r} came; give one of {', '.join(RuleName)}") from None


def _assigned(text: str) -> tuple[str, Any]:
    """A setting's name and its value, as TOML has it, or a word as it is."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise BadInputError(f"--set {text!r} came; give a name and a value, as eta=0.05")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def settings_of(config: Path | None, **options: Any) -> TrainSettings:
    """The config's settings, changed by the options that were given; else quick ones here."""
    from oneshot.images.planning import quick_precision
    from oneshot.images.settings import TrainSettings, read_toml

    given = {name: value for name, value in options.items() if value is not None}
    stated = {} if config is None else read_toml(config)
    quick = {"precision": quick_precision(chosen_device())}
    return TrainSettings.from_mapping(quick | stated | given)


def images_of(settings: TrainSettings, data: Path | None) -> ImageSet:
    """The pictures of a run, on the device that the command line names; says what is left out."""
    from oneshot.cli.image.display import reading_report
    from oneshot.images.sets.loading import load_images
    from oneshot.images.sets.own import Cut, load_own
    from oneshot.images.training.train import prepared

    output = SESSION.get().output
    if settings.dataset is Dataset.FOLDER:
        with reading_report(output) as report:
            cut = Cut(settings.side, settings.test_share)
            images = load_own(data, cut, chosen_device(), report)
    else:
        images = load_images(settings.dataset, data, chosen_device())
    for remark in images.remarks:
        output.remark(f"warning: {remark}")
    return prepared(images, settings)


def described_set(settings: TrainSettings, data: Path | None) -> dict[str, Any]:
    """Which set a run would be on, where it was found, and the size of its pictures."""
    from oneshot.images.sets.loading import find_images
    from oneshot.images.sets.own import own_classes

    if settings.dataset is Dataset.FOLDER:
        classes = len(own_classes(data))
        channels, height, width = 3, settings.side, settings.side
        place = f"folder {data}"
    else:
        channels, height, width, classes = settings.dataset.size
        found = find_images(settings.dataset, data)
        place = f"{found.name} {found.place}"
    return {
        "dataset": settings.dataset,
        "found": place,
        "picture": f"{channels} x {height} x {width}",
        "classes": classes,
    }


def open_run(folder: Path) -> Trained:
    """The trained model of a folder; BadInputError where another rule than its own is named."""
    from oneshot.images.trained import load_trained

    trained, rule = load_trained(folder, chosen_device()), SESSION.get().rule
    own = trained.by if isinstance(trained.by, RuleName) else RuleName.GRADIENT
    if rule is not None and rule != own:
        raise BadInputError(f"{folder} has rule {own}, not {rule}; leave --rule out")
    return trained


def test_pictures(trained: Trained, data: Path | None) -> ImageSet:
    """The pictures that a model is measured on; BadInputError where they have other classes."""
    images = images_of(trained.pictures, data)
    own, came = trained.inputs, images.inputs
    named = trained.pictures.dataset is not Dataset.FOLDER or own.names == came.names
    if not named or replace(own, names=()) != replace(came, names=()):
        raise BadInputError(
            f"the model tells {_described(own)}, and the pictures are {_described(came)}; "
            "give the --data that it was trained on"
        )
    return images


def _described(inputs: Inputs) -> str:
    names = f" ({', '.join(inputs.names[:5])})" if inputs.names else ""
    return f"{inputs.classes} classes of {inputs.width} x {inputs.height} pixels{names}"


def chosen_device() -> "torch.device":
    """The device that the command line names; BadInputError where it cannot be used."""
    import torch

    from oneshot.hosts.place import AUTO, choose_device
    from oneshot.images.training.parallel import local_device

    name = SESSION.get().device
    if name != AUTO:
        name = str(local_device(torch.device(name)))
    return torch.device(choose_device(name, "the model", 0))
