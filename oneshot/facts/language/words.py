"""The words of a sentence, each with its kind, as far as splitting a statement needs it."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# One letter a kind of word, so that word groups are short patterns over a string of kinds.
# Kinds not listed: N name, F capitalised function word, 9 number, Q quotation, n joiner inside a
# name, E regular participle, D regular adverb, w any other word, "?" and "," marks.
_LISTED = {
    "V": "is was are were be been being has had have became becomes remains plays played speaks "
    "speak spoke works worked lives lived lies means contains includes wrote won owns makes made "
    "uses holds held serves served leads led costs weighs equals borders follows shares performs "
    "starts begins began ends comes came does did do",  # verbs
    "P": "of in at by on from as to for into after near",  # prepositions
    "p": "with about through over under against within between during upon",  # weaker ones
    "A": "a an the",
    "D": "not also now still once then later first",  # adverbs
    "C": "called named titled entitled nicknamed dubbed",
    "R": "who which that whose where when",  # relative pronouns
    "E": "born built found sung set sold taught kept lost bought run fought spent put",
    "T": "The A An",
}
_KINDS = {word: kind for kind, words in _LISTED.items() for word in words.split()}
FUNCTION_WORDS = _set(
    "the a an in on at by of from as to for after since during before when what which who whom "
    "whose where why how is was are were does did do it its he she they we i you his her their my "
    "our your this that these those there and but or one every each all some most people"
)
COPULAS = _set("is was are were")
_JOINERS = _set(
    "of the de van von der den du des la le del della di da dos al el bin ibn y and & upon"
)
_ABBREVIATION = r"(?:Jr|Sr|St|Ste|Dr|Mr|Mrs|Ms|Mt|Ft|Prof|Rev|Inc|Co|Ltd|Corp|Bros|Ph\.D)\."
_INITIAL = r"[^\W\d_]\."
_KEEPS_STOP = re.compile(rf"(?:^|[\s(])(?:{_ABBREVIATION}|(?:{_INITIAL}[ -]?)+{_INITIAL})$")
_TOKEN = re.compile(
    r"""(?P<Q>"[^"]+"|“[^”]+”|«[^»]+»|(?<!\w)'[^']{2,}'(?!\w)|(?<!\w)\u2018[^\u2019]{2,}\u2019(?!\w))"""
    rf"|(?P<mark>[.:?,;!](?=\s|$))|(?:{_ABBREVIATION}|(?:{_INITIAL})+|\S+?)(?=[.:?,;!]?(?:\s|$))"
)
POSSESSIVE = re.compile(r"(?:(?<=.)['\u2019]s|(?<=s)['\u2019])$")


class Word(NamedTuple):
    """A word or mark, its place in the text, and the letter of its kind."""

    text: str
    start: int
    end: int
    kind: str


def without_stop(text: str) -> str:
    """The text without the stop that ends its sentence; one that belongs to its last word stays."""
    rest = text.removesuffix(".").rstrip()
    if _KEEPS_STOP.search(text) or (rest.endswith(".") and not _KEEPS_STOP.search(rest)):
        return text
    return rest


def words_of(text: str) -> list[Word]:
    """The words and marks of a text, in order."""
    words = [
        Word(found[0], found.start(), found.end(), _kind(found)) for found in _TOKEN.finditer(text)
    ]
    for i in range(1, len(words) - 1):
        if _joins(words, i):
            words[i] = words[i]._replace(kind="n")
    return words


def kinds_of(words: Iterable[Word]) -> str:
    """The letters of the words' kinds, a pattern's ground."""
    return "".join(word.kind for word in words)


def _kind(found: re.Match[str]) -> str:
    text = found[0]
    if found.lastgroup == "Q":
        return "Q"
    if found.lastgroup == "mark":
        return {":": "V", "?": "?"}.get(text, ",")
    if text in _KINDS:
        return _KINDS[text]
    first = next(filter(str.isalnum, text), "")
    if first.isdigit():
        return "9"
    if any(map(str.isupper, text)) or (first.isalpha() and not first.islower()):
        return "F" if text.lower() in FUNCTION_WORDS else "N"
    if re.fullmatch(r"\w{2,}(?:ed|en|wn)", text):
        return "E"
    return "D" if text.endswith("ly") else "w"


def _joins(words: Sequence[Word], i: int) -> bool:
    """Whether word i stands inside a name or a date, as "of" does in "Bank of England"."""
    if words[i].text == "to":  # a range of years, but not "from Paris to Rome"
        return words[i - 1].kind == words[i + 1].kind == "9"
    if words[i].text not in _JOINERS or words[i - 1].kind not in "Nn9":
        return False
    following = next((word for word in words[i + 1 : i + 3] if word.text not in _JOINERS), None)
    return following is not None and following.kind in "N9"
