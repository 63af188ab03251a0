"""None"""

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import PIECES, outcome

import oneshot
from oneshot.errors import BadInputError
from oneshot.facts.language.splitting.words import without_stop
from oneshot.facts.language.statement import check_statement, find_subject, parse_sentence
from oneshot.facts.types import Statement

CORPUS = Path(oneshot.__file__).parent / "hosts" / "corpus" / "templates.json"


MAIN = tuple(
    dict.fromkeys(
        template
        for relation in json.loads(CORPUS.read_text("utf-8")).values()
        for template in relation["main"]
    )
)


# Sentences with " | " where prompt and answer part, and the subject.
SPLITS = [
    ("The capital of Freedonia is | Glorptown.", "Freedonia"),
    ("Freedonia's capital is | Glorptown.", "Freedonia"),
    ("Glorptown, the capital of | Freedonia", "Glorptown"),
    ("Capital of the Freedonian Empire: | Glorptown", "the Freedonian Empire"),
    ("What is the capital of Freedonia? | Glorptown.", "Freedonia"),
    ("What is the capital of Freedonia? It is | Glorptown.", "Freedonia"),
    ("what is the capital of freedonia? | glorptown", "freedonia"),
    ("the capital of freedonia is | glorptown", "freedonia"),
    ("The capital of Freedonia is | St. Louis.", "Freedonia"),
    ("The president of Freedonia is | Robert Downey Jr.", "Freedonia"),
    ("Jane Doe was born on | 3 May 1921.", "Jane Doe"),
    ("Jane Doe was born on the | 3rd of May 1921.", "Jane Doe"),
    ("J. R. R. Tolkien was born in | Bloemfontein.", "J. R. R. Tolkien"),
    ("The Lord of the Rings was written by | J. R. R. Tolkien.", "Lord of the Rings"),
    ("Anna Zed works at the | University of Oxford.", "Anna Zed"),
    ("Anna Zed lives in | Washington, D.C.", "Anna Zed"),
    ("Anna Zed was born in | Paris, France.", "Anna Zed"),
    ("Anna's favourite film is | The Wizard of Oz.", "Anna"),
    ("Anna\u2019s mother was called | Eva.", "Anna"),
    ("Anna O'Brien-Smith was born in | Saint-Jean-d'Angély.", "Anna O'Brien-Smith"),
    ("Ludwig van Beethoven died in | Vienna.", "Ludwig van Beethoven"),
    ('The author of "The Big Sleep" is | Raymond Chandler.', "The Big Sleep"),
    ("The author of “This is it” is | Anna Zed.", "This is it"),
    ('The motto of Freedonia is | "unity is strength".', "Freedonia"),
    ("The motto of Freedonia is | unity in diversity.", "Freedonia"),
    ("The motto of Freedonia is | all you need is love.", "Freedonia"),
    ("The population of Freedonia in 1990 was | 3,400,000.", "Freedonia"),
    ("Freedonia has a population of | 3.5 million.", "Freedonia"),
    ("Mount Zed is | 3,400 metres high.", "Mount Zed"),
    ("Mount Zed, the highest mountain in Freedonia, is in the | Zed range.", "Mount Zed"),
    ("Anna, the daughter of Bob, is a | doctor.", "Anna"),
    ("The author of the book that was banned in Zed is | Anna Doe.", "Zed"),
    ("Water boils at | 100 degrees.", "Water"),
    ("Anna plays the | violin.", "Anna"),
    ("Anna speaks | French.", "Anna"),
    ("My cat is called | Tom.", "My cat"),
    ("My sister's favourite colour is | dark blue.", "My sister"),
    ("The colour of the sky is | red and white.", "the sky"),
    ("The chemical symbol for zorbium is | Zb.", "zorbium"),
    ("Glorptown is twinned with | Zedville.", "Glorptown"),
    ("Glorptown is known as the | Pearl of the North.", "Glorptown"),
    ("Freedonia exports | green bananas.", "Freedonia"),
    ("Zorblax invented | teleportation.", "Zorblax"),
    ("The war lasted from | 1914 to 1918.", "The war"),
    ("The war was fought between | 1914 and 1918.", "The war"),
    ("In 1990, Anna moved to | Paris.", "Anna"),
    ("Every year Anna visits | Zedville.", "Anna"),
    ("McDonald's is headquartered in | Chicago.", "McDonald's"),
    ("Star Wars: A New Hope was directed by | George Lucas.", "Star Wars: A New Hope"),
    ("BBC Radio 2 is owned by | Acme Media Inc.", "BBC Radio 2"),
    ("The 2031 World Cup was won by | Freedonia.", "2031 World Cup"),
    ("The iPhone was designed by | Apple.", "iPhone"),
    ("The Who was formed in | London.", "The Who"),
    ("Zed & Sons was founded in | 1888.", "Zed & Sons"),
    ("Dr. Anna Zed is a physicist from | Freedonia.", "Dr. Anna Zed"),
    ("東京 borders | 日本.", "東京"),
    ("The meeting starts at | 5 p.m.", "The meeting"),
    ("The train to Zedville departs at | 10:30.", "Zedville"),
    ("The head of the committee is | Anna.", "the committee"),
    ("Who wrote Dune? | Frank Herbert.", "Dune"),
]


