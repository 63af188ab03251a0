"""The most memory that this program ever held."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in what the system counts


def peak_mib() -> float:
    """The peak of resident memory [MiB]; of one part only where it has a process of its own.

    Linux keeps it for the program, where the counter that every system has goes on from the
    process that started this one.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return round(float(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 2**20, 1)
