"""Pictures of two colours."""

from pathlib import Path

import pytest
from colours import picture


@pytest.fixture
def reds(tmp_path: Path) -> list[str]:
    return [picture(tmp_path / f"red{i}.png", (220, 20, 20), i) for i in range(6)]


@pytest.fixture
def blues(tmp_path: Path) -> list[str]:
    return [picture(tmp_path / f"blue{i}.jpg", (20, 20, 220), 10 + i) for i in range(6)]
