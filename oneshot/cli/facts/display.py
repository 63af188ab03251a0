"""How receipts, replies and lists of facts look to people, and what their JSON holds."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from oneshot.cli.output import Output, cell, printable, printable_lines
from oneshot.facts.types import Fact, Implied, Receipt, Reply, Step
from oneshot.memory.journal.rows import NEW_RELATION

FAILED = 5  # the status of a fact that is not answered as taught


def show_receipt(output: Output, receipt: Receipt) -> None:
    """Print what teaching one fact did."""
    output.put(asdict(receipt), _receipt_text(receipt))


def show_receipts(output: Output, receipts: Iterable[Receipt]) -> None:
    """Print receipts as they come; leaves with status 5 where a fact does not hold."""
    holds = True
    for receipt in receipts:
        show_receipt(output, receipt)
        holds = holds and receipt.holds
    if not holds:
        raise typer.Exit(FAILED)


def show_reply(
    output: Output, reply: Reply, *, explain: bool = False, titled: bool = False
) -> None:
    """Print an answer; `titled` puts the question above it."""
    output.put(
        reply_record(reply, explain=explain), _reply_text(reply, explain=explain, titled=titled)
    )
    if explain and not output.as_json:
        output.show(_steps_table(reply.steps))


def reply_record(reply: Reply, *, explain: bool = False) -> dict[str, Any]:
    """What JSON says of a reply: no more than was asked for."""
    record: dict[str, Any] = {
        "question": reply.question,
        "answer": reply.answer,
        "facts": reply.facts,
        "sure": reply.sure,
    }
    if reply.base is not None:
        record["base"] = reply.base
    if explain:
        record["steps"] = [asdict(step) for step in reply.steps]
        record["chain"] = reply.chain
        record["asked"] = reply.asked
    return record


def show_facts(output: Output, facts: Sequence[Fact], implied: Sequence[Implied] = ()) -> None:
    """Print facts and what they imply: a JSON line each, or one table."""
    if output.as_json:
        for record in (*map(asdict, facts), *map(asdict, implied)):
            output.put(record, Text())
    elif facts:
        output.show(_facts_table(facts, implied))
    else:
        output.remark("no facts")


def numbers(facts: Iterable[int]) -> str:
    """Facts' ids as people see them."""
    return ", ".join(f"#{fact}" for fact in facts)


def spoke(reply: Reply) -> str:
    """The facts that an answer is from, as people see them behind it, and whether they may not be
    what was asked.
    """
    doubt = "" if reply.sure else ", unsure"
    return f"  ({numbers(reply.facts)}{doubt})" if reply.facts else ""


def evidence_text(nats: float) -> str:
    """Evidence in nats, empty where none was weighed."""
    return "" if math.isnan(nats) else f"{nats:.1f}"


def _receipt_text(receipt: Receipt) -> Text:
    known = "" if receipt.relation == NEW_RELATION else f", {receipt.relation}"
    understood = f"{receipt.prompt} | {receipt.answer} | {receipt.subject}{known}"
    before = "" if receipt.before is None else f"{receipt.before} "
    near = "" if receipt.nearest is None else f"  nearest #{receipt.nearest}"
    text = Text.assemble((f"#{receipt.id}  ", "bold cyan"), printable(understood))
    text.append("\n    ").append(printable(f"{before}-> {receipt.after}"), "green")
    text.append(f"  {receipt.seconds * 1000:.0f} ms{near}", "dim")
    if receipt.asked is not None:
        text.append(f'\n    asked as: "{printable(receipt.asked)}" ')
        text.append(printable(f"-> {receipt.answered}"), "green")
    for sentence in receipt.implied:
        text.append(f"\n    implies: {printable(sentence)}", "dim")
    for chain in receipt.leads:
        text.append(f"\n    leads on: {printable(chain)}", "dim")
    for warning in receipt.warnings:
        text.append(f"\n    warning: {printable(warning)}", "yellow")
    return text


def _reply_text(reply: Reply, *, explain: bool, titled: bool) -> Text:
    text = Text(f"{printable(reply.question)}\n    " if titled else "", "dim")
    text.append(printable_lines(reply.answer), "not dim bold")
    text.append(spoke(reply), "dim")
    if explain and reply.chain:
        text.append("\n    because: ", "dim").append(printable("; ".join(reply.chain)), "not dim")
    if explain and reply.asked:
        text.append("\n    asked in the end: ", "dim").append(printable(reply.asked), "not dim")
    if reply.base is not None:
        text.append("\n    without the brain: ", "dim")
        text.append(printable_lines(reply.base), "not dim")
    return text


def _steps_table(steps: Sequence[Step]) -> Table:
    table = Table("said", "fact", "evidence in nats", box=None)
    for said, step in _runs(steps):
        table.add_row(cell(said), led_by(step), evidence_text(step.evidence))
    return table


def led_by(step: Step) -> str:
    """The fact that speaks, behind those whose answers led to it: "#1 -> #4"."""
    return "" if step.fact is None else " -> ".join(f"#{id}" for id in (*step.via, step.fact))


def _runs(steps: Sequence[Step]) -> Iterator[tuple[str, Step]]:
    """Tokens in a row that one fact, or the model by itself, says; with their first step."""
    start = 0
    for i in range(1, len(steps) + 1):
        same = i < len(steps) and steps[i].fact == steps[start].fact
        if not (same and math.isnan(steps[i].evidence)):
            yield "".join(s.token for s in steps[start:i]), steps[start]
            start = i


def _facts_table(facts: Sequence[Fact], implied: Sequence[Implied]) -> Table:
    table = Table("id", "prompt", "answer", "subject", "relation", "state", box=None)
    for fact in facts:
        known = "" if fact.relation == NEW_RELATION else fact.relation
        words = (fact.prompt, fact.answer, fact.subject, known, _state(fact))
        table.add_row(Text(f"#{fact.id}", "bold cyan"), *map(cell, words))
    for told in implied:
        state = f"implied (from {numbers(told.origins)})"
        words = (told.prompt, told.answer, told.subject, told.rule, state)
        table.add_row("", *map(cell, words))
    return table


def _state(fact: Fact) -> str:
    """A fact's state, and when it holds where it says so."""
    times = (("since", fact.since), ("until", fact.until))
    return ", ".join([fact.state, *(f"{word} {date}" for word, date in times if date)])
