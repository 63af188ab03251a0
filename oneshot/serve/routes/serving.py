"""What the routes of one server share."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from oneshot.errors import BadInputError
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Receipt
from oneshot.serve.asking import Asker
from oneshot.serve.brains import Brains, UnknownFactError
from oneshot.serve.limits import Limits
from oneshot.serve.metrics import Metrics


@dataclass(frozen=True)
class Serving:
    """One server's model, limits and counts."""

    asker: Asker
    limits: Limits
    metrics: Metrics

    def receipt(self, receipt: Receipt) -> dict[str, Any]:
        """A receipt as the command line's JSON has it."""
        self.metrics.write_seconds.observe(receipt.seconds)
        return asdict(receipt)

    async def spoke(self, model: str, ids: Sequence[int]) -> list[Fact]:
        """The facts that spoke, as texts."""
        if not ids:
            return []
        self.metrics.facts_spoke.inc(len(ids))
        return await self.asker.call(lambda b: [b.learner(model).show(id) for id in ids])


def serving_of(request: Request) -> Serving:
    """What the request's app serves."""
    serving: Serving = request.app.state.serving
    return serving


Served = Annotated[Serving, Depends(serving_of)]


def shown(brains: Brains, model: str | None, id: int) -> Fact:
    """A fact by its number; raises UnknownFactError."""
    return known(brains.learner(model), id)


def known(learner: Learner, id: int) -> Fact:
    """A fact of a brain; raises UnknownFactError where there is none of this number."""
    try:
        return learner.show(id)
    except BadInputError:
        raise UnknownFactError(f"there is no fact #{id}; GET /v1/facts lists them") from None
