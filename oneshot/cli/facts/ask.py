"""The commands that ask: one question, a file of them, or a conversation."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Annotated

import typer

from oneshot.cli.facts.teach import File, source_name, statement_of
from oneshot.cli.output import Output, complain
from oneshot.cli.session import SESSION, Learner, open_learner
from oneshot.errors import BadInputError, OneshotError

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
        bool, typer.Option("--explain", help="Show which fact spoke, token by token.")
    ] = False,
    no_adapter: Annotated[
        bool, typer.Option("--no-adapter", help="Ask the bare model alone.")
    ] = False,
) -> None:
    """Ask a question, or every question of a file, in its order.

    A file holds JSON lines or CSV with a question each, a .txt file one a line.
    Standard input is answered line by line; a file goes faster, in batches.

    Examples:
      oneshot ask "What is the capital of Freedonia?"
      oneshot ask --base "Freedonia's capital city is"
      oneshot ask --explain "What is the capital of Freedonia?"
      oneshot --json ask --file questions.jsonl
    """
    output = SESSION.get().output
    if (question is None) == (file is None):
        raise BadInputError("ask takes a question or --file FILE")
    questions = iter([question]) if question is not None else _read_questions(file or "-")
    with open_learner(founding=no_adapter) as learner:
        while batch := list(islice(questions, 1 if file == "-" else BATCH)):
            for reply in learner.ask(batch, base=base, explain=explain, adapter=not no_adapter):
                output.reply(reply, explain=explain, titled=file is not None)


@commands.command(rich_help_panel=PANEL)
def chat() -> None:
    """Talk: lines that begin with "teach:" are taught, all others are asked.

    "quit" or the end of the input ends it.

    Examples:
      oneshot chat
      printf 'teach: The capital of Freedonia is Glorptown.' | oneshot chat
    """
    output = SESSION.get().output
    with open_learner() as learner:
        for line in _lines(show_prompt=not output.as_json):
            try:
                _turn(learner, output, line)
            except OneshotError as error:
                complain(error)


def _read_questions(file: str) -> Iterator[str]:
    from oneshot.facts.language.readers import read_questions

    return read_questions(file, source_name(file))


def _turn(learner: Learner, output: Output, line: str) -> None:
    sentence = line.removeprefix("teach:").strip()
    if sentence == line:
        output.reply(learner.ask([line])[0])
        return
    for receipt in learner.teach([statement_of(learner, sentence)]):
        output.receipt(receipt)


def _lines(*, show_prompt: bool) -> Iterator[str]:
    """What is typed, line by line without empty ones, until "quit" or the end."""
    prompt = ""
    if show_prompt and sys.stdin.isatty() and sys.stdout.isatty():
        prompt = "> "
        with suppress(ImportError):
            import readline  # noqa: F401  (gives the prompt its line editing)
    try:
        while (line := input(prompt).strip()) != "quit":
            if line:
                yield line
    except EOFError:
        return
    except UnicodeDecodeError:
        raise BadInputError("the line is not valid UTF-8: mend its encoding") from None
