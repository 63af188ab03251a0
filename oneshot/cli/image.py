"""The commands of `oneshot image`: NoProp on pictures, from training to a prediction."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from oneshot.cli.image_display import asked_to_stop, training_report
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import Dataset, Embedding, Method, Precision, Rule, Spacing

if TYPE_CHECKING:
    import torch

    from oneshot.images.data import ImageSet
    from oneshot.images.settings import TrainSettings
else:
    torch = ImageSet = TrainSettings = Any  # evaluated where types are checked at run time

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Pictures")

Data = Annotated[
    Path | None,
    typer.Option(
        envvar="ONESHOT_DATA",
        metavar="DIR",
        help="A folder of image sets.",
        show_default="MNIST from the package, others from the hub",
    ),
]
Trained = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that training wrote.")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML.")]
DatasetName = Annotated[Dataset | None, typer.Option(help="Which pictures.", show_default="mnist")]
MethodName = Annotated[Method | None, typer.Option(help="How to train.", show_default="dt")]
EmbeddingName = Annotated[
    Embedding | None, typer.Option(help="The label embedding.", show_default="one-hot")
]
Blocks = Annotated[
    int | None, typer.Option("--T", help="Blocks, or steps of ct and fm.", show_default="10")
]


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
    embedding: EmbeddingName = None,
    T: Blocks = None,
) -> None:
    """Show what a run is made of, before it is run.

    Examples:
      oneshot image info --dataset cifar10
      oneshot --json image info --dataset mnist --method ct
    """
    from oneshot.images.block import parameters_per_block
    from oneshot.images.build import block_shape
    from oneshot.images.data import Inputs

    settings = _settings(config, dataset=dataset, method=method, embedding=embedding, T=T)
    inputs = Inputs(*Dataset(settings.dataset).size)
    parameters = parameters_per_block(block_shape(settings, inputs))
    blocks = 1 if settings.method in (Method.CT, Method.FM) else settings.T
    SESSION.get().output.record(
        {
            "dataset": settings.dataset,
            "picture": f"{inputs.channels} x {inputs.height} x {inputs.width}",
            "classes": inputs.classes,
            "method": settings.method,
            "embedding": settings.embedding,
            "blocks": blocks,
            "parameters_per_block": parameters,
            "parameters": parameters * blocks,
        }
    )


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
      oneshot --rule ridge image train --dataset mnist
    """
    settings = _settings(
        config,
        dataset=dataset,
        method=method,
        embedding=embedding,
        spacing=spacing,
        epochs=epochs,
        T=T,
        seed=seed,
        batch=batch,
        learning_rate=learning_rate,
        anneal=anneal,
        flip=flip,
        shift=shift,
        anchor=anchor,
        precision=precision,
        together=together,
        train_images=train_images,
        holdout=holdout,
    )
    rule = _rule()
    if rule is Rule.GRADIENT:
        _train_gradient(settings, data, out, resume=resume)
    else:
        _train_rule(rule, settings, data)


@commands.command("eval")
def evaluate(
    folder: Trained,
    data: Data = None,
    sampled: Annotated[
        int, typer.Option(help="Also average N evaluations with the paper's noise.")
    ] = 0,
) -> None:
    """Measure a trained model on its test pictures.

    Examples:
      oneshot image eval mnist-dt
      oneshot --json image eval mnist-dt --sampled 3
    """
    import torch

    from oneshot.images.build import load_trainee
    from oneshot.images.dt import Chain
    from oneshot.images.model import accuracy

    device = _device()
    settings, _, trainee = load_trainee(folder, device)
    images = _images(settings, data)
    test = images.test_images, images.test_labels
    record = {"test_accuracy": accuracy(trainee.classifier(), *test), "n": len(test[1])}
    if sampled and isinstance(trainee, Chain):
        draws = [
            accuracy(trainee.classifier(torch.Generator(device).manual_seed(draw)), *test)
            for draw in range(sampled)
        ]
        record["test_accuracy_sampled"] = sum(draws) / sampled
    SESSION.get().output.record(record)


@commands.command()
def analyse(
    folder: Trained,
    data: Data = None,
    count: Annotated[int, typer.Option(help="Test pictures to look at.")] = 1000,
) -> None:
    """Show what each block reads: the picture, the noised label, or both.

    Examples:
      oneshot image analyse mnist-dt
      oneshot --json image analyse mnist-dt --count 200
    """
    from oneshot.images.analyse import analyse_blocks, ensemble_accuracy
    from oneshot.images.build import load_trainee
    from oneshot.images.dt import Chain
    from oneshot.images.model import accuracy

    settings, _, trainee = load_trainee(folder, _device())
    if not isinstance(trainee, Chain) or settings.method is not Method.DT:
        raise BadInputError(f"{folder} holds a {settings.method} model; give one of method dt")
    images = _images(settings, data)
    part = images.test_images[:count], images.test_labels[:count]
    findings = [asdict(found) for found in analyse_blocks(trainee, *part)]
    record = {
        "n": len(part[1]),
        "chain": accuracy(trainee.classifier(), *part),
        "ensemble": ensemble_accuracy(trainee, *part),
        "blocks": findings,
    }
    rows = ([f"{value:.4g}" for value in found.values()] for found in findings)
    title = f"chain {record['chain']:.4f}, the blocks' mean {record['ensemble']:.4f}; right by:"
    SESSION.get().output.table(record, title, list(findings[0]), rows)


