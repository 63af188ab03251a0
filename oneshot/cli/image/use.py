"""The commands that use a trained model: measure it, look into it, name a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.image.display import prediction_record, prediction_text, reading_report
from oneshot.cli.image.options import Data, chosen_device, open_run, test_pictures
from oneshot.cli.session import SESSION
from oneshot.errors import BadInputError
from oneshot.images.kinds import RuleName

if TYPE_CHECKING:
    from torch import Tensor

    from oneshot.images.analysis.analyse import NoisedChain
    from oneshot.images.analysis.examined import Examined
    from oneshot.images.model import TrainedModel

    Part = tuple[Tensor, Tensor]
else:
    Examined = NoisedChain = TrainedModel = Part = (
        Any  # annotations are evaluated where types are checked
    )

commands = typer.Typer()

MOST_DRAWS = 1000

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

    if not 0 <= sampled <= MOST_DRAWS:
        raise BadInputError(f"sampled = {sampled} came; give at least 0 and at most {MOST_DRAWS}")
    device, trained = chosen_device(), open_run(folder)
    draws = [torch.Generator(device).manual_seed(draw) for draw in range(sampled)]
    classifiers = [trained.classifier(), *map(trained.sampling_classifier, draws)]
    images = test_pictures(trained, data)
    test = images.test_images, images.test_labels
    with reading_report(SESSION.get().output) as report:
        first, *others = [accuracy(classifier, *test, report) for classifier in classifiers]
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

    if count < 1:
        raise BadInputError(f"count = {count} came; give at least 1")
    trained = open_run(folder)
    images = test_pictures(trained, data)
    part = images.test_images[:count], images.test_labels[:count]
    whole = {"n": len(part[1]), "chain": accuracy(trained.classifier(), *part)}
    if trained.by is RuleName.RIDGE:
        _show_growth(trained.classifier(), part, whole)
    else:
        _show_blocks(trained.noised_chain(), part, whole)


def _show_blocks(chain: NoisedChain, part: Part, whole: dict[str, Any]) -> None:
    from oneshot.images.analysis.analyse import analyse_blocks, ensemble_accuracy

    findings = [asdict(found) for found in analyse_blocks(chain, *part)]
    whole |= {"ensemble": ensemble_accuracy(chain, *part), "blocks": findings}
    rows = ([f"{value:.4g}" for value in found.values()] for found in findings)
    title = f"chain {whole['chain']:.4f}, mean of blocks {whole['ensemble']:.4f}"
    SESSION.get().output.table(whole, title, list(findings[0]), rows)


def _show_growth(chain: TrainedModel, part: Part, whole: dict[str, Any]) -> None:
    images, labels = part
    shares = [float((z.argmax(1) == labels).double().mean()) for z in chain.block_scores(images)]
    rows = [(t, f"{share:.4f}") for t, share in enumerate(shares, start=1)]
    SESSION.get().output.table(
        whole | {"after_blocks": shares}, f"Chain of {len(shares)}", ["after block", "right"], rows
    )


@commands.command()
def report(
    folder: Trained,
    data: Data = None,
    count: Annotated[int, typer.Option(help="Test pictures to look at.")] = 1000,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="The page.", show_default="DIR/report.html"),
    ] = None,
) -> None:
    """Write a page on a run, finished or not: what is wrong, what is right, then its curves.

    Examples:
      oneshot image report mnist-dt
      oneshot image report cifar10-air --data ./data --count 10000 --out page.html
    """
    from oneshot.images.analysis.report import write_report

    if count < 1:
        raise BadInputError(f"count = {count} came; give at least 1")
    path = write_report(folder, _examined(folder, data, count), out)
    SESSION.get().output.outcome({"page": str(path)}, f"written: {path}")


def _examined(folder: Path, data: Path | None, count: int) -> Examined | None:
    """What the model says of test pictures; None, and why, where it or they are not there."""
    from oneshot.errors import OneshotError
    from oneshot.images.analysis.examined import examine

    try:
        trained = open_run(folder)
        images = test_pictures(trained, data)
    except OneshotError as error:
        if data is not None:
            raise
        SESSION.get().output.remark(f"no picture is looked at: {error}")
        return None
    part = images.test_images[:count], images.test_labels[:count]
    return examine(trained.probabilities, *part, trained.names)


@commands.command()
def predict(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE|FOLDER", help="Pictures.")
    ] = None,
    run: Annotated[Path, typer.Option("--run", metavar="DIR", help="A trained model.")] = Path(
        "oneshot-image"
    ),
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take pictures of the model's size as they are.")
    ] = False,
    top: Annotated[int, typer.Option(help="Classes to name.")] = 3,
) -> None:
    """Say which class each picture is of, and how sure that is.

    Models of MNIST get pictures as MNIST was made: light on dark, cropped to
    the digit, scaled, centred by mass. Others get the middle square.

    Examples:
      oneshot image predict seven.jpg --run mnist-dt
      oneshot image predict ./my-digits --run mnist-dt
      oneshot --json image predict photo.png --run cifar10-dt --top 5
    """
    from oneshot.images.pictures.folders import pictures_in
    from oneshot.images.predicting import predict as look

    if not files:
        raise BadInputError("predict takes pictures or folders of them; give at least one")
    if top < 1:
        raise BadInputError(f"top = {top} came; give at least 1")
    device, trained, output = chosen_device(), open_run(run), SESSION.get().output
    paths = [path for file in files for path in (pictures_in(file) if file.is_dir() else [file])]
    named, answered = {file for file in files if not file.is_dir()}, False
    if trained.calibration is None:
        output.remark("percentages are not calibrated: training measures that at its end")
    for path in paths:
        try:
            found = look(trained, path, device, as_is=as_is)
        except BadInputError as error:
            if path in named or (path == paths[-1] and not answered):
                raise
            output.remark(f"warning: left out: {error}")
            continue
        answered = True
        record = prediction_record(found, trained.names, calibrated=trained.calibration is not None)
        output.put(record, prediction_text(found, trained.names, top, titled=len(paths) > 1))
