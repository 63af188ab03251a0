"""The commands that use a trained model: measure it, look into it, name a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.image_options import Data, chosen_device, images_of
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import Method

commands = typer.Typer()

Trained = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that training wrote.")]


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

    device = chosen_device()
    settings, _, trainee = load_trainee(folder, device)
    images = images_of(settings, data)
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

    settings, _, trainee = load_trainee(folder, chosen_device())
    if not isinstance(trainee, Chain) or settings.method is not Method.DT:
        raise BadInputError(f"{folder} holds a {settings.method} model; give one of method dt")
    images = images_of(settings, data)
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

    device = chosen_device()
    _, inputs, trainee = load_trainee(run, device)
    picture = read_picture(file, inputs.channels, inputs.height, inputs.width, resize=resize)
    shares = trainee.classifier().logits(picture.to(device)).softmax(1)[0]
    best = int(shares.argmax())
    record = {"class": best, "share": float(shares[best]), "shares": shares.tolist()}
    SESSION.get().output.outcome(record, f"class {best}, {float(shares[best]):.1%}")
