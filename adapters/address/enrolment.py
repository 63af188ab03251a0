"""Which wordings enrol a name: chosen per host, greedily, for the evidence they give elsewhere."""

import torch
from jaxtyping import Float
from torch import Tensor

from adapters.address.entity import EntityMetric

DETERMINERS = frozenset(
    ("a", "an", "the", "this", "that", "these", "those", "my", "our", "your", "his", "her", "their")
)
CLIP = 20.0  # nats beyond which more evidence for the right name changes nothing


def choose_wordings(
    codes: Float[Tensor, "wordings names rank"], metric: EntityMetric, count: int
) -> list[int]:
    """The `count` wordings whose codes together best recognise the names in all the others.

    The value of a set is the mean, over names and wordings, of the clipped best evidence.
    """
    distance = torch.stack([(codes - row).square().sum(2) for row in codes])
    evidence = (metric.offset - distance / 2).clamp(-CLIP, CLIP)
    same = torch.eye(len(codes), dtype=torch.bool)[:, :, None]
    evidence = evidence.masked_fill(same, -CLIP)
    best = torch.full(evidence.shape[1:], -CLIP)
    chosen: list[int] = []
    for _ in range(min(count, len(codes))):
        gains = torch.maximum(evidence, best).mean((1, 2))
        gains[chosen] = -torch.inf
        chosen.append(int(gains.argmax()))
        best = torch.maximum(best, evidence[chosen[-1]])
    return chosen


def enrolment(wording: str, name: str) -> tuple[str, str]:
    """The wording with the name in its place, and the name as it stands there.

    "My dog" is "my dog" inside a sentence; proper names keep their letters.
    """
    first, _, rest = name.partition(" ")
    if rest and first.lower() in DETERMINERS:
        first = first.capitalize() if wording.startswith("{}") else first.lower()
        name = f"{first} {rest}"
    return wording.replace("{}", name), name
