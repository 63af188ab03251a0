"""A learner on the packaged host, which is loaded once; shared by the tests that ask it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from oneshot.facts.learner import Learner
from oneshot.hosts.load import Host, load_host


@cache
def host() -> Host:
    return load_host()


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with mock.patch("oneshot.facts.brain.opening.load_host", return_value=host()):
        opened = Learner.open(tmp_path / "brain")
    with opened:
        yield opened
