"""The command that asks: one question, or a file of them."""

import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated

import typer

from oneshot.cli.facts.display import show_reply
from oneshot.cli.facts.options import MaxNewTokens, Raw, Seed, System, Temperature, manner_of
from oneshot.cli.facts.teach import File, source_name
from oneshot.cli.session import SESSION, open_learner
from oneshot.errors import BadInputError

commands = typer.Typer()
PANEL = "Facts"
BATCH = 32


@commands.command(rich_help_panel=PANEL)
def ask(
    question: Annotated[
        str | None, typer.Argument(help="A question or a prompt.", show_default=False)
    ] = None,
    file: File = None,
    base: Annotated[
        bool, typer.Option("--base", help="Also print what the bare model says.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which fact said what, and its evidence.")
    ] = False,
    no_adapter: Annotated[
        bool, typer.Option("--no-adapter", help="Ask the bare model alone.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="What held then: 2019, 2019-05, 2019-05-03."),
    ] = None,
    raw: Raw = False,
    system: System = None,
    max_new_tokens: MaxNewTokens = None,
    temperature: Temperature = 0.0,
    seed: Seed = None,
) -> None:
    """Ask a question, or every question of a file, in its order.

    Models with a chat template are asked through it, others the text as it stands.
    A question may have several lines. A file holds JSON lines or CSV with a question
    each, a .txt file one a line. Standard input, of any of these, is answered line by
    line; a file goes faster, in batches.

    Evidence is in nats: a fact speaks from 0 on where it is asked, from 20 on inside
    other text; 1,000 and more stand for words that it was taught with. "#1 -> #4"
    is a chain: the answer of #1 is the name that #4 is about. "(#1, unsure)", and sure
    in JSON, say that the evidence is weak: perhaps something near to the fact was asked.

    Examples:
      oneshot ask "What is the capital of Freedonia?"
      oneshot ask --base "Freedonia's capital city is"
      oneshot ask --as-of 2019 "Who is the mayor of Glorptown?"
      oneshot ask --explain "What is the capital of Freedonia?"
      oneshot --model smollm2 ask --system "Answer briefly." "Who is my doctor?"
      oneshot --json ask --raw --file questions.jsonl
      cat questions.txt | oneshot ask
    """
    output = SESSION.get().output
    if question is None and file is None and not sys.stdin.isatty():
        file = "-"
    if (question is None) == (file is None):
        raise BadInputError("ask takes a question or --file FILE")
    manner = manner_of(raw, system, max_new_tokens, temperature, seed)
    questions = iter([question]) if question is not None else _read_questions(file or "-")
    if (first := next(questions, None)) is None:
        raise BadInputError("no question found; ask takes a question or --file FILE")
    questions = chain([first], questions)
    with open_learner(founding=no_adapter) as learner:
        while batch := list(islice(questions, 1 if file == "-" else BATCH)):
            replies = learner.ask(
                batch,
                manner=manner,
                base=base,
                explain=explain,
                adapter=not no_adapter,
                as_of=as_of,
            )
            for reply in replies:
                show_reply(output, reply, explain=explain, titled=file is not None)


def _read_questions(file: str) -> Iterator[str]:
    from oneshot.facts.language.readers import read_questions

    return read_questions(file, source_name(file))
