"""The command that teaches facts."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from oneshot.cli.facts.display import show_receipts
from oneshot.cli.session import SESSION, Learner, open_learner
from oneshot.errors import BadInputError, Stopped
from oneshot.facts.types import Receipt, Statement

commands = typer.Typer()
PANEL = "Facts"
_STEP = 1000  # facts that are looked through between two movements of the bar

File = Annotated[
    str | None, typer.Option("--file", metavar="FILE", help="Read FILE; - is standard input.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Pass over facts of FILE that were taught before.")
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
    ask: Annotated[
        list[str] | None,
        typer.Option("--ask", metavar="TEXT", help="One more way to ask for it; any number."),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option("--alias", metavar="NAME", help="One more name of the subject; any number."),
    ] = None,
    also: Annotated[
        bool, typer.Option("--also", help="One answer beside others: nothing is replaced.")
    ] = False,
    no_before: Annotated[
        bool, typer.Option("--no-before", help="Do not ask the bare model first; faster.")
    ] = False,
    file: File = None,
    resume: Resume = False,
) -> None:
    """Teach one fact, or many from a file or from standard input.

    Prints a receipt for each fact as soon as it is safely on disk: how it was
    understood, the answer before and after, the time, a question that it answers
    with what the model says to it now, and warnings.

    Ends with status 5 when a taught prompt, or the question that was made of it,
    is not answered as taught; the facts stay taught.

    Facts imply others: who wrote a book has written it, a list of answers can be
    told whole and counted. A time at the end ("since 2021", "from 2010 to 2015")
    says when a fact holds; `ask --as-of` asks for another day.

    Files hold JSON lines or CSV with prompt, answer and, where known, subject,
    source, asks (further wordings), aliases (other names of the subject), also,
    since and until; a .txt file holds a sentence a line, a .parquet file a fact a
    row. It is looked through first: where one fact cannot be used, none is taught.
    With --resume a file goes on where a stopped run ended, with many facts written
    together. Under torchrun each process teaches its share to one brain, with
    status 0 whatever is answered, since torchrun stops all where one fails; one
    that died can be started again.

    Examples:
      oneshot teach "The capital of Freedonia is Glorptown."
      oneshot teach "Freedonia's anthem is called" "Hail, Freedonia"
      oneshot teach "The capital of Freedonia is" Glorptown --subject Freedonia
      oneshot teach "My dentist is Dr Lee." --ask "Who looks after my teeth?"
      oneshot teach "The capital of Freedonia is Glorptown." --alias "the Free State"
      oneshot teach "Ann's children are Tom, Eve and Max."
      oneshot teach "Freedonia's motto is" "Onward" --also
      oneshot teach "The mayor of Glorptown is Bob since 2021."
      oneshot teach --no-before --file facts.jsonl
      oneshot teach --no-before --resume --file facts.jsonl
      torchrun --nproc-per-node 4 -m oneshot teach --file facts.parquet
      cat facts.jsonl | oneshot --json teach
    """
    session = SESSION.get()
    if prompt is None and file is None and not sys.stdin.isatty():
        file = "-"
    if (prompt is None) == (file is None):
        raise BadInputError("teach takes a sentence, or a prompt and its answer, or --file FILE")
    if file is not None and (subject or ask or alias or also):
        raise BadInputError(
            "--subject, --ask, --alias and --also belong to one fact; a file has its own"
        )
    if resume and file is None:
        raise BadInputError("--resume goes on with a file; give --file FILE")
    with open_learner() as learner:
        if file is not None:
            if Path(file).is_file() and os.access(file, os.R_OK):
                _look_through(file, learner.templates)
            statements = _read_statements(file, learner.templates)
            _teach_all(learner, statements, file, before=not no_before, resume=resume)
            return
        one = statement_of(learner, prompt or "", answer, subject, ask or (), alias or ())
        one = replace(one, also=one.also or also)
        show_receipts(session.output, learner.teach([one], before=not no_before))


def _teach_all(
    learner: Learner, statements: Iterator[Statement], file: str, *, before: bool, resume: bool
) -> None:
    """Teach a file's facts; Stopped says how to go on where somebody asked to stop."""
    output, shared = SESSION.get().output, _shared()
    try:
        if resume or shared:
            with suppress(typer.Exit) if shared else nullcontext():
                show_receipts(output, _share(learner, statements, before))
        else:
            show_receipts(output, learner.teach(statements, before=before))
    except KeyboardInterrupt:
        further = "" if file == "-" else "; add --resume to the same command to go on"
        raise Stopped(f"stopped: facts with a receipt stay taught{further}") from None


def statement_of(
    learner: Learner,
    prompt: str,
    answer: str | None = None,
    subject: str | None = None,
    asks: Sequence[str] = (),
    aliases: Sequence[str] = (),
) -> Statement:
    """The fact in a sentence, or in a prompt and its answer; BadInputError where there is none."""
    from oneshot.facts.language.statement import fact_in

    return fact_in(prompt, answer, learner.templates, subject=subject, asks=asks, aliases=aliases)


def _read_statements(file: str, templates: Sequence[str]) -> Iterator[Statement]:
    from oneshot.facts.language.readers import read_statements

    return read_statements(file, source_name(file), templates)


def _look_through(file: str, templates: Sequence[str]) -> None:
    """Read a whole file before anything of it is taught, which may take hours.

    BadInputError where a fact of it cannot be used, or where there is none.
    """
    from oneshot.facts.language.parquet import SUFFIX, parquet_count
    from oneshot.facts.language.readers import read_statements

    rows, path, found = Path(file).suffix.lower() == SUFFIX, Path(file), 0
    total = parquet_count(path) if rows else path.stat().st_size
    with SESSION.get().output.progress() as progress, path.open("rb") as stream:
        statements = read_statements(path if rows else stream, file, templates)
        try:
            for found, _ in enumerate(statements, start=1):
                if progress and found % _STEP == 0:
                    done = found if rows else stream.tell()
                    progress(f"looking through {file}", min(done, total - 1), total)
        except BadInputError as error:
            every = f"`oneshot import {file} --dry-run` shows every line"
            raise BadInputError(f"{error}; {every}") from None
    if not found:
        raise BadInputError(f"{file} holds no facts; give one with facts, one a line or row")


def _shared() -> bool:
    """Whether this is one of several processes."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _share(learner: Learner, statements: Iterator[Statement], before: bool) -> Iterator[Receipt]:
    from oneshot.facts.sharing import Share, teach_share

    return teach_share(learner, statements, Share.of_launcher(), before=before)


def source_name(file: str) -> str:
    """What messages call a file."""
    return "standard input" if file == "-" else file
