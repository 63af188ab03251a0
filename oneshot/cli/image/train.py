"""The command that trains: by a method with gradients inside the blocks, or by a rule without."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.image.by_rule import train_rule
from oneshot.cli.image.display import asked_to_stop, training_report
from oneshot.cli.image.options import (
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
from oneshot.cli.session import SESSION
from oneshot.images.kinds import Precision, Rule, Spacing

if TYPE_CHECKING:
    from oneshot.images.data import ImageSet
    from oneshot.images.settings import TrainSettings
else:
    ImageSet = TrainSettings = Any  # annotations are evaluated where types are checked at run time

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
    embedding: EmbeddingName = None,
    spacing: Annotated[
        Spacing | None, typer.Option(help="Noise levels of dt.", show_default="cosine")
    ] = None,
    epochs: Annotated[int | None, typer.Option(show_default="100, as the paper")] = None,
    T: Blocks = None,
    seed: Annotated[int | None, typer.Option(show_default="0")] = None,
    batch: Annotated[int | None, typer.Option(show_default="128")] = None,
    learning_rate: Annotated[float | None, typer.Option(show_default="0.001")] = None,
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
    precision: Annotated[Precision | None, typer.Option(show_default="bfloat16")] = None,
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
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """Train blocks; Ctrl-C saves, and --resume goes on to the same result to the last bit.

    The global option --rule trains the blocks without gradients: ridge,
    feedback-alignment, hebbian, evolution or three-factor.

    Examples:
      oneshot image train --epochs 1 --out mnist-dt
      oneshot image train --config experiments/configs/images-mnist-dt.toml --out mnist-dt
      oneshot image train --epochs 1 --out mnist-dt --resume
      oneshot --rule hebbian image train --dataset mnist
      oneshot image train --config experiments/configs/images-ridge-mnist.toml
    """
    given = {
        "dataset": dataset,
        "method": method,
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
    }
    rule, values = rule_and_values(config, given)
    if rule is Rule.GRADIENT:
        _train_gradient(settings_of(None, **values), data, out, resume=resume)
    else:
        train_rule(rule, values, data, out, resume=resume)


def _train_gradient(settings: TrainSettings, data: Path | None, out: Path, *, resume: bool) -> None:
    from oneshot.images.build import new_trainee
    from oneshot.images.noprop.chain import Part
    from oneshot.images.training.allocation import keep_freed_memory
    from oneshot.images.training.exchange import exchanging
    from oneshot.images.training.parallel import Rank
    from oneshot.images.training.train import Place, Run

    keep_freed_memory()
    output, started, rank = SESSION.get().output, time.perf_counter(), Rank.of_environment()
    blocks = rank.blocks(settings.T) if rank.world > 1 else ()
    images, folder = images_of(settings, data), rank.folder(out)
    with exchanging(rank, settings, chosen_device()) as exchange:
        if exchange is not None and resume:
            exchange.resume(folder)
        part = Part(blocks, None if exchange is None else exchange.add_up)
        place = Place(folder, resume, blocks, keep_previous=exchange is not None)
        run = Run(new_trainee(settings, images, part), images, settings, place)
        first = run.done
        with training_report(output) as report, asked_to_stop() as stop:
            run.train(report, stop)
    seconds = time.perf_counter() - started
    record = {
        "folder": str(out),
        "steps": run.steps,
        "seconds": round(seconds, 1),
        "images_per_second": round((run.done - first) * run.batch / seconds, 1),
    }
    if not rank.finished_last(out, run.steps):
        record["blocks"] = list(blocks)
        text = f"blocks {blocks[0]} to {blocks[-1]} are trained; who ends last measures the chain"
        output.outcome(record, text)
        return
    _measure(out, images, record)


def _measure(out: Path, images: ImageSet, record: dict[str, Any]) -> None:
    """Print the record of a finished run with what its model gets right."""
    from oneshot.images.build import load_trainee
    from oneshot.images.model import accuracy

    _, _, trainee = load_trainee(out, chosen_device())
    n = len(images.test_labels)
    share = accuracy(trainee.classifier(), images.test_images, images.test_labels)
    text = f"test accuracy {share:.4f} of {n}, saved in {out}"
    SESSION.get().output.outcome({"test_accuracy": share, "n": n, **record}, text)