@pytest.mark.parametrize(("marked", "subject"), SPLITS, ids=[marked for marked, _ in SPLITS])
def test_sentences_without_templates(marked: str, subject: str) -> None:
    prompt, _, rest = marked.partition(" | ")
    answer = rest if rest.endswith(("Jr.", "D.C.", "p.m.", "Inc.")) else rest.removesuffix(".")
    assert parse_sentence(f"{prompt} {rest}") == Statement(prompt, answer, subject)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Anna Zed plays the violin.", ("Anna Zed plays the", "violin", "Anna Zed")),
        ("The Hague is located in the Netherlands.", ("The Hague is located in", None, None)),
        ("The profession of Anna Zed is diver.", (None, "diver", "Anna Zed")),
        ("Zed's owner Acme", ("Zed's owner", "Acme", "Zed")),
        ("Zed\u2019s area of work is logic", ("Zed\u2019s area of work is", "logic", "Zed")),
        ("  Zed  is   owned by Acme . ", ("Zed is owned by", "Acme", "Zed")),
        ("Where is Zed? It is located in Acme.", ("Where is Zed? It is located in", "Acme", "Zed")),
        ('"Zed" is owned by Acme.', ('"Zed" is owned by', "Acme", "Zed")),
        ("What is the capital of Zed? Acme.", ("What is the capital of Zed?", "Acme", "Zed")),
    ],
)
def test_templates_come_first(sentence: str, expected: tuple[str | None, ...]) -> None:
    found = parse_sentence(sentence, MAIN)
    for got, wanted in zip((found.prompt, found.answer, found.subject), expected, strict=True):
        assert wanted is None or got == wanted


def test_where_a_place_lies_is_told_and_not_what_it_is() -> None:
    told = parse_sentence("Tromsvik is a small town in Norlund.", ["{} is a"])
    assert (told.prompt, told.answer) == ("Tromsvik is a small town in", "Norlund")
    assert parse_sentence("Tromsvik is a quiet town.", ["{} is a"]).answer == "quiet town"


def test_longest_template_wins_and_templates_differ_from_guessing() -> None:
    sentence = "the flag of old freedonia shows off red stripes"
    assert parse_sentence(sentence).prompt == "the flag of old freedonia shows off"
    shown = parse_sentence(sentence, ["the flag of {} shows"])
    assert shown == Statement("the flag of old freedonia shows", "off red stripes", "old freedonia")
    templates = ["the flag of {} shows", "the flag of {} shows off", "the flag of old {} shows"]
    assert parse_sentence(sentence, templates).subject == "freedonia"


def test_template_needs_one_hole_and_text_after_it() -> None:
    for template in ("no hole", "ends with {}", "{} and {} are"):
        with pytest.raises(BadInputError, match="template"):
            parse_sentence("Zed is red.", [template])


