"""The most memory that this process ever held."""

import resource
import sys

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in what the system counts


def peak_mib() -> float:
    """The peak of resident memory [MiB]; of one method only where it has a process of its own."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 2**20, 1)
