"""What the commands that ask share: how a model is asked, and how it answers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from oneshot.facts.manner import Manner
else:
    Manner = Any  # annotations are evaluated where types are checked at run time

Raw = Annotated[
    bool, typer.Option("--raw", help="Ask the text as it stands, not through a chat template.")
]
System = Annotated[str | None, typer.Option("--system", help="The system prompt of a chat.")]
MaxNewTokens = Annotated[
    int | None,
    typer.Option("--max-new-tokens", help="An answer's length.", show_default="256, plainly 32"),
]
Temperature = Annotated[float, typer.Option("--temperature", help="0 says what is likeliest.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Of what is drawn by temperature.")]


def manner_of(
    raw: bool,
    system: str | None = None,
    max_new_tokens: int | None = None,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Manner:
    """How the model is asked; imported here, because it brings the model libraries with it."""
    from oneshot.facts.manner import Manner

    return Manner(raw, system, max_new_tokens, temperature, seed)
