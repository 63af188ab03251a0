"""How much the server takes on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on what one request, one client and all of them together may ask for.

    `cells` bounds the memory of batches: rows times the tokens that they may grow to. `rate` is in
    requests a minute from one address, None for no bound.
    """

    body: int = 1 << 20  # bytes
    tokens: int = 4096  # of one answer
    choices: int = 16  # answers of one request
    waiting: int = 256  # answers that wait for their turn
    rows: int = 32  # answers of one batch
    batches: int = 4
    cells: int = 1 << 16
    seconds: float = 300.0  # for a whole answer
    body_seconds: float = 30.0
    rate: int | None = None
    connections: int = 1024
