"""Commands that teach facts, take them back, and ask."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Annotated

import typer

from oneshot.cli.output import Output, complain
from oneshot.cli.session import SESSION, Learner, open_learner
from oneshot.errors import BadInputError, OneshotError
from oneshot.facts.types import Fact, Statement

commands = typer.Typer()
PANEL = "Facts"
BATCH = 32

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

    Files hold JSON lines or CSV with prompt, answer and, where known, subject
    and source; a .txt file holds a sentence a line.

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
            statements = iter([_statement(learner, prompt or "", answer, subject)])
        for receipt in learner.teach(statements):
            session.output.receipt(receipt)


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
        output.facts(learner.forget([fact.id for fact in doomed]))


@commands.command(rich_help_panel=PANEL)
def update(
    id: Annotated[int, typer.Argument(help="The fact.")],
    answer: Annotated[str, typer.Argument(help="Its new answer.")],
) -> None:
    """Give a fact a new answer; the old one stays in its history.

    Examples:
      oneshot update 12 "New Glorptown"
    """
    with open_learner(founding=False) as learner:
        SESSION.get().output.receipt(learner.update(id, answer))


@commands.command(rich_help_panel=PANEL)
def undo() -> None:
    """Take back the last change of the brain.

    Examples:
      oneshot undo
    """
    with open_learner(founding=False) as learner:
        done = learner.undo()
        SESSION.get().output.outcome({"undone": done}, done)


def _statement(
    learner: Learner, prompt: str, answer: str | None = None, subject: str | None = None
) -> Statement:
    from oneshot.facts.language.statement import check_statement, parse_sentence

    if answer is not None:
        return check_statement(Statement(prompt, answer, subject))
    statement = parse_sentence(prompt, learner.templates)
    return check_statement(replace(statement, subject=subject or statement.subject))


def _read_statements(file: str, templates: Sequence[str]) -> Iterator[Statement]:
    from oneshot.facts.language.readers import read_statements

    return read_statements(file, _name(file), templates)


def _read_questions(file: str) -> Iterator[str]:
    from oneshot.facts.language.readers import read_questions

    return read_questions(file, _name(file))


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _turn(learner: Learner, output: Output, line: str) -> None:
    sentence = line.removeprefix("teach:").strip()
    if sentence == line:
        output.reply(learner.ask([line])[0])
        return
    for receipt in learner.teach([_statement(learner, sentence)]):
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


def _chosen(learner: Learner, ids: Sequence[int], subject: str | None) -> list[Fact]:
    if ids:
        return [learner.show(id) for id in ids]
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
