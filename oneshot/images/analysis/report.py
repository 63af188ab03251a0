"""A page on a training run: what its model says wrongly and rightly, then its curves."""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.files.durable import write_atomically
from oneshot.images.analysis.curves import Curve, figure
from oneshot.images.analysis.examined import Answer, Examined
from oneshot.images.training.journal import ACCURACY, EPOCH, METRICS, read_metrics
from oneshot.images.training.train import HELD_OUT

PAGE, WRONG, RIGHT, CONFUSED = "report.html", 24, 12, 10
"""The page's name, and how many wrong answers, right ones and pairs of classes it shows."""

_STYLE = """
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
svg { width: 100%; max-width: 40rem; height: auto; } text { font-size: 12px; fill: #333; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
ul { list-style: none; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
li { font-size: 14px; line-height: 1.3; overflow-wrap: anywhere; }
img { width: 96px; height: 96px; object-fit: contain; image-rendering: pixelated; display: block; }
"""
_LOSS = "Loss of each block", "What training makes smaller, as a mean over the training pictures."
_LEFT = "Share of the labels that is left", "What the blocks so far do not explain of the labels."
_HELD_OUT = "Held-out accuracy", f"Share right of the first test pictures, at most {HELD_OUT:,}."
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_report(folder: Path, examined: Examined | None, target: Path | None = None) -> Path:
    """Write the page of a run, in its folder where no other place is given.

    Raises BadInputError where the folder has no figures of epochs or blocks.
    """
    lines = read_metrics(folder)
    if not lines:
        raise BadInputError(
            f"{folder} has no {METRICS} with an epoch or block in it; give a folder that training "
            "wrote"
        )
    path = target or folder / PAGE
    write_atomically(path, _page(folder, lines, examined).encode("utf-8"), BadInputError)
    return path


def _page(folder: Path, lines: Sequence[dict[str, Any]], examined: Examined | None) -> str:
    title = escape(f"Training in {folder.name or folder}")
    answers = _answers(examined) if examined else "<p>No picture was looked at.</p>"
    last = "".join(
        f"<tr><th>{escape(str(n))}</th><td>{escape(str(v))}</td></tr>" for n, v in lines[-1].items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{answers}{_curves(lines)}"
        f"<h2>The last line of its figures</h2><table>{last}</table></body></html>\n"
    )


def _answers(examined: Examined) -> str:
    """How many are right, then what is wrong, then a sample of what is right."""
    n, wrong = len(examined.answers), examined.wrong
    low, high = examined.interval
    told = [
        f"<p>{n - len(wrong):,} of {n:,} test pictures are named rightly: "
        f"{100 * (1 - len(wrong) / n):.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f})."
        "</p>"
    ]
    if wrong:
        told.append(
            f"<h2>What is wrong</h2><p>{_counted(len(wrong), WRONG)}, the surest first.</p>"
        )
        told.append(_cards(examined, wrong[:WRONG]))
        rows = "".join(
            f"<tr><td>{_name(examined, a)}</td><td>{_name(examined, b)}</td><td>{count:,}</td></tr>"
            for a, b, count in examined.confusions()[:CONFUSED]
        )
        told.append(
            "<h2>The most frequent mistakes</h2><table><tr><th>it is</th><th>said</th>"
            f"<th>times</th></tr>{rows}</table>"
        )
    right = examined.right(RIGHT)
    if right:
        count = _counted(n - len(wrong), RIGHT)
        told.append(f"<h2>What is right</h2><p>{count}, in their order.</p>")
        told.append(_cards(examined, right))
    return "".join(told)


def _counted(count: int, most: int) -> str:
    return f"All {count:,}" if count <= most else f"{most} of {count:,}"


def _cards(examined: Examined, answers: Sequence[Answer]) -> str:
    items = []
    for answer in answers:
        said, wanted = _name(examined, answer.said), _name(examined, answer.wanted)
        words = f"said {said}, {100 * answer.share:.0f} % sure"
        words += f"; it is {wanted}" if answer.said != answer.wanted else ""
        source = _png(examined.images[answer.place])
        items.append(f'<li><img src="{source}" alt="test picture {answer.place}">{words}</li>')
    return f"<ul>{''.join(items)}</ul>"


def _name(examined: Examined, label: int) -> str:
    return escape(str(examined.names[label]))


def _png(picture: Tensor) -> str:
    """A picture inside the page."""
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    buffer = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _curves(lines: Sequence[dict[str, Any]]) -> str:
    """Plots of what has at least two points; none otherwise."""
    unit = "epoch" if EPOCH in lines[-1] else str(lines[-1].get("what", "step"))
    losses = [n for n in lines[-1] if n.startswith("loss ") or n == "left"]
    if len(lines) < 2:
        return ""
    plots = []
    if losses:
        title, note = _LOSS if losses[0] != "left" else _LEFT
        plots.append(figure(title, note, [_curve(lines, n) for n in losses], unit))
    if ACCURACY in lines[-1]:
        curve = _curve(lines, ACCURACY)
        plots.append(figure(*_HELD_OUT, [curve], unit, from_zero=False))
    return "".join(plots)


def _curve(lines: Sequence[dict[str, Any]], name: str) -> Curve:
    points = [(float(r.get(EPOCH, r["step"])), float(r[name])) for r in lines if name in r]
    return Curve(name, points)
