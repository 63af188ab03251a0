"""The real model, where it was fetched: a learner for the tests of a module, told nothing."""

from collections.abc import Iterator

import pytest

from oneshot.facts.learner import Learner
from oneshot.hosts.shelf import kept_hosts

REAL = "smollm2"
FETCHED = kept_hosts().get(REAL)  # before tests have a cache of their own


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    if FETCHED is None:
        pytest.skip(f"{REAL} is not here: oneshot host fetch {REAL}")
    folder = tmp_path_factory.mktemp("real") / "brain"
    with Learner.open(folder, model=str(FETCHED)) as learner:
        yield learner
