"""The commands that take facts back or change them."""

from collections.abc import Sequence
from typing import Annotated

import typer

from oneshot.cli.facts.display import numbers, show_facts, show_receipts
from oneshot.cli.session import SESSION, Learner, open_learner
from oneshot.errors import BadInputError
from oneshot.facts.types import Fact

commands = typer.Typer()
PANEL = "Facts"


@commands.command(rich_help_panel=PANEL)
def forget(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="The facts.", show_default=False)
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Every fact about this subject.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every fact.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget facts: their weights go, as if they had never been taught.

    Examples:
      oneshot forget 12
      oneshot forget 12 15 --yes
      oneshot forget --subject Freedonia
      oneshot forget --all
    """
    output = SESSION.get().output
    if [bool(ids), subject is not None, everything].count(True) != 1:
        raise BadInputError("forget takes ids, or --subject NAME, or --all")
    with open_learner(founding=False) as learner:
        doomed = _chosen(learner, ids or [], subject)
        output.confirm(f"Forget {_named(doomed)}?", yes=yes)
        show_facts(output, learner.forget([fact.id for fact in doomed]))


@commands.command(rich_help_panel=PANEL)
def update(
    id: Annotated[int, typer.Argument(help="The fact.")],
    answer: Annotated[str, typer.Argument(help="Its new answer.")],
) -> None:
    """Give a fact a new answer; the old one stays in its history.

    Ends with status 5 when the fact is not answered so now.

    Examples:
      oneshot update 12 "New Glorptown"
    """
    with open_learner(founding=False) as learner:
        show_receipts(SESSION.get().output, [learner.update(id, answer)])


@commands.command(rich_help_panel=PANEL)
def alias(
    id: Annotated[int, typer.Argument(help="The fact.")],
    name: Annotated[str, typer.Argument(help="Another name of whom or what it is about.")],
) -> None:
    """Let a fact answer to one more name of its subject.

    Ends with status 5 when the fact is not answered as taught now.

    Examples:
      oneshot alias 12 "The Free State"
      oneshot --json alias 3 headquarters
    """
    with open_learner(founding=False) as learner:
        show_receipts(SESSION.get().output, [learner.alias(id, name)])


@commands.command(rich_help_panel=PANEL)
def undo() -> None:
    """Take back the last change of the brain.

    Examples:
      oneshot undo
    """
    with open_learner(founding=False) as learner:
        done = learner.undo()
        SESSION.get().output.outcome({"undone": done}, done)


def _chosen(learner: Learner, ids: Sequence[int], subject: str | None) -> list[Fact]:
    if ids:
        found = [learner.show(id) for id in ids]
        if not any(fact.state == "live" for fact in found):
            raise BadInputError(f"{numbers(ids)} is no live fact any more; see `oneshot list`")
        return found
    if subject is None:
        return learner.facts()
    found = learner.by_subject(subject)
    if not found:
        raise BadInputError(f"no fact is about {subject!r}: see `oneshot list`")
    return found


def _named(facts: Sequence[Fact]) -> str:
    if len(facts) != 1:
        return f"{len(facts)} facts"
    return f"#{facts[0].id}, {facts[0].prompt} | {facts[0].answer}"
