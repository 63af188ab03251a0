"""Memory that tensors give back stays with the process, because asking for it anew is slow."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Of glibc's mallopt."""


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, up to a gigabyte, for the next tensors.

    Else the kernel takes back every large tensor and clears its pages again for the next one,
    which is a seventh of a training step on a CPU. Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**30)
