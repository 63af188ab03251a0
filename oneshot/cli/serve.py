"""The command that serves brains over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oneshot.cli.session import SESSION, learner_class
from oneshot.errors import BadInputError
from oneshot.progress import Report, silent

if TYPE_CHECKING:
    from oneshot.serve.brains import Brains
else:
    Brains = Any  # annotations are evaluated where types are checked at run time

commands = typer.Typer()
FEW = 600  # requests a minute from one address, where others than this machine can come in


@commands.command(rich_help_panel="Server")
def serve(
    brains: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BRAIN]...", help="More brain folders on the same model."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    api_key: Annotated[
        str | None,
        typer.Option(
            envvar="ONESHOT_API_KEY",
            metavar="KEY",
            help="What clients have to give; needed beyond loopback.",
        ),
    ] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Of one answer, at most.")] = 4096,
    queue: Annotated[int, typer.Option(min=1, help="Answers that may wait for a turn.")] = 256,
    rate: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Requests a minute from one address.",
            show_default=f"no bound on loopback, {FEW} beyond",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for a whole answer.")] = 300.0,
    workers: Annotated[int, typer.Option(help="Only 1: see below.")] = 1,
) -> None:
    """Serve brains to OpenAI clients and to a page in the browser.

    Each brain is a model, named after its folder; the bare model is one more.
    Facts are taught and forgotten under /v1/facts while others ask. One process
    owns the model and batches what is asked at once; more --workers would each
    hold a model of their own and wait for each other's cores, so they are refused.

    Stops at Ctrl-C or SIGTERM, after the answers under way.

    Examples:
      oneshot serve
      oneshot --model smollm2 --brain ./work serve --port 8080
      ONESHOT_API_KEY=secret oneshot serve --host 0.0.0.0
      curl http://127.0.0.1:8000/v1/facts --json '{"text": "My doctor is Dr Lee."}'
    """
    if workers != 1:
        raise BadInputError(
            f"{workers} workers were asked for; one process owns the model and the brain's lock: "
            "leave out --workers, and give cores with --threads"
        )
    try:
        from oneshot.serve.limits import Limits
        from oneshot.serve.run import Place, serve
    except ModuleNotFoundError as missing:
        raise BadInputError(
            f"the server's libraries are not here ({missing}): pip install 'oneshot[serve]'"
        ) from missing
    place = Place(host, port, api_key)
    limits = Limits(tokens=max_tokens, waiting=queue, seconds=timeout, rate=rate)
    if rate is None and not place.local:
        limits = replace(limits, rate=FEW)
    with SESSION.get().output.progress() as progress:
        serve(_opener(brains or [], progress or silent), place, limits, _ready)


def _opener(more: list[Path], progress: Report) -> Callable[[], Brains]:
    """Opens the brains in the thread that is to own them."""
    session = SESSION.get()

    def opened() -> Brains:
        from oneshot.serve.brains import Brains

        first = learner_class().open(
            session.brain,
            model=session.model,
            device=session.device,
            dtype=session.dtype,
            rule=session.rule,
            trust_remote_code=session.trust_remote_code,
            progress=progress,
        )
        return Brains(first, more)

    return opened


def _ready(address: str, models: list[str]) -> None:
    text = f"{address}/ serves {', '.join(models)}; stop with Ctrl-C"
    SESSION.get().output.outcome({"address": address, "models": models}, text)
