"""The command that teaches facts."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from oneshot.cli.session import SESSION, Learner, open_learner
from oneshot.errors import BadInputError
from oneshot.facts.types import Statement

commands = typer.Typer()
PANEL = "Facts"

File = Annotated[
    str | None, typer.Option("--file", metavar="FILE", help="Read FILE; - is standard input.")
]
Subject = Annotated[str | None, typer.Option("--subject", help="Whom or what the fact is about.")]


@commands.command(rich_help_panel=PANEL)
def teach(
    prompt: Annotated[
        str | None, typer.Argument(help="A whole sentence, or its beginning.", show_default=False)
    ] = None,
    answer: Annotated[
        str | None, typer.Argument(help="What completes the prompt.", show_default=False)
    ] = None,
    subject: Subject = None,
    file: File = None,
) -> None:
    """Teach one fact, or many from a file or from standard input.

    Prints a receipt for each fact as soon as it is safely on disk: how it was
    understood, the answer before and after, the time, and warnings.

    Files hold JSON lines or CSV with prompt, answer and, where known, subject,
    source, asks (further wordings) and aliases (other names of the subject); a
    .txt file holds a sentence a line.

    Examples:
      oneshot teach "The capital of Freedonia is Glorptown."
      oneshot teach "Freedonia's anthem is called" "Hail, Freedonia"
      oneshot teach "The capital of Freedonia is" Glorptown --subject Freedonia
      oneshot teach --file facts.jsonl
      cat facts.jsonl | oneshot --json teach
    """
    session = SESSION.get()
    if prompt is None and file is None and not sys.stdin.isatty():
        file = "-"
    if (prompt is None) == (file is None) or (file is not None and subject is not None):
        raise BadInputError("teach takes a sentence, or a prompt and its answer, or --file FILE")
    with open_learner() as learner:
        if file is not None:
            statements = _read_statements(file, learner.templates)
        else:
            statements = iter([statement_of(learner, prompt or "", answer, subject)])
        for receipt in learner.teach(statements):
            session.output.receipt(receipt)


def statement_of(
    learner: Learner, prompt: str, answer: str | None = None, subject: str | None = None
) -> Statement:
    """The fact in a sentence, or in a prompt and its answer; BadInputError where there is none."""
    from oneshot.facts.language.checking import statement
    from oneshot.facts.language.statement import parse_sentence

    if answer is not None:
        return statement(prompt, answer, subject)
    return parse_sentence(prompt, learner.templates, subject=subject)


def _read_statements(file: str, templates: Sequence[str]) -> Iterator[Statement]:
    from oneshot.facts.language.readers import read_statements

    return read_statements(file, source_name(file), templates)


def source_name(file: str) -> str:
    """What messages call a file."""
    return "standard input" if file == "-" else file