@commands.command()
def bench(
    dataset: DatasetName = None,
    method: MethodName = None,
    T: Blocks = None,
    batch: Annotated[int, typer.Option(help="Pictures in a batch.")] = 128,
    steps: Annotated[int, typer.Option(help="Steps that are timed.")] = 3,
    precision: Annotated[Precision | None, typer.Option(show_default="bfloat16")] = None,
) -> None:
    """Measure training speed against a plain loop over blocks, and against the device's peak.

    Examples:
      oneshot image bench --dataset cifar10
      oneshot --json image bench --T 2 --batch 64
    """
    from oneshot.images.bench import measure_speed
    from oneshot.images.build import block_shape, torch_type
    from oneshot.images.data import Inputs

    settings = _settings(None, dataset=dataset, method=method, T=T, precision=precision)
    if settings.method is not Method.DT:
        raise BadInputError(f"method {settings.method} came; only dt has a loop to compare with")
    shape = block_shape(settings, Inputs(*Dataset(settings.dataset).size))
    dtype = torch_type(settings.precision)
    speed = measure_speed(shape, settings.T, batch, dtype, _device(), steps)
    rounded = {name: float(f"{value:.4g}") for name, value in asdict(speed).items()}
    SESSION.get().output.record({"dataset": settings.dataset, "T": settings.T, **rounded})


@commands.command()
def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE.png", help="A picture.")],
    run: Annotated[Path, typer.Option("--run", metavar="DIR", help="A trained model.")] = Path(
        "oneshot-image"
    ),
    resize: Annotated[bool, typer.Option("--resize", help="Fit the picture's size.")] = False,
) -> None:
    """Say which class a picture is of.

    Examples:
      oneshot image predict seven.png --run mnist-dt
      oneshot --json image predict photo.png --run cifar10-dt --resize
    """
    from oneshot.images.build import load_trainee
    from oneshot.images.picture import read_picture

    device = _device()
    _, inputs, trainee = load_trainee(run, device)
    picture = read_picture(file, inputs.channels, inputs.height, inputs.width, resize=resize)
    shares = trainee.classifier().logits(picture.to(device)).softmax(1)[0]
    best = int(shares.argmax())
    record = {"class": best, "share": float(shares[best]), "shares": shares.tolist()}
    SESSION.get().output.outcome(record, f"class {best}, {float(shares[best]):.1%}")


def _train_gradient(settings: TrainSettings, data: Path | None, out: Path, *, resume: bool) -> None:
    from oneshot.images.build import new_trainee
    from oneshot.images.parallel import Rank
    from oneshot.images.train import Place, Run

    output, started, rank = SESSION.get().output, time.perf_counter(), Rank.of_environment()
    images = _images(settings, data)
    blocks = rank.blocks(settings.T) if rank.world > 1 else ()
    run = Run(
        new_trainee(settings, images, blocks),
        images,
        settings,
        Place(rank.folder(out), resume, blocks),
    )
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
    if not rank.all_done(out, run.steps):
        record["blocks"] = list(blocks)
        output.outcome(record, f"blocks {blocks[0]} to {blocks[-1]} are trained; others are not")
        return
    _measure(out, images, record)


def _measure(out: Path, images: ImageSet, record: dict[str, Any]) -> None:
    """Print the record of a finished run with what its model gets right."""
    from oneshot.images.build import load_trainee
    from oneshot.images.model import accuracy

    _, _, trainee = load_trainee(out, _device())
    n = len(images.test_labels)
    share = accuracy(trainee.classifier(), images.test_images, images.test_labels)
    text = f"test accuracy {share:.4f} of {n}, saved in {out}"
    SESSION.get().output.outcome({"test_accuracy": share, "n": n, **record}, text)


def _train_rule(rule: Rule, settings: TrainSettings, data: Path | None) -> None:
    from oneshot.images.by_rule import train_by_rule
    from oneshot.images.model import accuracy

    output, started = SESSION.get().output, time.perf_counter()
    images = _images(settings, data)
    with training_report(output) as report:
        classifier = train_by_rule(rule, images, {"seed": settings.seed}, report)
    share = accuracy(classifier, images.test_images, images.test_labels)
    seconds = round(time.perf_counter() - started, 1)
    record = {"test_accuracy": share, "n": len(images.test_labels), "seconds": seconds}
    output.put(record, Text(f"test accuracy {share:.4f} of {record['n']}, {seconds} s"))


def _settings(config: Path | None, **options: Any) -> TrainSettings:
    """The config's settings, changed by the options that were given."""
    from oneshot.images.settings import TrainSettings

    given = {name: value for name, value in options.items() if value is not None}
    if config is not None:
        return TrainSettings.from_toml(config, **given)
    return TrainSettings.from_mapping(given)


def _images(settings: TrainSettings, data: Path | None) -> ImageSet:
    from oneshot.images.data import load_images
    from oneshot.images.train import prepared

    return prepared(load_images(settings.dataset, data, _device()), settings)


def _device() -> "torch.device":
    import torch

    name = SESSION.get().device
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BadInputError(f"device {name!r} cannot be used here; give cpu or cuda") from error
    return device


def _rule() -> Rule:
    name = SESSION.get().rule
    try:
        return Rule.GRADIENT if name is None else Rule(name)
    except ValueError:
        raise BadInputError(f"rule {name!r} came; give one of {', '.join(Rule)}") from None
