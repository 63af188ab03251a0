"""Answers of another kind than a question asks for."""

import pytest

from adapters.text.kinds import of_another_kind


@pytest.mark.parametrize(
    ("clause", "prompt", "answer", "another"),
    [
        ("When was Velnor founded?", "Velnor was founded by", "Tilda Rahm", True),
        ("When is Velnor's fair?", "Velnor's fair is at", "Whitsun", False),
        ("When is Velnor's fair?", "Velnor's fair is on", "Christmas Eve", False),
        ("When is Velnor's fair?", "Velnor's fair is", "after the harvest", False),
        ("When does the bus leave?", "The bus leaves at", "7:30", False),
        ("When does the bus leave?", "The bus leaves at", "7:30 PM", False),
        ("When does the shop open?", "The shop is at", "12 Quay Street", True),
        ("How much memory has Plum?", "Plum runs on", "16 GB", False),
        ("How much does our hotel in Zog cost?", "Your hotel in Zog is", "Casa Azul", True),
        ("How old is Ann's teacher?", "Ann's teacher is", "Tom Hill", True),
        ("Where is Ann's school?", "Ann's school is", "Hill House", False),
        ("How much memory has Plum?", "The memory of Plum is", "Glorptown", False),
        ("What did Pia Lund do when small?", "As a child Pia Lund liked", "Oslo", False),
        ("Do you know when Pia Lund was born?", "Pia Lund was born in", "Oslo", True),
        ("When did Ann study?", "Ann studied at the", "University of Ghent", True),
        ("How old are Lena's children?", "The number of Lena's children is", "3", True),
        ("How many children does Lena have?", "The number of Lena's children is", "3", False),
        ("When did Zog rise?", "Zog rose in the year", "Glorptown", False),
        ("When was Pia Lund born?", "Pia Lund was born in", "Oslo", True),
        ("When is Zog's feast?", "Zog's feast is on", "Glorptown", False),
        ("When is Zog's feast?", "The date of Zog's feast is", "Glorptown", False),
        ("When does the bus leave?", "The bus leaves from", "platform 7", True),
        ("How much is the room?", "The room is", "room 12b", True),
        ("Where does the bus leave?", "The bus leaves from", "platform 7", False),
        ("Which platform has the bus?", "The bus leaves from", "platform 7", False),
        ("In which city is the shop?", "The rent of the shop is", "940 euros", True),
        ("In which city is the shop?", "The shop is in", "Oslo", False),
        ("The notes when tuned are", "Zog was tuned by", "Ann Bell", False),
        ("Who runs the shop?", "The shop opens at", "7:30", True),
        ("Who runs the shop?", "The rent of the shop is", "940 euros", True),
        ("Who runs the shop?", "The owner of the shop is", "3M", False),
        ("Who teaches Mia?", "Mia's lesson is on", "Tuesday at 16:00", True),
        ("Who teaches Mia?", "Mia's teacher is", "Tuesday Weld", False),
        ("Where is the shop?", "The shop opened on", "3 May 2019", True),
        ("Where is the shop?", "The shop is at", "12 Quay Street", False),
        ("Where is the shop?", "The shop is in room", "2.05 B", False),
        ("How old is Ann?", "Ann's teacher is", "Dr Hill", True),
        ("How long does Ann stay?", "Ann stays until", "Easter", False),
        ("How many dogs does Lotte have?", "Lotte has", "two cats", True),
        ("How many cats does Lotte have?", "Lotte has", "two cats", False),
        ("How many cats does Lotte have?", "Lotte has", "two black cats", False),
        ("How many ponies does Lotte have?", "Lotte has", "a dozen ponies", False),
        ("Does Lotte have dogs?", "Lotte has", "two cats", True),
        ("Does Lotte have three cats?", "Lotte has", "two cats", False),
        ("What does Lotte have?", "Lotte has", "two cats", False),
        ("How many people live in Zog?", "Zog is home to", "3,000 souls", False),
        ("Who was it, and when?", "Velnor was founded by", "Tilda Rahm", False),
    ],
)
def test_kinds(clause: str, prompt: str, answer: str, another: bool) -> None:
    assert of_another_kind(clause, prompt, answer) is another
