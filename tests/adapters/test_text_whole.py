"""Which words of a text are a whole name."""

import pytest
from named import found, table

from adapters.text.strangers import untaught_names, untaught_places
from adapters.text.table import NameTable, SortedKeys, keys_of_names
from adapters.text.words import words_of
from adapters.write.rows import NAMES


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("Freedonia", "The capital of freedonia is", "freedonia"),
        ("Freedonia", "THE CAPITAL OF FREEDONIA", "FREEDONIA"),
        ("Freedonia", "Freedonia's capital is", "Freedonia"),
        ("Freedonia", "Freedonia\u2019s capital is", "Freedonia"),
        ("Freedonia", "FREEDONIA'S capital is", "FREEDONIA"),
        ("James", "James' mother is", "James"),
        ("James", "James\u2019 mother is", "James"),
        ("Freedonia", "the Freedonia that we know", "Freedonia"),
        ("the Netherlands", "In the Netherlands people speak", "Netherlands"),
        ("The Netherlands", "Netherlands: capital?", "Netherlands"),
        ("Netherlands", "the Netherlands", "Netherlands"),
        ("New York", "Where is New\u00a0York?", "New\u00a0York"),
        ("New York", "Where is New\nYork?", "New\nYork"),
        ("New York", "Where is New  York?", "New  York"),
        ("Jean-Luc", "Where does Jean Luc live?", "Jean Luc"),
        ("Jean Luc", "Where does jean-luc live?", "jean-luc"),
        ("Jean-Luc", "Where does Jean\u2011Luc live?", "Jean\u2011Luc"),
        ("Freedonia", "Free\u200bdonia is", "Free\u200bdonia"),
        ("Freedonia", "Free\u00addonia is", "Free\u00addonia"),
        ("Freedonia", "\ufeffFreedonia is", "\ufeffFreedonia"),
        ("Freedonia", "\uff26\uff52\uff45\uff45\uff44\uff4f\uff4e\uff49\uff41 is", None),
        ("Zo\u00eb", "Where is Zoe\u0308?", "Zoe\u0308"),
        ("STRASSE", "Where is Stra\u00dfe?", "Stra\u00dfe"),
        ("O'Brien", "Where is O\u2019Brien?", "O\u2019Brien"),
        ("AT&T", "Who runs at&t?", "at&t"),
        ("C++", "Who made C++?", "C++"),
        ("J. R. Zog", "Where does J R Zog live?", "J R Zog"),
        ("U.S.", "Who leads the US?", "US"),
        ("wolf", "How do wolves and wolfs live?", "wolfs"),
        ("dogs", "What does a dog eat?", "dog"),
        ("the blue whale", "What do blue whales eat?", "blue whales"),
        ("Ann", "Does Dr Ann live here?", "Ann"),
        ("People's Republic", "The capital of People's Republic is", "People's Republic"),
        ("Ann", "Is Queen Ann old?", "Ann"),
        ("Ann", "Tell Ann where to go", "Ann"),
        ("Windows 11", "Who made Windows 11?", "Windows 11"),
        ("\u5317\u4eac", "\u5317\u4eac\u5728\u54ea\u91cc", "\u5317\u4eac"),
        (
            "\u041c\u043e\u0441\u043a\u0432\u0430",
            "\u0433\u0434\u0435 \u043c\u043e\u0441\u043a\u0432\u0430?",
            "\u043c\u043e\u0441\u043a\u0432\u0430",
        ),
        ("Ann \U0001f600 Lee", "Ann \U0001f600 Lee is", "Ann \U0001f600 Lee"),
        ("me", "Where do I live?", "I"),
        ("I", "What is my name?", "my"),
        ("my", "Tell me the time.", "me"),
        ("My sister", "When is my sister's birthday?", "my sister"),
        ("our cat", "Where does our cat sleep?", "our cat"),
        ("our cat", "Is our cat Miso?", "our cat"),
        ("our cat", "Where is our cat CCTV?", "our cat"),
        ("the Wi-Fi", "What is the wifi called?", "wifi"),
        ("the wifi", "What is the Wi-Fi called?", "Wi-Fi"),
        ("The lab Wi-Fi password", "What is the lab wifi password?", "lab wifi password"),
        ("the lab wifi password", "What's the lab Wi\u2011Fi password?", "lab Wi\u2011Fi password"),
        ("my e-mail", "What is my email?", "my email"),
        ("the email address", "What is the e-mail address?", "e-mail address"),
        ("Check-in", "When is checkin's end?", "checkin"),
        ("Covid-19", "Who has Covid19?", "Covid19"),
        ("Ann Lee", "In DNS Ann Lee is entered as", "Ann Lee"),
    ],
)
def test_the_same_name(name: str, text: str, wanted: str | None) -> None:
    shown = found(text, name)
    assert shown == [wanted] if wanted else len(shown) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Josh", "Where does Joshua live?"),
        ("Joshua", "Where does Josh live?"),
        ("Brien", "Where does O'Brien live?"),
        ("Brien", "Where does O\u2019Brien live?"),
        ("Freedonia", "The capital of New Freedonia is"),
        ("Freedonia", "the capital of new Freedonia City is"),
        ("Freedonia", "Freedonia City lies in"),
        ("Freedonia", "The capital of South Freedonia is"),
        ("Freedonia", "The capital of East-Freedonia is"),
        ("Windows", "Who made Windows 11?"),
        ("Windows 11", "Who made Windows 10?"),
        ("Windows 11", "Who made Windows?"),
        ("Lee", "Where does Ann Lee live?"),
        ("Victory", "Aboard HMS Victory he slept in"),
        ("Ann", "Where does Ann Lee live?"),
        ("Ann Lee", "Where does Ann live?"),
        ("Zog", "Who runs Zogland?"),
        ("San", "Where is San Marino?"),
        ("C", "Who made C++?"),
        ("AT", "Who runs AT&T?"),
        ("Freedonia", "The capital of Sylvania is"),
        ("I", "Where do we live?"),
        ("I", "What is my brother's number?"),
        ("I", "What is my brother\u2019s number?"),
        ("I", "Where is I.B.M.?"),
        ("greenhouse", "Where is the green house?"),
        ("the web site", "Where is the website?"),
        ("3-4", "What is 34?"),
        ("34", "What is 3-4?"),
        ("Wi-Fi", "Where is Wifiland?"),
        ("my sister", "Where does my sister Anna work?"),
        ("our cat", "When does our cat Miso eat?"),
    ],
)
def test_another_name(name: str, text: str) -> None:
    assert found(text, name) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Is the capital of Zog Lutz?", True),
        ("Was the author of Zog Ann Lee? I forgot.", True),
        ("Is the founder of Zog the Earl of Lutz?", True),
        ("What is the capital of Zog Lutz?", False),
        ("Is the capital of Zog City Lutz?", False),
        ("Is the capital of Zog Lutz nice?", False),
        ("Is Zog Lutz?", False),
        ("The capital of Zog Lutz is", False),
    ],
)
def test_a_question_may_offer_an_answer_right_behind_the_name(text: str, wanted: bool) -> None:
    assert [m.key for m, _ in table("Zog").mentions(text)] == ["zog"] * wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Coming from the gym, I need the password at the office", ["the gym"]),
        ("The password at the office", []),
        ("What is the password for the router at the office in the morning?", []),
        ("What is the code of the office near the gym?", []),
        ("The code of the office is long, but at the gym", ["the gym"]),
        ("Coming from the office, I live in the capital of Zog", []),
        ("What is the code for the door at the back of the office?", []),
    ],
)
def test_places_told_alike_compete(text: str, wanted: list[str]) -> None:
    table = NameTable(SortedKeys.build(*keys_of_names(["office"], NAMES)))
    taught = [mention for mention, _ in table.mentions(text)]
    found = untaught_places(text, words_of(text), taught)
    assert [text[m.start : m.end] for m in found] == wanted


