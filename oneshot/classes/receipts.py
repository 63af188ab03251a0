"""What is said of a class after it was taught: its nearest neighbour, and warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch

from oneshot.classes.evaluation import places_of
from oneshot.classes.folder.files import Stored
from oneshot.classes.folder.shelf import Shelf
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.hosts.texts import KNOWS
from oneshot.classes.types import Taught
from oneshot.classes.writers.calibration import POSTERIOR
from oneshot.classes.writers.held_out import Judgement
from oneshot.classes.writers.sharpness import Evidence, Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.hosts.load import PACKAGED
from oneshot.images.features.integers import LEVELS

_LOOKED_AT = 200
_CONFUSED = 0.8


def receipt_of(shelf: Shelf, name: str, added: Sequence[Stored]) -> Taught:
    """The receipt of teaching `added` examples, without time and what was left out."""
    writer = shelf.writer
    nearest, confusion = nearest_class(writer, shelf.calibration.sharpness[POSTERIOR], name)
    said = list[str]()
    total = len(writer.codes(name))
    if added and total > len(added):
        said.append(f"{name!r} was known with {total - len(added)} examples; these were added")
    said += _twice(name, added, shelf.examples.values())
    if nearest is not None and confusion > _CONFUSED:
        said.append(
            f"its examples look like {nearest!r} ({confusion:.0%} would be taken for it if "
            f"{name!r} were not taught); more examples of both help"
        )
    return Taught(name, len(added), 0, total, nearest, confusion, 0.0, tuple(said))


def nearest_class(
    writer: TalliedWriter, sharpness: Sharpness, name: str
) -> tuple[str | None, float]:
    """The class that the examples would be taken for if theirs were not there, and how many.

    The sums by class tell, which cost no fit, whatever the rule.
    """
    others = [i for i, other in enumerate(writer.names) if other != name]
    if not others:
        return None, 0.0
    x = writer.codes(name)[:_LOOKED_AT].double() / LEVELS
    ratios = writer.over_none(x)[:, others]
    found = sharpness.probabilities(Evidence(ratios, ratios))
    taken = torch.bincount(places_of(found), minlength=len(others) + 1)[:-1]
    best = int((taken + found[:, :-1].mean(0)).argmax())
    return writer.names[others[best]], float(taken[best] / len(x))


def by_chance(judgement: Judgement, writer: TalliedWriter, host: ClassHost) -> str:
    """Why nothing is guessed, and what helps."""
    classes = len(writer.names)
    text = host.kind is Kind.TEXT and host.name == PACKAGED
    helps = "more or clearer examples of each"
    if text:
        helps += f", or a new --classes on --host smollm2 ({KNOWS}; `oneshot host fetch smollm2`)"
    return (
        f"these classes cannot be told apart on the host {host.name}: of {judgement.n} examples, "
        f"each judged by classes taught without it, {judgement.right} were told right, by chance "
        f"{judgement.n / classes:.0f}; give {helps}"
    )


def _twice(name: str, added: Sequence[Stored], everything: Iterable[Stored]) -> list[str]:
    """Warnings of contents that another class has as well."""
    digests = {e.digest for e in added}
    shared = Counter(e.name for e in everything if e.digest in digests and e.name != name)
    return [
        f"{count} of these examples were also taught as {other!r}; forget them where they are wrong"
        for other, count in sorted(shared.items())
    ]
