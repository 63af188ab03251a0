"""Facts that tell what somebody or something is called."""

import pytest

from adapters.query.chained.naming import names


@pytest.mark.parametrize(
    ("prompt", "key", "wanted"),
    [
        ("Your dog is called", "our dog", True),
        ("The boat was named", "boat", True),
        ("Your sister's name is", "my sister", True),
        ("The name of your neighbour's boat is", "our neighbour's boat", True),
        ("Biscuit is the name of", "biscuit", True),
        ("Your dog is called", "our cat", False),
        ("The capital of Zog is called", "zog", False),
        ("Your dog sleeps in", "our dog", False),
        ("The author of the name of the rose is", "rose", False),
    ],
)
def test_names(prompt: str, key: str, wanted: bool) -> None:
    assert names(prompt, key) is wanted
