"""What the commands of `oneshot image` share: options, and what they lead to."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import Dataset, Embedding, Method, Rule

if TYPE_CHECKING:
    import torch

    from oneshot.images.data import ImageSet
    from oneshot.images.settings import TrainSettings
else:
    torch = ImageSet = TrainSettings = Any  # evaluated where types are checked at run time

Data = Annotated[
    Path | None,
    typer.Option(
        envvar="ONESHOT_DATA",
        metavar="DIR",
        help="A folder of image sets.",
        show_default="MNIST from the package, others from the hub",
    ),
]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML.")]
DatasetName = Annotated[Dataset | None, typer.Option(help="Which pictures.", show_default="mnist")]
MethodName = Annotated[Method | None, typer.Option(help="How to train.", show_default="dt")]
EmbeddingName = Annotated[
    Embedding | None, typer.Option(help="The label embedding.", show_default="one-hot")
]
Blocks = Annotated[
    int | None,
    typer.Option("--T", help="Blocks, or steps of ct, fm, adjoint.", show_default="10"),
]


def rule_and_values(config: Path | None, given: Mapping[str, Any]) -> tuple[Rule, dict[str, Any]]:
    """The rule, of the command line, else of the config, else the gradient, and all other values.

    Raises BadInputError for a rule that is unknown.
    """
    from oneshot.images.settings import read_toml

    values = {} if config is None else read_toml(config)
    values |= {name: value for name, value in given.items() if value is not None}
    name = values.pop("rule", Rule.GRADIENT)
    name = SESSION.get().rule or name
    try:
        return Rule(name), values
    except ValueError:
        raise BadInputError(f"rule {name!r} came; give one of {', '.join(Rule)}") from None


def settings_of(config: Path | None, **options: Any) -> TrainSettings:
    """The config's settings, changed by the options that were given."""
    from oneshot.images.settings import TrainSettings

    given = {name: value for name, value in options.items() if value is not None}
    if config is not None:
        return TrainSettings.from_toml(config, **given)
    return TrainSettings.from_mapping(given)


def images_of(settings: TrainSettings, data: Path | None) -> ImageSet:
    """The pictures of a run, on the device that the command line names."""
    from oneshot.images.data import load_images
    from oneshot.images.training.train import prepared

    return prepared(load_images(settings.dataset, data, chosen_device()), settings)


def chosen_device() -> "torch.device":
    """The device that the command line names; BadInputError where it cannot be used."""
    import torch

    from oneshot.images.training.parallel import local_device

    name = SESSION.get().device
    try:
        device = local_device(torch.device(name))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BadInputError(f"device {name!r} cannot be used here; give cpu or cuda") from error
    return device
