"""The commands of `oneshot image`: NoProp on pictures, from training to a prediction."""

from dataclasses import asdict
from typing import Annotated

import typer

from oneshot.cli.image import demo as image_demo
from oneshot.cli.image import train as image_train
from oneshot.cli.image import use as image_use
from oneshot.cli.image.by_rule import show_rule
from oneshot.cli.image.options import (
    Assignments,
    BlockName,
    Blocks,
    Config,
    Data,
    DatasetName,
    EmbeddingName,
    MethodName,
    chosen_device,
    described_set,
    rule_and_values,
    settings_of,
)
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import Dataset, Method, Precision, RuleName

MOST_STEPS, MOST_PICTURES = 1000, 8192

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Pictures")


@commands.callback()
def image() -> None:
    """Train and examine NoProp on pictures: blocks that each learn alone.

    Examples:
      oneshot image train --dataset mnist --epochs 1 --out mnist-dt
      oneshot image eval mnist-dt
      oneshot --json image info
    """


@commands.command()
def info(
    config: Config = None,
    dataset: DatasetName = None,
    method: MethodName = None,
    block: BlockName = None,
    embedding: EmbeddingName = None,
    T: Blocks = None,
    data: Data = None,
    assignments: Assignments = None,
) -> None:
    """Show what a run is made of, before it is run, and where its pictures are.

    Examples:
      oneshot image info --dataset cifar10
      oneshot --json image info --dataset mnist --method ct
      oneshot image info --rule hebbian
    """
    from oneshot.images.build import parameters_of
    from oneshot.images.data import Inputs

    given = {"dataset": dataset, "method": method, "block": block, "embedding": embedding, "T": T}
    rule, values = rule_and_values(config, given, assignments or ())
    if rule is not RuleName.GRADIENT:
        show_rule(rule, values, data)
        return
    settings = settings_of(None, **values)
    found = described_set(settings, data)
    channels, height, width = map(int, found["picture"].split(" x "))
    inputs = Inputs(channels, height, width, found["classes"])
    parameters = parameters_of(settings, inputs)
    SESSION.get().output.record(
        {
            **found,
            "method": settings.method,
            "block": settings.block,
            "embedding": settings.embedding,
            "blocks": len(parameters),
            "parameters_per_block": round(sum(parameters) / len(parameters)),
            "parameters": sum(parameters),
        }
    )


@commands.command()
def bench(
    dataset: DatasetName = None,
    method: MethodName = None,
    T: Blocks = None,
    batch: Annotated[int, typer.Option(help="Pictures in a batch.")] = 128,
    steps: Annotated[int, typer.Option(help="Steps of each that are timed.")] = 9,
    precision: Annotated[
        Precision | None,
        typer.Option(show_default="bfloat16 where this machine is quick at it, else float32"),
    ] = None,
) -> None:
    """Measure training speed against a plain loop over blocks, and against the device's peak.

    Steps of each are timed in turn; a figure is the median, and its low and
    high are quartiles.

    Memory is what backward passes need: memory_growth is that of ten blocks
    over that of two, trained one at a time; memory_backprop_growth the same
    by backpropagation through all.

    Examples:
      oneshot image bench --dataset cifar10
      oneshot --json image bench --T 2 --batch 64
    """
    from oneshot.images.analysis.bench import measure_speed
    from oneshot.images.build import block_shape, torch_type
    from oneshot.images.data import Inputs
    from oneshot.images.training.allocation import keep_freed_memory

    given = {"dataset": dataset, "method": method, "T": T, "precision": precision}
    settings = settings_of(None, **given, batch=batch)
    if not 1 <= steps <= MOST_STEPS or batch > MOST_PICTURES:
        raise BadInputError(
            f"steps = {steps}, batch = {batch} came; give at least 1 step and at most "
            f"{MOST_STEPS}, and at most {MOST_PICTURES} pictures"
        )
    if settings.dataset is Dataset.FOLDER:
        raise BadInputError("the dataset `folder` has no size of its own; give a named one")
    if settings.method is not Method.DT:
        raise BadInputError(f"method {settings.method} came; only dt has a loop to compare with")
    keep_freed_memory()
    shape = block_shape(settings, Inputs(*Dataset(settings.dataset).size))
    dtype = torch_type(settings.precision)
    speed = measure_speed(shape, settings.T, batch, dtype, chosen_device(), steps)
    figures = asdict(speed)
    figures |= {f"memory_{name}": value for name, value in figures.pop("memory").items()}
    for name, (low, high) in figures.pop("quartiles").items():
        figures |= {f"{name}_low": low, f"{name}_high": high}
    rounded = {name: float(f"{value:.4g}") for name, value in figures.items()}
    SESSION.get().output.record({"dataset": settings.dataset, "T": settings.T, **rounded})


for group in (image_demo, image_train, image_use):
    commands.add_typer(group.commands)
