"""What a clause's words aim at: which way round, whether beyond a fact, at things of what sort."""

import pytest

from adapters.text.aimed import (
    beyond,
    done_by_ours,
    done_to_it,
    named_is_another,
    one_of_each,
    tells_all,
    turned_round,
    unnamed,
    whether_only,
)
from adapters.text.contrasts import contrasted
from oneshot.hosts.relations import relations


def test_a_noun_is_no_question_for_itself() -> None:
    sentence = "The capital of Zog is Oslo."
    assert turned_round("Zog is the capital of", sentence)
    assert not turned_round("The capital of Zog is the city of", sentence)
    assert not turned_round("Zog is the capital of", "Zog is the capital of Ruritania.")
    assert not turned_round("Ann is an employee of", "Ann works for Acme.")
    assert turned_round("Zog is the capital of the", sentence)


@pytest.mark.parametrize(
    ("clause", "prompt"),
    [
        ("Who replaced Ann?", "Ann replaced"),
        ("Ann was replaced by", "Ann replaced"),
        ("Who was Ann later replaced by?", "Ann replaced"),
        ("What follows Ann?", "Ann follows"),
        ("Ann follows", "Ann is followed by"),
        ("Ann acquired a", "Ann was acquired by"),
        ("Which company did Ann acquire?", "Ann was acquired by"),
    ],
)
def test_who_does_it_is_not_to_whom_it_is_done(clause: str, prompt: str) -> None:
    assert done_to_it(clause, "Ann", prompt)


@pytest.mark.parametrize(
    ("clause", "prompt"),
    [
        ("Who did Ann replace?", "Ann replaced"),
        ("Who replaced Ann?", "Ann was replaced by"),
        ("Who acquired Ann?", "Ann was acquired by"),
        ("Who wrote Ann?", "The author of Ann is"),
        ("Who married Ann?", "Ann married"),
        ("Which company is Ann from?", "Ann is from"),
        ("Where does Ann live?", "Ann lives in"),
    ],
)
def test_deeds_told_the_same_way_round_are_asked(clause: str, prompt: str) -> None:
    assert not done_to_it(clause, "Ann", prompt)


@pytest.mark.parametrize(
    ("clause", "prompt", "phrase"),
    [
        (
            "The gender of the mother of Ann is",
            "The name of the mother of Ann is",
            "the mother of Ann",
        ),
        ("Who is Ann's mother's boss?", "The mother of Ann is", "Ann's mother"),
        ("Where was the author of Misery born?", "Misery's author is", "the author of Misery"),
        (
            "the capital of the country Zog is in",
            "The country which Zog is in is",
            "the country Zog is in",
        ),
        ("Who is the mother of Ann?", "The mother of Ann is", None),
        ("Nobody speaks of the mother of Ann, who is", "The mother of Ann is", None),
        ("Have you heard of the mother of Ann?", "The mother of Ann is", None),
        ("What is the full name of the mother of Ann?", "The mother of Ann is", None),
        ("Who is the mother of Ann married to?", "Ann lives in", None),
    ],
)
def test_more_is_asked_of_a_facts_answer(clause: str, prompt: str, phrase: str | None) -> None:
    found = beyond(clause, prompt)
    assert (clause[slice(*found)] if found else None) == phrase


def test_a_name_of_a_thing_is_the_thing_where_its_bearer_is_asked_for() -> None:
    assert unnamed("The name of the mother of Ann is") == "The mother of Ann is"
    assert unnamed("The names of the siblings of Ann are") == "The siblings of Ann are"
    for other in ("The name of the dog is", "The name of Ann's dog is", "The mother of Ann is"):
        assert unnamed(other) == other


@pytest.mark.parametrize(
    ("clause", "prompt", "apart"),
    [
        ("Who is  's father?", "The mother of Ann is", True),
        ("Who is  's mum?", "The mother of Ann is", False),
        ("Who is  's parent?", "The mother of Ann is", False),
        ("Who are the siblings of  ?", "The children of Ann are", True),
        ("Who are the siblings of  ?", "Ann's brother is", False),
        ("Who are the siblings of  ?", "A parent of Ann is", True),
        ("Which continent is   on?", "Zog is a country in", False),
        ("Which continent is   on?", "The country of Zog is", True),
        ("Who is the father of  ?", "Ann is the mother of", False),
        ("Who is the mother-in-law of  ?", "Ann's father is", False),
        ("What is for lunch on Tuesday at  ?", "The Monday lunch at Acme is", True),
        ("What is for lunch at  ?", "The Monday lunch at Acme is", False),
        ("Who is the father of  's mother?", "The mother of Ann is", False),
        ("What is the phone number of  ?", "The fax number of Halden is", True),
        ("What is the mobile number of  ?", "The phone number of Halden is", False),
        ("What is the e-mail address of  ?", "The phone of Halden is", True),
        ("What is the e-mail address of  ?", "The email address of Halden is", False),
        ("When does   close?", "Noor opens at", True),
        ("Until when is   open?", "Noor closes at", False),
        ("When does   arrive?", "Our flight leaves at", True),
        ("When does the first bus to   leave?", "The last bus to Ostby leaves at", True),
        ("How old is the new owner of  ?", "The new owner of Zog is", False),
        ("What is the minimum weight of  ?", "The maximum weight of the lift is", True),
        ("Who was the first mayor of  ?", "The mayor of Ostby is", True),
        ("Who was the first mayor of  ?", "The first mayor of Ostby was", False),
        ("Who was first to climb  ?", "The mayor of Ostby is", False),
        ("What is the first name of  ?", "The name of Ann is", False),
        ("Who is the president of  ?", "The head of procurement at Velnor is", True),
        ("Who runs procurement at  ?", "The head of procurement at Velnor is", False),
        ("Who is the head of  ?", "The head of Velnor is", False),
        ("Who is the CFO of  ?", "The CEO of Velnor is", True),
    ],
)
def test_contrasts(clause: str, prompt: str, apart: bool) -> None:
    assert contrasted(clause, prompt) is apart


