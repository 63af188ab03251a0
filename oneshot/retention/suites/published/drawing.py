"""Which facts of a published set are written."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

from oneshot.retention.methods.interface import Request
from oneshot.retention.suites.sampling import Material

T = TypeVar("T")


def drawn(
    material: Material, rows: Sequence[T], request: Callable[[T], Request], count: int
) -> list[T]:
    """Random rows of the draw's split, one a prompt, that can be written."""
    first = {request(row).prompt: row for row in reversed(rows)}
    own = [row for prompt, row in first.items() if material.mine(prompt)]
    material.rng.shuffle(own)
    able = (row for row in own if material.writable(request(row)))
    return list(islice(able, count))
