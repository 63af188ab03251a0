"""How work that takes a while tells of its progress."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""
