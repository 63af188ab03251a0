"""Many facts taught by several processes, or by one that was stopped and goes on."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from adapters.text.names import key_number, name_key
from oneshot.facts.learner import Learner
from oneshot.facts.types import Receipt, Statement

CHUNK = 32  # facts that are taught together


@dataclass(frozen=True)
class Share:
    """The part of a file that one of several processes teaches, all of them to one brain.

    Facts on one subject are one process's, in their order: rows are functions of host and fact
    alone, so that the brain is in the end what one process would have made, to the bit.
    """

    rank: int = 0
    processes: int = 1

    @classmethod
    def of_launcher(cls) -> "Share":
        """What `torchrun` says in RANK and WORLD_SIZE; everything where nothing is said."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    def takes(self, told: Statement) -> bool:
        """Whether a fact is this process's."""
        return key_number(name_key(told.subject or "")) % self.processes == self.rank


def teach_share(
    learner: Learner,
    statements: Iterable[Statement],
    share: Share,
    *,
    before: bool = True,
) -> Iterator[Receipt]:
    """Teach what is a process's own, many together, but for what was taught before.

    That is all that the journal has, what was replaced or forgotten since too.
    """
    mine = filter(share.takes, map(learner.complete, statements))
    new = (told for told in mine if not learner.was_taught(told))
    while chunk := list(islice(new, CHUNK)):
        yield from learner.teach(chunk, before=before)
