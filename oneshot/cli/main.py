"""The command `oneshot`: global options, commands, and what errors look like."""

import logging
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Annotated

import platformdirs
import typer
from typer.core import TyperOption
from typer.main import get_command

from oneshot import __version__
from oneshot.cli import host, mcp, serve
from oneshot.cli.classes import main as classes
from oneshot.cli.facts import (
    ask,
    bench,
    calibrate,
    demo,
    doctor,
    evaluate,
    forget,
    listing,
    rule,
    teach,
)
from oneshot.cli.facts.carrying import export, importing
from oneshot.cli.facts.chat import command as chat
from oneshot.cli.image import group as image
from oneshot.cli.output import Output, complain
from oneshot.cli.session import SESSION, Session, check_device, use_threads
from oneshot.errors import OneshotError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    demo,
    teach,
    ask,
    chat,
    forget,
    listing,
    evaluate,
    export,
    importing,
    doctor,
    calibrate,
    bench,
    serve,
    mcp,
):
    app.add_typer(group.commands)
app.add_typer(rule.commands, name="rule")
app.add_typer(host.commands, name="host")
app.add_typer(classes.commands, name="class")
app.add_typer(image.commands, name="image")


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"oneshot {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def start(
    brain: Annotated[
        Path | None,
        typer.Option(
            envvar="ONESHOT_BRAIN",
            metavar="DIR",
            help="The brain folder.",
            show_default="in the user's data folder",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            envvar="ONESHOT_MODEL",
            metavar="NAME",
            help="A causal language model: a fetched one, a GGUF file, a folder or a hub name.",
            show_default="the brain's own, or the packaged one",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where the model runs: auto, cpu, cuda, cuda:1.")
    ] = "cpu",
    dtype: Annotated[
        str,
        typer.Option(help="The model's numbers: float32, bfloat16, float16, or auto for its own."),
    ] = "float32",
    rule: Annotated[
        str | None,
        typer.Option(help="A new brain's learning rule.", show_default="posterior"),
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that comes with the model.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print results as JSON, one object a line.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Only results and errors, no progress.")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads that compute.", show_default="one a core"),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Say on standard error what is being done.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tell a frozen language model a fact once: it is in the weights, and can be forgotten exactly.

    The options below may stand before or after the command.

    Examples:
      oneshot teach "The capital of Freedonia is Glorptown."
      oneshot ask "What is the capital of Freedonia?"
      oneshot --brain ./work --json list
      oneshot --model smollm2 --brain ./smol-brain chat
      oneshot --model model.gguf --brain ./my-brain chat
    """
    check_device(device)
    use_threads(threads)
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
        logging.getLogger("oneshot").setLevel(logging.DEBUG)
    session = Session(
        brain=brain or platformdirs.user_data_path("oneshot", appauthor=False) / "brain",
        model=model,
        device=device,
        dtype=dtype,
        rule=rule,
        trust_remote_code=trust_remote_code,
        output=Output(as_json=as_json, quiet=quiet),
    )
    SESSION.set(session)


def global_first(arguments: Sequence[str], options: Sequence[TyperOption]) -> list[str]:
    """The arguments with the global options moved before the command."""
    flags = {name for option in options if option.is_flag for name in option.opts}
    valued = {name for option in options if not option.is_flag for name in option.opts}
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in valued:
            front += [argument, *islice(remaining, 1)]
        elif argument in flags or argument.partition("=")[0] in valued:
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and leave with its status; a `OneshotError` becomes one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a narrow encoding is no reason to fail
    command = get_command(app)
    options = [option for option in command.params if isinstance(option, TyperOption)]
    given = sys.argv[1:] if arguments is None else arguments
    try:
        line = global_first(given, options)
        status = command.main(line, prog_name="oneshot", standalone_mode=False)
    except OneshotError as error:
        complain(error)
        status = error.exit_code
    except typer.Abort:
        status = 1
    except Exception as error:
        status = _misused(error)
    sys.exit(status if isinstance(status, int) else 0)


def _misused(error: Exception) -> int:
    """Say in a line what the command line has wrong, or show the help that was asked for.

    Raises the error where it is none of the command line's own.
    """
    message = getattr(error, "format_message", None)  # its class is private in some versions
    if message is None:
        raise error
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(message(), err=True)
    else:
        context = getattr(error, "ctx", None)
        path = "oneshot" if context is None else context.command_path
        complain(f"{message().rstrip('.')}; see `{path} --help`")
    return int(getattr(error, "exit_code", 2))
