"""What a question offers before the name that it asks about."""

import pytest

from adapters.query.offers import value_before


@pytest.mark.parametrize(
    ("clause", "value"),
    [
        ("Is 10.0.4.9 the gateway of the lab?", "10.0.4.9"),
        ("Was Ann Lee my teacher?", "Ann Lee"),
        ("Is hunter3 Zog's password?", "hunter3"),
        ("So, is room 2.05 the room of Jonas?", "room 2.05"),
        ("Is it the capital of Zog?", None),
        ("Is the moon the capital of Zog?", None),
        ("Is the capital of Zog Lutz?", None),
        ("Was there a king of Zog?", None),
        ("Does Ann like the king of Zog?", None),
        ("Who is the king of Zog?", None),
    ],
)
def test_what_is_offered_before_the_name(clause: str, value: str | None) -> None:
    place = value_before(clause)
    assert (place and clause[slice(*place)]) == value
