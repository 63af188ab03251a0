"""Facts: teach, list, search, change, forget, undo; `model` names the brain, else the first."""

from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from oneshot.errors import BadInputError
from oneshot.facts.language.checking import statement
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Statement
from oneshot.serve import teaching
from oneshot.serve.brains import Brains
from oneshot.serve.routes.serving import Served, known, shown
from oneshot.serve.wire.requests import LONGEST_LINE, Changed, NewFact, Undo

MOST = 1000  # facts in one list
Id = Annotated[int, Path(ge=1, le=2**62)]
Model = Annotated[str | None, Query(max_length=300)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Json = dict[str, Any]

router = APIRouter()


@router.post("/v1/facts", status_code=201)
async def teach(given: NewFact, serving: Served) -> Json:
    """Teach a fact; the receipt comes once it is safely on disk."""
    made = teaching.teach(
        serving.asker, given.model, lambda learner: _told(learner, given), before=given.before
    )
    return serving.receipt(await made)


@router.get("/v1/facts")
async def facts(
    serving: Served,
    model: Model = None,
    state: Literal["live", "superseded", "forgotten", "all"] = "live",
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> Json:
    """List facts by their numbers."""
    wanted = None if state == "all" else state

    def find(brains: Brains) -> list[Fact]:
        return brains.learner(model).facts(wanted, after=after, limit=limit + 1)

    return _listed(await serving.asker.call(find), limit)


@router.get("/v1/facts/search")
async def search(
    serving: Served,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_LINE)],
    model: Model = None,
    limit: Limit = 10,
) -> Json:
    """Find live facts that contain a text."""
    return _listed(await serving.asker.call(lambda b: b.learner(model).search(q, limit + 1)), limit)


@router.get("/v1/facts/{id}")
async def show(id: Id, serving: Served, model: Model = None) -> Json:
    """Show one fact."""
    return asdict(await serving.asker.call(lambda b: shown(b, model, id)))


@router.patch("/v1/facts/{id}")
async def change(id: Id, given: Changed, serving: Served) -> Json:
    """Give a fact another answer, or one more name of its subject."""
    await serving.asker.call(lambda b: shown(b, given.model, id))
    if given.answer is not None and given.alias is None:
        return serving.receipt(await teaching.update(serving.asker, given.model, id, given.answer))
    if given.alias is not None and given.answer is None:
        return serving.receipt(await teaching.alias(serving.asker, given.model, id, given.alias))
    raise BadInputError("give an answer, or an alias")


@router.delete("/v1/facts/{id}")
async def forget(id: Id, serving: Served, model: Model = None) -> Json:
    """Forget a fact: its weights go, as if it had never been taught."""
    return asdict(await serving.asker.call(lambda b: _forget(b.learner(model), id)))


@router.post("/v1/undo")
async def undo(serving: Served, given: Undo | None = None) -> Json:
    """Take back the last change of a brain."""
    model = given.model if given else None
    return {"undone": await serving.asker.call(lambda b: b.learner(model).undo())}


def _told(learner: Learner, given: NewFact) -> Statement:
    return replace(_statement(learner, given), also=given.also)


def _statement(learner: Learner, given: NewFact) -> Statement:
    asks, aliases = given.asks, given.aliases
    if given.text is not None and given.prompt is None and given.answer is None:
        return parse_sentence(
            given.text,
            learner.templates,
            subject=given.subject,
            source=given.source,
            asks=asks,
            aliases=aliases,
        )
    if given.prompt is not None and given.answer is not None and given.text is None:
        return statement(given.prompt, given.answer, given.subject, given.source, asks, aliases)
    raise BadInputError("give text, a whole sentence, or both prompt and answer")


def _forget(learner: Learner, id: int) -> Fact:
    fact = known(learner, id)
    if not learner.forget([id]):
        raise BadInputError(f"fact #{id} is {fact.state}; forget a live one")
    return learner.show(id)


def _listed(facts: list[Fact], limit: int) -> Json:
    data = [asdict(fact) for fact in facts[:limit]]
    return {"object": "list", "data": data, "has_more": len(facts) > limit}
