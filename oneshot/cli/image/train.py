"""The command that trains: by a method with gradients inside the blocks, or by a rule without."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.image.by_rule import train_rule
from oneshot.cli.image.display import training_report
from oneshot.cli.image.measuring import measure
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
    images_of,
    rule_and_values,
    settings_of,
)
from oneshot.cli.image.stopping import asked_to_stop
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import Precision, RuleName, Spacing

if TYPE_CHECKING:
    from oneshot.images.data import ImageSet
    from oneshot.images.settings import TrainSettings
    from oneshot.images.training.train import Run
else:
    ImageSet = Run = TrainSettings = (
        Any  # annotations are evaluated where types are checked at run time
    )

commands = typer.Typer()


@commands.command()
def train(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the checkpoint goes.")] = Path(
        "oneshot-image"
    ),
    config: Config = None,
    data: Data = None,
    dataset: DatasetName = None,
    method: MethodName = None,
    block: BlockName = None,
    embedding: EmbeddingName = None,
    spacing: Annotated[
        Spacing | None, typer.Option(help="Noise levels of dt.", show_default="cosine")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(show_default="what this machine does in ten minutes")
    ] = None,
    T: Blocks = None,
    seed: Annotated[int | None, typer.Option(show_default="0")] = None,
    batch: Annotated[int | None, typer.Option(show_default="128, modern blocks 500")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(show_default="0.001, modern blocks 0.12")
    ] = None,
    anneal: Annotated[
        bool | None, typer.Option("--anneal", help="Let the learning rate fall to zero.")
    ] = None,
    flip: Annotated[bool | None, typer.Option("--flip", help="Mirror pictures at random.")] = None,
    shift: Annotated[int | None, typer.Option(help="Shift pictures by up to N pixels.")] = None,
    anchor: Annotated[
        bool | None, typer.Option("--anchor", help="fm: add the cross-entropy at the label.")
    ] = None,
    endpoint: Annotated[
        bool | None, typer.Option("--endpoint", help="fm: predict the label, not the velocity.")
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(show_default="bfloat16 where this machine is quick at it, else float32"),
    ] = None,
    together: Annotated[
        int | None, typer.Option(help="Blocks that step in one set of kernels.", show_default="1")
    ] = None,
    train_images: Annotated[
        int | None, typer.Option(help="Train on the first N pictures only.", show_default="all")
    ] = None,
    holdout: Annotated[
        int | None,
        typer.Option(help="Measure on N training pictures instead of the test set."),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(help="folder: pixels along a picture's side.", show_default="32"),
    ] = None,
    test_share: Annotated[
        float | None,
        typer.Option(help="folder: share of each class for the test.", show_default="0.2"),
    ] = None,
    save_every: Annotated[
        str | None,
        typer.Option(
            metavar="2min|500", help="Time or steps between checkpoints.", show_default="2min"
        ),
    ] = None,
    assignments: Assignments = None,
    init_from: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Begin a new run with the weights of another one."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """Train blocks; Ctrl-C saves, and --resume goes on to the same result to the last bit.

    Without --epochs or a config that has them, as many are trained as this
    machine does in about ten minutes; the paper's runs have 100. The folder
    gets the checkpoint, metrics.jsonl and train.log. `image report` plots them.

    --block air trains small modern networks, one a block, and air-split the
    three stages of one as blocks, vit small transformers; all with a recipe of
    their own (batch, rate, mirrored and shifted pictures), from which options depart.

    The global option --rule trains the blocks without gradients: ridge,
    feedback-alignment, hebbian, evolution or three-factor.

    Examples:
      oneshot image train --out mnist-dt
      oneshot image train --dataset cifar10 --block air --epochs 14 --out cifar10-air
      oneshot image train --dataset folder --data ./photos --side 48 --out mine
      oneshot image train --config experiments/configs/images-mnist-dt.toml --out mnist-dt
      oneshot image train --out mnist-dt --resume --epochs 8
      oneshot image train --init-from mnist-dt --epochs 2 --set eta=0.05 --out tuned
      oneshot --rule ridge image train --set blocks=2 --set filters=128
    """
    given = {
        "dataset": dataset,
        "method": method,
        "block": block,
        "embedding": embedding,
        "spacing": spacing,
        "epochs": epochs,
        "T": T,
        "seed": seed,
        "batch": batch,
        "learning_rate": learning_rate,
        "anneal": anneal,
        "flip": flip,
        "shift": shift,
        "anchor": anchor,
        "endpoint": endpoint,
        "precision": precision,
        "together": together,
        "train_images": train_images,
        "holdout": holdout,
        "side": side,
        "test_share": test_share,
        "save_every": save_every,
    }
    rule, values = rule_and_values(config, given, assignments or ())
    if rule is RuleName.GRADIENT:
        values = _resumed_values(out, values) if resume else values
        _train_gradient(values, data, out, init_from, resume=resume)
        return
    if init_from is not None:
        raise BadInputError(f"--init-from came with rule {rule}; only gradients begin elsewhere")
    train_rule(rule, values, data, out, resume=resume)


def _resumed_values(out: Path, values: dict[str, Any]) -> dict[str, Any]:
    """What the run in a folder was started with, changed by what is given now."""
    from oneshot.images.training.checkpoint import has_checkpoint, read_checkpoint
    from oneshot.images.training.parallel import Rank

    folder = Rank.of_environment().folder(out)
    if not has_checkpoint(folder):
        return values
    meta = read_checkpoint(folder).meta
    return values if "rule" in meta else meta["settings"] | values


def _train_gradient(
    values: dict[str, Any], data: Path | None, out: Path, init_from: Path | None, *, resume: bool
) -> None:
    from oneshot.images.build import new_trainee
    from oneshot.images.noprop.chain import Part
    from oneshot.images.training.allocation import keep_freed_memory
    from oneshot.images.training.beginning import Place, check_place
    from oneshot.images.training.exchange import exchanging
    from oneshot.images.training.journal import journalled
    from oneshot.images.training.parallel import Rank
    from oneshot.images.training.train import Run

    keep_freed_memory()
    output, started, rank = SESSION.get().output, time.perf_counter(), Rank.of_environment()
    settings, folder = settings_of(None, **values), rank.folder(out)
    blocks = rank.blocks(settings.T) if rank.world > 1 else ()
    place = Place(folder, resume, blocks, start=init_from)
    check_place(place, settings)  # before pictures are looked for, which may take long
    images = images_of(settings, data)
    if "epochs" not in values:
        settings = _chosen(settings, images, rank.world)
    with exchanging(rank, settings, chosen_device()) as exchange:
        if exchange is not None and resume:
            exchange.resume(folder)
        part = Part(blocks, None if exchange is None else exchange.add_up)
        place = replace(place, keep_previous=exchange is not None)
        run = Run(new_trainee(settings, images, part), images, settings, place)
        first = run.done
        _say_plan(run)
        with (
            training_report(output) as shown,
            journalled(folder, first, shown) as report,
            asked_to_stop() as stop,
        ):
            run.train(report, stop)
    seconds = time.perf_counter() - started
    record = {
        "folder": str(out),
        "epochs": settings.epochs,
        "steps": run.steps,
        "seconds": round(seconds, 1),
        "images_per_second": round((run.done - first) * run.batch / seconds, 1),
    }
    if not rank.finished_last(out, run.steps):
        record["blocks"] = list(blocks)
        text = f"blocks {blocks[0]} to {blocks[-1]} are trained; who ends last measures the chain"
        output.outcome(record, text)
        return
    measure(out, images, record)


def _chosen(settings: TrainSettings, images: ImageSet, processes: int) -> TrainSettings:
    """The settings with as many epochs as take some ten minutes here."""
    from oneshot.images.planning import affordable_epochs

    if processes > 1:
        raise BadInputError("several processes train one run; give --epochs, alike to all")
    return replace(settings, epochs=affordable_epochs(settings, images))


def _say_plan(run: Run) -> None:
    """Say what is to be trained on what, and how long that will take here."""
    from oneshot.images.planning import seconds_per_step
    from oneshot.images.training.journal import duration

    settings, images, left = run.settings, run.images, run.steps - run.done
    output = SESSION.get().output
    if output.quiet or not left:
        return
    seconds = seconds_per_step(settings, images) * left
    output.remark(
        f"{images.found}: {len(images.train_labels):,} pictures, {images.classes} classes; "
        f"{settings.method}, block {settings.block}, T = {settings.T}: {settings.epochs:,} epochs, "
        f"{left:,} steps of {run.batch} pictures, about {duration(seconds)} here"
    )
