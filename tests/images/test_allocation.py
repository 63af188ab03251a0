import resource
import subprocess
import sys

import pytest

COUNT = """
import resource, sys, torch
from oneshot.images.training.allocation import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(12):
    torch.ones(2**24)
least = 2**62
for _ in range(6):  # the heap may grow once more where something small has taken its end
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)
    least = min(least, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(least)
"""


def faults(what: str) -> int:
    """The least page faults of a tensor of 64 MiB, when others have been made and freed before."""
    done = subprocess.run([sys.executable, "-c", COUNT, what], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted as on Linux")
def test_freed_memory_is_used_again() -> None:
    pages = 2**26 // resource.getpagesize()
    if faults("return") < pages / 2:
        pytest.skip("the C library keeps freed memory by itself, or its pages are huge")
    assert faults("keep") < pages / 100
