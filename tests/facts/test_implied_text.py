"""What facts imply, by their words and by what a fetched model makes of them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from brains import refused
from conftest import fetched_host
from hypothesis import given
from hypothesis import strategies as st

from oneshot.errors import BadInputError
from oneshot.facts.brain.held.kept import record_of, statement_of
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.brain.implying import wanted_of
from oneshot.facts.brain.understanding import Understanding
from oneshot.facts.implied.lists import listed, one_of_several, values
from oneshot.facts.implied.rules import Rule, rule_of
from oneshot.facts.implied.times import over
from oneshot.facts.implied.wording import side_of
from oneshot.facts.language.dates import dated, holds, last_day, without_period
from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement
from oneshot.hosts.sides import sides
from oneshot.memory.disk.shelf import Shelf

RULE = "X's capital is Y => Y is in X"


def following(sentences: Sequence[str], *rules: str) -> dict[str, str]:
    """What a set of sentences implies: answers by prompt."""
    parsed = [parse_sentence(sentence) for sentence in sentences]
    told = [replace(s, also=one_of_several(s)) for s in parsed]
    texts = Texts(Shelf([]))
    for s in told:
        texts.add(told_of(s).key.hex(), s)
    found = wanted_of(texts, texts.names(every=bool(rules)), [rule_of(rule) for rule in rules])
    return {s.prompt: s.answer for s in found.values()}


@pytest.mark.parametrize(
    ("sentences", "prompt", "answer"),
    [
        (["The author of Misery is Ann Bell."], "Ann Bell wrote", "Misery"),
        (["Misery was written by Ann Bell."], "Ann Bell wrote", "Misery"),
        (["Ann Bell wrote Misery."], "The author of Misery is", "Ann Bell"),
        (["Freedonia's capital is Glorptown."], "Glorptown is the capital of", "Freedonia"),
        (["Bob is married to Ann Lee."], "Ann Lee is married to", "Bob"),
        (["Freedonia borders Sylvania."], "Sylvania borders", "Freedonia"),
        (["The mother of Tom is Ann."], "The child of Ann is", "Tom"),
        (
            ["The mother of Tom is Ann.", "The mother of Eve is Ann."],
            "The children of Ann are",
            "Eve and Tom",
        ),
        (
            ["Carrie was written by Bo.", "Rage was written by Bo."],
            "Bo wrote",
            "Carrie and Rage",
        ),
        (["Ann's children are Tom, Eve and Max."], "A parent of Eve is", "Ann"),
        (["Ann's children are Tom, Eve and Max."], "The number of Ann's children is", "3"),
        (["Misery is followed by Carrie."], "Carrie follows", "Misery"),
        (["The name of the mother of Tom is Ann."], "The child of Ann is", "Tom"),
        (["Uma speaks Czech.", "Uma also speaks Dutch."], "Uma speaks", "Czech and Dutch"),
    ],
)
def test_what_a_fact_implies(sentences: list[str], prompt: str, answer: str) -> None:
    assert following(sentences)[prompt] == answer


@pytest.mark.parametrize(
    "sentence",
    [
        "The capital of Freedonia is a mystery.",
        "The author of Misery is unknown.",
        "My wife is Ann.",
        "Ann is 12 years old.",
        "The mayor of Glorptown is Bob until 2019.",
        "Ann's favourite book is Misery.",
    ],
)
def test_what_implies_nothing(sentence: str) -> None:
    assert following([sentence]) == {}


def test_what_states_tell_implies_too_but_makes_no_list() -> None:
    told = Statement("Misery came from the desk of", "Ann Bell", "Misery", side="author")
    texts = Texts(Shelf([]))
    texts.add("aa", told)
    (found,) = wanted_of(texts, texts.names(every=False), []).values()
    assert (found.prompt, found.answer) == ("Ann Bell wrote", "Misery")
    assert statement_of(record_of(found)) == found


def test_what_is_and_what_was_make_no_list() -> None:
    apart = following(["The CEO of Acme is Ann.", "The CEO of Acme was Bo."])
    assert set(apart) == {"Ann is the head of", "Bo is the head of"}
    both = following(["The CEO of Acme is Ann.", "The CEO of Acme is also Bo."])
    assert both["The CEO of Acme is"] == "Ann and Bo"


def test_names_keep_the_article_that_they_were_told_with() -> None:
    told = [
        "The Red Stairwell was painted by Ann Bell.",
        "The Farrow Group was founded by Ann Bell.",
        "The coach of the Otters is Ann Bell.",
    ]
    assert {
        "Ann Bell painted": "The Red Stairwell",
        "Ann Bell founded": "the Farrow Group",
        "Ann Bell coaches": "the Otters",
    }.items() <= following(told).items()


def test_titles_with_and_are_one_thing() -> None:
    assert values(parse_sentence("Jane wrote Pride and Prejudice.")) == ("Pride and Prejudice",)
    assert values(parse_sentence("Ann's children are Tom and Eve.")) == ("Tom", "Eve")


def test_a_taught_fact_is_not_told_twice() -> None:
    taught = ["The author of Misery is Ann Bell.", "Ann Bell wrote Joyland."]
    assert "Ann Bell wrote" not in following(taught)
    assert "Ann Bell wrote" in following(taught[:1])


def test_rules_read_facts_in_other_words_and_tell_of_either_name() -> None:
    told = ["The capital of Freedonia is Glorptown."]
    assert following(told, RULE)["Glorptown is in"] == "Freedonia"
    made = following(told, "The capital of X is Y => X is a country")
    assert made["Freedonia is a"] == "country"


def test_ours_is_nobody_and_neighbours_are_people_too() -> None:
    assert following(["Our landlord is Mrs. Achterberg."]) == {}
    found = following(["Greta Lund is Bram Verhoef's neighbour."])
    assert found == {"The neighbour of Greta Lund is": "Bram Verhoef"}


def test_lists_joined_by_and_alone_are_taken_apart_but_no_titles() -> None:
    found = following(["Ruvania borders Talmark and Ostrel.", "Ann Bell wrote Salt and Cinder."])
    assert found["Ostrel borders"] == found["Talmark borders"] == "Ruvania"
    assert found["The author of Salt and Cinder is"] == "Ann Bell"


def test_children_told_at_once_are_siblings() -> None:
    found = following(["Lena's children are Otto, Freya and Nils."])
    assert found["The siblings of Otto are"] == "Freya and Nils"
    assert found["The number of Otto's siblings is"] == "2"
    assert found["A parent of Otto is"] == "Lena"
    two = following(["Lena's sons are Otto and Nils."])
    assert two["A sibling of Nils is"] == "Otto"
    assert "A sibling of Nils is" not in following(["Lena's son is Nils."])


def test_whoever_is_called_something_is_known_by_it() -> None:
    found = following(["Our dog is called Biscuit.", "The name of the boat is Calypso."])
    assert found == {"Biscuit is the name of": "your dog", "Calypso is the name of": "the boat"}
    assert following(["A young dog is called a puppy."]) == {}


def test_who_somebody_is_to_the_speaker_is_told_on_the_way() -> None:
    works = "My sister Petra works at Halden."
    found = following([works, "Petra was born in Oslo.", "My sister Petra plays the cello."])
    assert found["My sister is called"] == "Petra"
    both = following([works, "The boss of my sister Anna is Ida Lund."])
    assert both["My sister is called"] == "Anna and Petra"
    assert "My sister is called" not in following(["My sister works at Halden."])


@pytest.mark.parametrize(
    "text",
    [
        "X's capital is Y",
        "=> Y is in X",
        "a => b",
        "X is old => Y is in X",
        "X's car is Y => Z",
        "X's child is Y => Y's uncle is Z",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with refused(BadInputError):
        rule_of(text)


@given(st.permutations(["Tom", "Eve", "Max", "Ada"]))
def test_lists_do_not_know_the_order_of_teaching(names: list[str]) -> None:
    sentences = [f"{name} is also the child of Ann." for name in names]
    assert following(sentences) == following(sorted(sentences))
    assert listed(names) == "Ada, Eve, Max and Tom"


def test_long_lists_say_how_many_more_there_are() -> None:
    text = listed(f"Name{n:03d} Longish" for n in range(40))
    assert text.startswith("Name000 Longish, ")
    assert text.endswith(" more")
    assert len(text) < 110


def test_names_of_bearers_are_told_as_the_bearers_are() -> None:
    for prompt in ("The names of the siblings of Ann are", "The name of the sibling of Ann is"):
        side = side_of(Statement(prompt, "Tom", "Ann"))
        assert side is not None
        assert side.name == "siblings"


def test_which_facts_stand_beside_others() -> None:
    assert one_of_several(parse_sentence("Uma speaks Czech."))
    assert not one_of_several(parse_sentence("Ann's children are Tom and Eve."))
    assert not one_of_several(parse_sentence("The capital of Freedonia is Glorptown."))
    assert one_of_several(parse_sentence("Freedonia's motto is also Onward."))


def test_every_side_can_be_told_and_asked() -> None:
    for side in sides().values():
        assert all(prompt.count("{}") == 1 for prompt in side.prompts)
        back = sides().get(side.inverse)
        if back is not None:
            assert back.says.count("{}") == back.plural.count("{}") == 1
            assert back.asks
            assert all(ask.count("{}") == 1 for ask in back.asks)
        for prompt in side.prompts:
            assert side_of(Statement(prompt.replace("{}", "Zog"), "Ann", "Zog")) == side


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Bob since 2021", ("Bob", "2021", None)),
        ("Bob until May 2019", ("Bob", None, "2019-05")),
        ("Bob, from 3 May 2010 to 2015-02-01", ("Bob", "2010-05-03", "2015-02-01")),
        ("May 3, 2010", ("May 3, 2010", None, None)),
        ("since 2021", ("since 2021", None, None)),
        ("Bob since Monday", ("Bob since Monday", None, None)),
    ],
)
def test_times_at_the_end_of_an_answer(answer: str, expected: tuple[str, ...]) -> None:
    assert without_period(answer) == expected


def test_a_time_behind_what_is_told_is_no_answer() -> None:
    told = parse_sentence("Ruben lived in Karsk from 2010 to 2019.")
    assert (told.prompt, told.answer) == ("Ruben lived in", "Karsk")
    assert (told.since, told.until) == ("2010", "2019")
    lasted = parse_sentence("The war of Zog lasted from 1914 to 1918.")
    assert (lasted.answer, lasted.since) == ("1914 to 1918", None)


def test_dates() -> None:
    assert dated(" 3 May 2010 ") == "2010-05-03"
    assert last_day("2019") == "2019-12-31"
    assert last_day("2019-05-03") == "2019-05-03"
    assert holds("2019", "2020-05", "2020-05-31")
    assert not holds("2019", "2020-05", "2020-06-01")
    for wrong in ("yesterday", "2019-13", "2019-02-30", ""):
        with refused(BadInputError):
            dated(wrong)


def test_of_two_times_the_one_that_began_last_holds() -> None:
    told = {
        "a": Statement("The mayor of Zog is", "Ann", "Zog", since="2010", until="2015"),
        "b": Statement("The mayor of Zog is", "Bob", "Zog", since="2015"),
        "c": Statement("The capital of Zog is", "Ix", "Zog"),
        "d": Statement("The mayor of Zog is", "Cy", "Zog"),
    }
    assert over(told, "2012-01-01") == {"b", "d"}
    assert over(told, "2015-06-01") == {"a", "d"}
    assert over(told, "2009-01-01") == {"a", "b"}


def test_records_of_earlier_versions_are_read() -> None:
    told = statement_of({"prompt": "The capital of Zog is", "answer": "Ix", "subject": "Zog"})
    assert told == Statement("The capital of Zog is", "Ix", "Zog")
    assert statement_of(record_of(told)) == told
    assert Rule(RULE).applied("Zog", "Ix").prompt == "Ix is in"


def test_a_relation_that_words_do_not_tell_is_read_from_states() -> None:
    host = fetched_host("smollm2")
    if host is None:
        pytest.skip("smollm2 was not fetched")
    understanding = Understanding(host.calibration, {}, frozenset())

    def side(prompt: str, subject: str) -> str:
        told = Statement(prompt, "Ann Bell", subject)
        return understanding.side(told, host.encoder.encode(told_of(told, made=True)))

    assert side("Orla Vesper has a boss called", "Orla Vesper") == "manager"
    assert side("The favourite colour of Orla Vesper is", "Orla Vesper") == ""
    assert side("Orla Vesper mentors", "Orla Vesper") == "", "it may be either way round"
    assert side("The manager of Orla Vesper is", "Orla Vesper") == "", "the words tell it"
