"""What a doctor says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` looked at."""

    check: str
    ok: bool
    detail: str
    repaired: bool = False
