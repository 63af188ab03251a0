"""The commands that use a trained model: measure it, look into it, name a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.image.options import Data, chosen_device, images_of
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError

if TYPE_CHECKING:
    from torch import Tensor

    from oneshot.images.analysis.analyse import NoisedChain
    from oneshot.images.rules.ridge import RidgeChain

    Part = tuple[Tensor, Tensor]
else:
    NoisedChain = RidgeChain = Part = Any  # annotations are evaluated where types are checked

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

    from oneshot.images.model import accuracy
    from oneshot.images.trained import load_trained

    if sampled < 0:
        raise BadInputError(f"sampled = {sampled} came; give at least 0")
    device = chosen_device()
    trained = load_trained(folder, device)
    draws = [torch.Generator(device).manual_seed(draw) for draw in range(sampled)]
    classifiers = [trained.classifier(), *map(trained.sampling_classifier, draws)]
    images = images_of(trained.pictures, data)
    test = images.test_images, images.test_labels
    first, *others = [accuracy(classifier, *test) for classifier in classifiers]
    record = {"test_accuracy": first, "n": len(images.test_labels)}
    text = f"test accuracy {first:.4f} of {record['n']}"
    if others:
        record["test_accuracy_sampled"] = sum(others) / len(others)
        text += f", {record['test_accuracy_sampled']:.4f} with the paper's noise"
    SESSION.get().output.outcome(record, text)


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
    from oneshot.images.model import accuracy
    from oneshot.images.rules.ridge import RidgeChain
    from oneshot.images.trained import load_trained

    if count < 1:
        raise BadInputError(f"count = {count} came; give at least 1")
    trained = load_trained(folder, chosen_device())
    chain = trained.model if isinstance(trained.model, RidgeChain) else trained.noised_chain()
    images = images_of(trained.pictures, data)
    part = images.test_images[:count], images.test_labels[:count]
    whole = {"n": len(part[1]), "chain": accuracy(trained.classifier(), *part)}
    if isinstance(chain, RidgeChain):
        _show_growth(chain, part, whole)
    else:
        _show_blocks(chain, part, whole)


def _show_blocks(chain: NoisedChain, part: Part, whole: dict[str, Any]) -> None:
    from oneshot.images.analysis.analyse import analyse_blocks, ensemble_accuracy

    findings = [asdict(found) for found in analyse_blocks(chain, *part)]
    whole |= {"ensemble": ensemble_accuracy(chain, *part), "blocks": findings}
    rows = ([f"{value:.4g}" for value in found.values()] for found in findings)
    title = f"chain {whole['chain']:.4f}, mean of blocks {whole['ensemble']:.4f}"
    SESSION.get().output.table(whole, title, list(findings[0]), rows)


def _show_growth(chain: RidgeChain, part: Part, whole: dict[str, Any]) -> None:
    images, labels = part
    shares = [float((z.argmax(1) == labels).double().mean()) for z in chain.trajectory(images)]
    rows = [(t, f"{share:.4f}") for t, share in enumerate(shares, start=1)]
    SESSION.get().output.table(
        whole | {"after_blocks": shares}, f"Chain of {len(shares)}", ["after block", "right"], rows
    )


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
    from oneshot.images.picture import read_picture
    from oneshot.images.trained import load_trained

    device = chosen_device()
    trained = load_trained(run, device)
    size = trained.inputs
    picture = read_picture(file, size.channels, size.height, size.width, resize=resize)
    shares = trained.shares(picture.to(device))[0]
    best = int(shares.argmax())
    record = {"class": best, "share": float(shares[best]), "shares": shares.tolist()}
    SESSION.get().output.outcome(record, f"class {best}, {float(shares[best]):.1%}")
