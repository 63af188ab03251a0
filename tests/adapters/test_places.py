"""Which fact tells the country that a place lies in."""

import pytest

from adapters.query.chained.places import asks_country, is_country, where_it_lies


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([("Vellport is located in", "Ostravia")], 0),
        ([("The mayor of Vellport is", "Ann Bell"), ("Vellport is a town in", "Ostravia")], 1),
        ([("The country of Vellport is", "Ostravia")], 0),
        ([("Norlund is in", "Europe")], None),
        ([("The capital of Norlund is", "Vellport"), ("Norlund lies in", "the north")], None),
        ([("Vellport is in", "Ostravia"), ("Vellport lies in", "Brask")], None),
        ([("Vellport was founded in", "1921")], None),
        ([], None),
    ],
)
def test_where_it_lies(told: list[tuple[str, str]], wanted: int | None) -> None:
    assert where_it_lies(told) == wanted


def test_what_asks_for_a_country() -> None:
    assert asks_country("In which country was Ann born?")
    assert not asks_country("What is the capital of the country where Ann lives?")
    assert is_country("the country where Ann lives")
    assert not is_country("the town where Ann lives")