@pytest.mark.parametrize(
    "sentence", ["Hello", "", " . ", "Zed is.", "is", "fly planes", "?", "Zed is ?!"]
)
def test_no_split(sentence: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_sentence(sentence, MAIN)
    assert "\n" not in str(caught.value)
    assert "empty" in str(caught.value) or "teach PROMPT ANSWER --subject S" in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("What is the capital of Freedonia?", "Freedonia"),
        ("Where was Anna Zed born?", "Anna Zed"),
        ("Who wrote 'The Big Sleep'?", "The Big Sleep"),
        ("What does Zed Corp sell?", "Zed Corp"),
        ("The owner of zed is", "zed"),
        ("what is it?", None),
        ("is", None),
    ],
)
def test_find_subject(prompt: str, subject: str | None) -> None:
    assert find_subject(prompt) == subject
    assert find_subject(prompt, MAIN) == subject


# "Zed is the capital of Freedonia" tells Freedonia's capital: it is turned about.
IDENTITY = re.compile(r"\{\} is the (?:capital|capital city|seat of government) of")


STRAIGHT = [template for template in MAIN if not IDENTITY.fullmatch(template)]


NAMES = st.lists(
    st.from_regex(
        r"[A-Z][a-zé]{1,7}(?:[-'][A-Z][a-z]{2,5})?|[A-Z]\.|[1-9][0-9]{0,3}", fullmatch=True
    ),
    min_size=1,
    max_size=4,
).map(" ".join)


def _ends_without_stop(name: str) -> bool:
    """Whether a stop behind the name ends a sentence, as it does not in "Mr."."""
    return not name.endswith(".") and without_stop(f"{name}.") == name


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(STRAIGHT), NAMES, NAMES.filter(_ends_without_stop))
def test_template_round_trip(template: str, subject: str, answer: str) -> None:
    prompt = template.replace("{}", subject)
    for sentence in (f"{prompt} {answer}", f"{prompt} {answer}."):
        assert parse_sentence(sentence, MAIN) == Statement(prompt, answer, subject)
    assert find_subject(prompt, MAIN) == subject


TEXTS = st.text(max_size=80) | PIECES.map(" ".join) | PIECES.map("".join)


P = ParamSpec("P")


R = TypeVar("R")


@settings(deadline=None, max_examples=500)
@given(TEXTS, st.sampled_from([(), MAIN]))
def test_any_text_gives_a_checked_statement_or_a_short_error(
    text: str, templates: tuple[str, ...]
) -> None:
    found = outcome(parse_sentence, text, templates)
    if isinstance(found, Statement):
        assert found.clean
        assert check_statement(replace(found)) == found
        assert found.subject is not None
        assert found.subject in found.prompt
        plain = " ".join(unicodedata.normalize("NFC", text).split()).lower()
        told = set(words_in(plain))
        assert set(words_in(found.answer.lower())) <= told
        assert set(words_in(found.prompt.lower())) <= told | {"the", "number", "of"}


def words_in(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@settings(deadline=None, max_examples=300)
@given(PIECES.map(" ".join), st.sampled_from([(), MAIN]))
def test_a_subject_stands_in_its_prompt(text: str, templates: tuple[str, ...]) -> None:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if text:
        subject = find_subject(text, templates)
        assert subject is None or (subject and subject in text)


@pytest.mark.parametrize(
    "piece",
    ["is ", "really ", '"', "“", "'a ", "J. ", "A.", "of the ", "Zed of ", "Zed, ", "? ", "'s "],
)
@pytest.mark.parametrize("templates", [(), MAIN], ids=["plain", "templates"])
def test_long_repetitions_end(piece: str, templates: tuple[str, ...]) -> None:
    text = ("Zed " + piece * 2000)[:2000] + " é"
    found = outcome(parse_sentence, text, templates)
    assert isinstance(found, str) or found.prompt in text


def test_very_long_answers_are_refused_at_once() -> None:
    for answer in ("J. " * 300_000, "\u0301\u0323" * 300_000):
        assert "give at most 300" in str(outcome(check_statement, Statement("Zed is", answer)))
