"""How a fact is told that was taught as a question or behind a label."""

import pytest

from oneshot.facts.language.asking.leads import lead
from oneshot.facts.language.asking.questions import questions


@pytest.mark.parametrize(
    ("prompt", "subject", "answer", "wanted"),
    [
        ("What is the capital of Zog?", "Zog", "Lutz", "The capital of Zog is"),
        ("Who was the wife of Bo?", "Bo", "Eve", "The wife of Bo was"),
        ("What was Tarn named after?", "Tarn", "river otter", "Tarn was named after"),
        ("What is Bo allergic to?", "Bo", "nuts", "Bo is allergic to"),
        ("Password of the lab wifi:", "lab wifi", "hunter2", "The password of the lab wifi is"),
        ("The lab wifi's password :", "lab wifi", "hunter2", "The lab wifi's password is"),
        ("Gate code for the farm:", "farm", "4411", "The gate code for the farm is"),
        ("My dentist:", "My dentist", "Dr Lee", "My dentist is"),
        ("Lifemask label :", "Lifemask", "Federal", "Lifemask's label is"),
        ("Lab wifi password:", "Lab wifi password", "hunter2", "The lab wifi password is"),
        (
            "Opening hours of the library:",
            "the library",
            "9 to 5",
            "The opening hours of the library are",
        ),
        ("Password at the office:", "the office", "hunter2", "The password at the office is"),
        ('Author of "Zen Garden":', "Zen Garden", "Ann Bell", 'The author of "Zen Garden" is'),
        ("Plumber:", "Plumber", "Joe Smith", "The plumber is"),
        ("Glorptown:", "Glorptown", "a town", None),
        ("Vet (Rex):", "Rex", "Dr Lee", None),
        ("The capital of Zog is", "Zog", "Lutz", None),
    ],
)
def test_how_a_fact_is_told(prompt: str, subject: str, answer: str, wanted: str | None) -> None:
    assert lead(prompt, subject, answer) == wanted


def test_a_label_is_asked_for() -> None:
    made = questions("Password of the lab wifi:", "lab wifi", "hunter2")
    assert "What is the password of the lab wifi?" in made
