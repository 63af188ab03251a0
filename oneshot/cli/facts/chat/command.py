"""The command `oneshot chat`: lines are read until the end, and each does what it says."""

import sys
from collections.abc import Iterator
from contextlib import suppress

import typer

from oneshot.cli.facts.chat.conversation import Conversation
from oneshot.cli.facts.options import MaxNewTokens, Raw, Seed, System, Temperature, manner_of
from oneshot.cli.output import Output, complain
from oneshot.cli.session import SESSION, open_learner
from oneshot.errors import BadInputError, OneshotError

commands = typer.Typer()
QUIT = "quit", "/quit"


@commands.command(rich_help_panel="Facts")
def chat(
    raw: Raw = False,
    system: System = None,
    max_new_tokens: MaxNewTokens = None,
    temperature: Temperature = 0.0,
    seed: Seed = None,
) -> None:
    """Talk with the model; it keeps the conversation, and what facts say is marked.

    Words behind a slash are for the chat itself: /teach SENTENCE, /forget ID ...,
    /facts, /why (which fact spoke, and the evidence), /undo, /new, /help and /quit.
    "Remember that ..." offers to teach what follows, "No, ..." and "Actually, ..."
    to put a fact right; where nobody can be asked, as in a pipe, it is taught. Lines
    that begin with "teach:" are taught too. A model without a chat template is asked
    each line by itself.

    Examples:
      oneshot --model smollm2 chat
      oneshot chat --system "You are a polite butler." --temperature 0.7
      printf '/teach My doctor is Dr Lee.\\nWho is my doctor?' | oneshot chat
    """
    output = SESSION.get().output
    manner = manner_of(raw, system, max_new_tokens, temperature, seed)
    with open_learner() as learner:
        conversation = Conversation(learner, output, manner, live=_is_live(output))
        for line in _lines("> " if _asks(output) else ""):
            try:
                conversation.take(line)
            except OneshotError as error:
                complain(error)


def _is_live(output: Output) -> bool:
    """Whether somebody sees the answers come."""
    return sys.stdout.isatty() and not output.as_json


def _asks(output: Output) -> bool:
    """Whether somebody types."""
    return _is_live(output) and sys.stdin.isatty()


def _lines(prompt: str) -> Iterator[str]:
    """What is typed, line by line without empty ones, until "quit" or the end."""
    if prompt:
        with suppress(ImportError):
            import readline  # noqa: F401  (gives the prompt its line editing)
    try:
        while (line := input(prompt).strip()).lower() not in QUIT:
            if line:
                yield line
    except EOFError:
        return
    except UnicodeDecodeError:
        raise BadInputError("the line is not valid UTF-8: mend its encoding") from None