def test_few_wordings_of_one_relation_contrast() -> None:
    """Of the bank, where a question is worded by what it is not: "shut" for when it opens."""
    texts = [(r.questions, r.clozes) for r in relations()]
    pairs = [
        (q.replace("{}", " "), c.replace("{}", " "))
        for questions, clozes in texts[::5]
        for q in questions
        for c in clozes
    ]
    assert sum(contrasted(*pair) for pair in pairs) < len(pairs) / 400


@pytest.mark.parametrize(
    ("clause", "prompt", "another"),
    [
        ("What's my dentist's name?", "Your dentist is", False),
        ("What's my brother's name?", "Your name is", True),
        ("What is my dog's name?", "Your dog is a", True),
        ("What is my dentist's number?", "Your name is", False),
    ],
)
def test_whose_name(clause: str, prompt: str, another: bool) -> None:
    assert named_is_another(clause, prompt) is another


def test_what_ours_do_is_not_what_the_speaker_does() -> None:
    assert done_by_ours("Where does my wife work?", "You work at the")
    assert not done_by_ours("Where do I work?", "You work at the")
    assert not done_by_ours("Where does my wife work?", "Your wife works at the")
    assert not done_by_ours("What is my job?", "You work as")


def test_what_became_of_a_name_answers_whether_alone() -> None:
    assert whether_only("Ann is by now")
    assert not whether_only("Ann is now")


CLUB = ("The chess club meets on Tuesdays at", "the Arms")
CAR = ("Nadia's car is a", "green Skoda Fabia that she bought from Piet")
TOWN = ("The capital of Freedonia is", "New Glorp")


@pytest.mark.parametrize(
    ("clause", "fact", "wanted"),
    [
        ("Does the chess club meet on Tuesdays?", CLUB, True),
        ("Does the chess club meet on Mondays?", CLUB, False),
        ("Did we pay Acme's invoice", ("The invoice from Acme was paid on", "4 May"), True),
        ("Was the invoice from Acme paid in May?", ("Acme's invoice was paid on", "4 May"), True),
        ("Did Zora visit Oslo?", ("Zora visited Oslo in", "1990"), True),
        ("Is it true that Zora visited Oslo?", ("Zora visited Oslo in", "1990"), True),
        ("Did Zora visit Rome?", ("Zora visited Oslo in", "1990"), False),
        ("Is Freedonia the capital?", TOWN, False),
        ("Is Glorp the capital of Freedonia?", TOWN, None),
        ("Is Oslo the capital of Freedonia?", TOWN, False),
        ("Is it Zora?", ("Zora was born in", "1990"), False),
        ("Do I park in the yard?", ("I park in the yard behind", "the mill"), True),
        ("Do I swim in the yard?", ("I park in the yard behind", "the mill"), False),
        ("Is Nadia's car green?", CAR, True),
        ("Is Nadia's car red?", CAR, False),
        ("Is Nadia's car a Skoda?", CAR, None),
        ("Is the bread baked at 240 degrees?", ("The bread is baked at", "240 degrees"), True),
        ("Is the bread baked at 200 degrees?", ("The bread is baked at", "240 degrees"), False),
    ],
)
def test_what_a_fact_tells_of_what_is_asked(
    clause: str, fact: tuple[str, str], wanted: bool | None
) -> None:
    assert tells_all(clause, *fact) is wanted


@pytest.mark.parametrize(
    ("clause", "wanted"),
    [
        ("Did Zelda break her right wrist in Morzine?", True),
        ("Did Zelda break her left wrist in Morzine?", False),
        ("Did Zelda break her right or left wrist?", False),
        ("Did Zelda break her wrist in Morzine?", False),
    ],
)
def test_of_a_pair_only_one_is(clause: str, wanted: bool) -> None:
    assert one_of_each(clause, "Zelda broke her left wrist in") is wanted
