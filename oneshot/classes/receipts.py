"""What is said of a class after it was taught: its nearest neighbour, and warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch

from oneshot.classes.evaluation import places_of
from oneshot.classes.folder.files import Stored
from oneshot.classes.folder.store import ClassStore
from oneshot.classes.hosts.host import ClassHost
from oneshot.classes.types import Taught
from oneshot.classes.writers.calibration import POSTERIOR
from oneshot.classes.writers.held_out import Judgement, hold_out
from oneshot.classes.writers.posterior import PosteriorWriter
from oneshot.classes.writers.sharpness import Evidence, Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.images.features.integers import LEVELS

_LOOKED_AT = 100
_CONFUSED = 0.5


def receipt_of(store: ClassStore, name: str, added: Sequence[Stored]) -> Taught:
    """The receipt of teaching `added` examples, without time and what was left out."""
    writer = store.writer
    nearest = nearest_class(writer, store.calibration.sharpness[POSTERIOR], name)
    confusion = 0.0 if nearest is None else share_confused(writer, name, nearest)
    said = list[str]()
    total = len(writer.codes(name))
    if added and total > len(added):
        said.append(f"{name!r} was known with {total - len(added)} examples; these were added")
    said += _twice(name, added, store.examples.values())
    if nearest is not None and confusion >= _CONFUSED:
        said.append(
            f"its examples look like {nearest!r} ({confusion:.0%} of them, each judged by the "
            "others, are taken for it); more examples of both help"
        )
    return Taught(name, len(added), 0, total, nearest, confusion, 0.0, tuple(said))


def nearest_class(writer: TalliedWriter, sharpness: Sharpness, name: str) -> str | None:
    """The class that the examples would be taken for if theirs were not there.

    The sums by class tell, which cost no fit, whatever the rule.
    """
    others = [i for i, other in enumerate(writer.names) if other != name]
    if not others:
        return None
    x = writer.codes(name)[:_LOOKED_AT].double() / LEVELS
    ratios = writer.over_none(x)[:, others]
    found = sharpness.probabilities(Evidence(ratios, ratios))
    taken = torch.bincount(places_of(found), minlength=len(others) + 1)[:-1]
    best = int((taken + found[:, :-1].mean(0)).argmax())
    return writer.names[others[best]]


def share_confused(writer: TalliedWriter, name: str, other: str) -> float:
    """The share of a class's examples that, each left out in turn, look more like the other class.

    None of them does where it is the only one.
    """
    pair = PosteriorWriter(writer.metric)
    for one in (name, other):
        pair.add_codes(one, writer.codes(one)[:_LOOKED_AT])
    found = hold_out(pair).plural()
    place = pair.names.index(name)
    told = found.evidence.scores.argmax(1)[found.truth == place]
    return float((told != place).double().mean()) if len(told) else 0.0


def by_chance(judgement: Judgement, classes: int, host: ClassHost) -> str:
    """Why nothing is guessed, and what helps."""
    helps = "more or clearer examples of each"
    if host.limits:
        helps += (
            f", or a new --classes on --host smollm2 ({host.limits}; `oneshot host fetch smollm2`)"
        )
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
