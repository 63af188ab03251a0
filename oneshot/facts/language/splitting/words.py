"""The words of a sentence, each with its kind, as far as reading a statement needs it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from oneshot.facts.language.splitting.lexicon import FUNCTION_WORDS, JOINERS, word_set

_ABBREVIATION = (
    r"(?:Jr|Sr|St|Ste|Dr|Mr|Mrs|Ms|Mt|Ft|Prof|Rev|Inc|Co|Ltd|Corp|Bros|Ph\.D|B\.Sc|M\.Sc|Esq|Ave|"
    r"Rd|Blvd|Gen|Capt|Sgt|Lt|Col|Hon|etc|vs|approx|al)\."
)
_INITIAL = r"[^\W\d_]\."
_KEEPS_STOP = re.compile(rf"(?:^|[\s(])(?:{_ABBREVIATION}|(?:{_INITIAL}[ -]?)+{_INITIAL})$")
_TOKEN = re.compile(
    r"""(?P<Q>"[^"]+"|“[^”]+”|«[^»]+»|`[^`]+`|(?<!\w)'[^']{2,}'(?!\w)|(?<!\w)\u2018[^\u2019]{2,}\u2019(?!\w))"""
    rf"|(?P<mark>[.:?,;!](?=\s|$))|(?:No\.(?= \d)|{_ABBREVIATION}|(?:{_INITIAL})+|\S+?)"
    r"(?=[.:?,;!]?(?:\s|$))"
)
POSSESSIVE = re.compile(r"(?:(?<=.)['\u2019]s|(?<=s)['\u2019])$")
# Titles that end in "!", and words with digits ("hunter2!"), keep it.
_EXCLAIMED = word_set("jeopardy yahoo oklahoma oliver help airplane mia hello mother")


class Word(NamedTuple):
    """A word or mark, its place in the text, and its kind.

    Kinds: N name, 9 number, Q quotation or code, n joiner inside a name ("of" in "Bank of
    England"), w any other word, "," a mark that stands alone.
    """

    text: str
    start: int
    end: int
    kind: str

    @property
    def low(self) -> str:
        """The word in lower case, with a straight apostrophe."""
        return self.text.lower().replace("\u2019", "'")

    @property
    def owns(self) -> bool:
        """Whether it is a possessive noun."""
        return self.kind != "," and bool(POSSESSIVE.search(self.text)) and len(self.text) > 2


def span_of(text: str, words: Sequence[Word]) -> str:
    """The text from the first of the words to the last."""
    return text[words[0].start : words[-1].end] if words else ""


def without_stop(text: str) -> str:
    """The text without the stop that ends its sentence; one that belongs to its last word stays."""
    rest = text.removesuffix(".").rstrip()
    if _KEEPS_STOP.search(text) or (rest.endswith(".") and not _KEEPS_STOP.search(rest)):
        return text
    return rest


_NUMBER = re.compile(r"\W?\d+(?:[.,:]\d+)*\W?")  # "22:30", "5 %"


def without_exclamation(text: str) -> str:
    """The text without an exclamation mark that ends its sentence, but "Jeopardy!" and "x9!"."""
    rest = text.removesuffix("!").rstrip()
    last = rest.rpartition(" ")[2]
    plain = last.replace("-", "").isalpha() or _NUMBER.fullmatch(last)
    return rest if plain and last.lower() not in _EXCLAIMED else text


def words_of(text: str) -> list[Word]:
    """The words and marks of a text, in order."""
    words = [
        Word(found[0], found.start(), found.end(), _kind(found)) for found in _TOKEN.finditer(text)
    ]
    for i in range(1, len(words)):
        if _is_of_title(words, i):
            words[i] = words[i]._replace(kind="N")
    for i in range(1, len(words) - 1):
        if _joins(words, i):
            words[i] = words[i]._replace(kind="n")
    return words


def spoken(words: Sequence[Word]) -> list[Word]:
    """The words without what has no letter or digit."""
    return [word for word in words if any(map(str.isalnum, word.text))]


def says_something(words: Sequence[Word]) -> bool:
    """Whether there is a word that is more than grammar."""
    return any(w.kind in "N9Q" or w.low not in FUNCTION_WORDS for w in spoken(words))


def _kind(found: re.Match[str]) -> str:
    text = found[0]
    if found.lastgroup == "Q":
        return "Q"
    if found.lastgroup == "mark":
        return ","
    first = next(filter(str.isalnum, text), "")
    if first.isdigit():
        return "9"
    if text == "I" or text.lower() in FUNCTION_WORDS:
        return "w"
    if any(map(str.isupper, text)) or (first.isalpha() and not first.islower()):
        return "N"
    return "w" if first else ","


def _is_of_title(words: Sequence[Word], i: int) -> bool:
    """Whether a function word has a capital letter though no sentence begins: "The Who"."""
    word = words[i]
    if word.text == "I":  # the king, but not "my wife and I"
        return words[i - 1].kind == "N" and i + 1 < len(words)
    return word.kind == "w" and word.text[0].isupper() and words[i - 1].kind != ","


def _joins(words: Sequence[Word], i: int) -> bool:
    """Whether word i stands inside a name or a date, as "of" does in "Bank of England"."""
    if words[i].text == "to":  # a range of years, but not "from Paris to Rome"
        return words[i - 1].kind == words[i + 1].kind == "9"
    if words[i].text not in JOINERS or words[i - 1].kind not in "Nn9" or words[i - 1].owns:
        return False
    if words[i].text == "of" and words[i - 1].text.isupper() and len(words[i - 1].text) < 5:
        return False  # "the CEO of Acme"
    following = next((word for word in words[i + 1 : i + 3] if word.text not in JOINERS), None)
    return following is not None and following.kind in "N9"


def own(name: str) -> str:
    """The possessive of a name."""
    return f"{name}'" if name.endswith("s") and not name.endswith("ss") else f"{name}'s"
