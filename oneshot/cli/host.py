"""The commands that bring host models onto this machine, and take them away."""

from typing import Annotated

import typer

from oneshot.cli.session import SESSION
from oneshot.hosts import fetch as fetching
from oneshot.hosts.known import known_hosts
from oneshot.hosts.shelf import Origin, folder_bytes, kept_hosts, read_origin, silent

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Models")
COLUMNS = ("name", "here", "megabytes", "licence", "source")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A host's name; see the list.")]


@commands.callback()
def start() -> None:
    """Fetch language models once, to teach facts to; the packaged one needs no fetching.

    Examples:
      oneshot host list
      oneshot host fetch smollm2
      oneshot --model smollm2 teach "The capital of Freedonia is Glorptown."
    """


@commands.command()
def fetch(name: Name) -> None:
    """Fetch a known model, check it and keep it in the user's cache.

    Examples:
      oneshot host fetch smollm2
      oneshot --json host fetch smollm2
    """
    output = SESSION.get().output
    with output.progress() as progress:
        folder = fetching.fetch(name, progress or silent)
    record = _record(name)
    output.outcome({**record, "folder": str(folder)}, f"{name} is here: oneshot --model {name} ...")


@commands.command("list")
def list_() -> None:
    """List the known models and those that were unpacked from GGUF files.

    Examples:
      oneshot host list
      oneshot --json host list
    """
    names = dict.fromkeys([*known_hosts(), *kept_hosts()])
    records = [_record(name) for name in names]
    rows = (
        (r["name"], "yes" if r["here"] else "no", _megabytes(r["bytes"]), r["licence"], r["source"])
        for r in records
    )
    SESSION.get().output.table({"hosts": records}, "Models", COLUMNS, rows)


@commands.command()
def remove(name: Name) -> None:
    """Remove a model from the user's cache; it can be fetched again.

    Examples:
      oneshot host remove smollm2
      oneshot --json host remove smollm2
    """
    freed = fetching.remove(name)
    record = {"name": name, "bytes": freed}
    text = f"{name} removed, {_megabytes(freed)} MB freed"
    SESSION.get().output.outcome(record, text)


def _record(name: str) -> dict[str, object]:
    """What the list says of a host, be it here or not."""
    folder, known = kept_hosts().get(name), known_hosts().get(name)
    if folder is not None:
        origin = read_origin(folder)
    else:
        assert known is not None, "it is here or known"
        origin = Origin(str(known.wheel), known.licence)
    return {
        "name": name,
        "here": folder is not None,
        "bytes": folder_bytes(folder) if folder else None,
        "licence": origin.licence,
        "source": origin.source,
    }


def _megabytes(size: object) -> str:
    return f"{size / 1e6:,.0f}" if isinstance(size, int) else ""
