"""The demonstration on photographs, where the extra that sees them is installed."""

from pathlib import Path

import pytest

from oneshot.classes.demo import LEFT, PHOTOGRAPHS, RIGHT, photographs
from oneshot.classes.hosts.photos import SIDE, has_photos
from oneshot.progress import silent


def test_no_pixel_is_taught_and_guessed() -> None:
    assert max(LEFT) + SIDE <= min(RIGHT)


@pytest.mark.skipif(not has_photos(), reason="the extra photos is not installed")
def test_the_right_sides_are_known_by_the_left_ones(tmp_path: Path) -> None:
    taught, guesses = photographs(tmp_path, None, silent)
    assert [receipt.added for receipt in taught] == [len(LEFT)] * len(PHOTOGRAPHS)
    for guess in guesses:
        likeliest = max(guess.ranking, key=lambda pair: pair[1])[0]
        assert guess.source.startswith(likeliest)
