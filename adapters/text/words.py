"""Words of a text as names are compared by: case, accents' forms, possessives do not count."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

HYPHENS = ("-", "\u2010", "\u2011")
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"  # written unspaced
_LETTER = rf"[^\W{_ALONE}]"
_INSIDE = r"['\u2019.&@/+]"
_MARK = rf"[\u0300-\u036f{INVISIBLE}\u0900-\u0dff]"
WORD = re.compile(
    rf"[{_ALONE}]|(?:{_LETTER}|{_MARK})+(?:{_INSIDE}(?:{_LETTER}|{_MARK})+)*(?:[+#]{{1,2}}(?!\w))?"
)
_LATIN = re.compile(r"^([a-z])[\u0300-\u036f]+$")
POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s$", re.IGNORECASE)


def set_of(words: str) -> frozenset[str]:
    """The words of a list in one text."""
    return frozenset(words.split())


@dataclass(frozen=True)
class Word:
    """A word as it is compared (`key`), its place in the text without a possessive ending.

    `capital` says that it begins with a capital letter, `number` that it begins with a digit,
    `joined` that a hyphen alone parts it from the word before.
    """

    key: str
    start: int
    end: int
    capital: bool
    number: bool
    possessive: bool
    joined: bool = False


def words_of(text: str) -> list[Word]:
    """The words of a text in order; hyphens, spaces and line ends of any kind separate them."""
    words = [word for found in WORD.finditer(text) if (word := _word(found)).key]
    for i in range(1, len(words)):
        if text[words[i - 1].end : words[i].start] in HYPHENS:
            words[i] = replace(words[i], joined=True)
    return words


def closed(words: Sequence[Word]) -> list[Word]:
    """The words with those that a hyphen parts as one, "Wi-Fi" as "wifi"; but not "3-4"."""
    found = list(words[:1])
    for word in words[1:]:
        last = found[-1]
        if word.joined and not (last.key[-1].isdigit() and word.number):
            whole = replace(last, key=last.key + word.key, end=word.end, possessive=word.possessive)
            found[-1] = whole
        else:
            found.append(word)
    return found


def _word(found: re.Match[str]) -> Word:
    text, start = found[0], found.start()
    bare = POSSESSIVE.sub("", text)
    first = next(filter(str.isalnum, text), "")
    return Word(
        key_of(bare), start, start + len(bare), first.isupper(), first.isdigit(), bare != text
    )


def key_of(word: str) -> str:
    """A word as it is compared: compatibility forms, case, dots and invisible characters aside."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in folded if c not in INVISIBLE and c != ".").replace("\u2019", "'")


def plain(key: str) -> str:
    """A key with its Latin letters as they are typed without accents; others as they are."""
    return "".join(found[1] if (found := _LATIN.match(_parted(c))) else c for c in key)


def _parted(letter: str) -> str:
    """A letter, and its accents behind it."""
    return unicodedata.normalize("NFD", letter)
