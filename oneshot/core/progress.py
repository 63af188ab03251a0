"""How long work tells how far it is: what it does, steps done, steps in all."""

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""
