"""Answers on a terminal, piece by piece as they come."""

from rich.text import Text

from oneshot.cli.facts.display import spoke
from oneshot.cli.output import Output, printable_lines
from oneshot.facts.types import Reply

BY_FACT = "underline cyan"


class Speaker:
    """Shows each piece of an answer; what a fact says is underlined."""

    def __init__(self, output: Output) -> None:
        self.output = output

    def __call__(self, text: str, fact: int | None) -> None:
        """Show a piece of an answer and whether a fact says it."""
        style = "" if fact is None else BY_FACT
        self.output.show(Text(printable_lines(text), style), end="")

    def close(self, reply: Reply) -> None:
        """End the answer's line with the facts that spoke."""
        self.output.show(Text(spoke(reply), "dim"))
