"""`oneshot image` on tiny pictures; shared by its tests."""

from pathlib import Path
from typing import Any

import pytest
from pictures import write_set

from oneshot.cli.main import main

RUN = ["image", "train", "--dataset", "cifar10", "--T", "2"]
RUN += ["--precision", "float32", "--batch", "8"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_set(folder)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> Any:
    """What a command prints, out and err."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert (left.value.code or 0) == status, said
    return said
