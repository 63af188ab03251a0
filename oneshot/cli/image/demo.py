"""The command that shows what blocks learn alone, on real pictures and in a minute."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from oneshot.cli.image.display import training_report
from oneshot.cli.session import SESSION

if TYPE_CHECKING:
    from oneshot.images.demo import Denoised
else:
    Denoised = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
SHADES = " ░▒▓█"
CELL = 3  # pixels of a digit a character shows, in each direction


@commands.command()
def demo() -> None:
    """Train two modern blocks by NoProp and a chain without gradients on MNIST; about a minute.

    Shows how the noised label of some test pictures is denoised, block by
    block. A slow machine is given fewer pictures. Nothing is kept.

    Examples:
      oneshot image demo
      oneshot --json image demo
    """
    from oneshot.images import demo as work

    output, images = SESSION.get().output, work.load_demo()
    with training_report(output) as report:
        blocks, denoised = work.train_blocks(images, report)
        results = [blocks, work.train_ridge(images, report)]
    rows = [
        (r.what, f"{r.images:,}", f"{100 * r.test_accuracy:.1f} % of {r.n:,}", f"{r.seconds:.0f}")
        for r in results
    ]
    record: dict[str, Any] = {"section": "results", "results": [asdict(r) for r in results]}
    columns = "trained now on MNIST", "pictures", "right", "s"
    output.table(record, "Blocks that each learned alone", columns, rows)
    shown = {"labels": denoised.labels.tolist(), "z": denoised.z.tolist()}
    output.put({"section": "denoising", **shown}, _picture(denoised))


def _picture(denoised: Denoised) -> Text:
    """Each digit, and beside it the ten classes' shares of z_0, z_1, ... in shades."""
    lines = ["\nLabels being denoised: digits 0 to 9 from left to right, darker is more\n"]
    for image, label, states in zip(denoised.images, denoised.labels, denoised.z, strict=True):
        rows = [_digit_row(row[::CELL].tolist()) for row in image[0][:: 2 * CELL]]
        strips = [f"z_{t}  |{_strip(state.tolist())}|" for t, state in enumerate(states)]
        strips += [f"      {' ' * 2 * int(label)}^ a {int(label)}"]
        lines += [
            f"{left:<12}{strips[i] if i < len(strips) else ''}".rstrip()
            for i, left in enumerate(rows)
        ]
        lines.append("")
    return Text("\n".join(lines))


def _digit_row(values: list[int]) -> str:
    return "".join(_shade(value / 255) for value in values)


def _strip(values: list[float]) -> str:
    """Two characters a class, from the least to the greatest value of the state."""
    low, high = min(values), max(values)
    return "".join(2 * _shade((v - low) / (high - low or 1.0)) for v in values)


def _shade(share: float) -> str:
    return SHADES[min(len(SHADES) - 1, int(share * len(SHADES)))]
