"""The command that serves a brain to a Model Context Protocol client."""

import typer

from oneshot.cli.session import open_learner
from oneshot.errors import BadInputError

commands = typer.Typer()


@commands.command(rich_help_panel="Other programs")
def mcp() -> None:
    """Serve the brain to a Model Context Protocol client, through standard input.

    The client starts this command itself. Its tools are teach, ask, explain,
    list, search, update, forget and undo; each answers with a record, and
    fails, with what to do, where a fact could not be learnt. It needs this
    package's extra "mcp".

    Examples:
      oneshot --model smollm2 --brain ./work mcp
      {"mcpServers": {"oneshot": {"command": "oneshot", "args": ["mcp"]}}}
    """
    try:
        from oneshot.mcp.server import serve
    except ModuleNotFoundError as missing:
        raise BadInputError(
            f"the MCP server needs a package that is not here ({missing.name}); "
            "run `pip install 'oneshot[mcp]'`"
        ) from missing
    serve(open_learner())