def test_a_possessive_inside_a_name_belongs_to_it() -> None:
    text = "The owner of Saint Odile\u2019s Cathedral's bell is Odile."
    assert [text[m.start : m.end] for m, _ in table("Saint Odile's Cathedral").mentions(text)] == [
        "Saint Odile\u2019s Cathedral"
    ]
    assert not table("Saint Odile Cathedral").mentions(text)
    assert [m.key for m, _ in table("Odile").mentions(text)] == ["odile"]


def test_a_title_may_begin_with_a_word_of_the_speaker() -> None:
    assert found("Who judges My Kitchen Rules?", "My Kitchen Rules") == ["My Kitchen Rules"]
    assert not found("Who is in my kitchen?", "My Kitchen Rules")
    assert found("Who is in my kitchen?", "My Kitchen Rules", "I") == ["my"]


@pytest.mark.parametrize("mark", ["", "<s>", "<|eos|> "])
def test_a_clause_may_begin_with_any_word_before_a_name(mark: str) -> None:
    text = f"{mark}Renting Wendia Damer costs per month"
    ((mention, _),) = table("Wendia Damer").mentions(text)
    assert text[mention.start : mention.end] == "Wendia Damer"
    assert untaught_names(text, words_of(text), [mention]) == []
    assert not found(f"{mark}He met Aunt Wendia Damer.", "Wendia"), "the end of a longer name"


def test_an_answer_right_behind_a_name_is_no_part_of_it() -> None:
    sorted_keys = table("Superior Forest").keys
    text = "Is the category of Superior Forest Area Six of the list?"
    assert not NameTable(sorted_keys).mentions(text)
    ((mention, rows),) = NameTable(sorted_keys, answer=lambda row: "Area Six").mentions(text)
    assert (text[mention.start : mention.end], rows) == ("Superior Forest", (0,))
    assert not NameTable(sorted_keys, answer=lambda row: "Area Seven").mentions(text)
