"""Threads for small work: several of them wait for each other longer than they compute."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


def few_threads(small: bool) -> AbstractContextManager[None]:
    """One thread for what is small, all that there are for what is not."""
    return single_thread() if small else nullcontext()


@contextmanager
def single_thread() -> Iterator[None]:
    """Compute with one thread until the block ends.

    On a machine that does other things, too, threads that spin while they wait for one another make
    small products dozens of times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
