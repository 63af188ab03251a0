"""Checks of any text that comes from outside, and its clean form."""

import re
import unicodedata

from oneshot.errors import BadInputError

# No reader sees them and no tokenizer should: zero-width space, byte order mark, soft hyphen and
# word joiner. Joiners stay, since emoji and several scripts are written with them.
_UNSEEN = re.compile("[\u200b\ufeff\u00ad\u2060]")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FIXED_SPACES = re.compile("[\u00a0\u202f\u2007]")


def check_text(text: str, what: str, limit: int, *, lines: bool = False) -> str:
    """Return `text` in NFC, without unseen characters and with plain spaces.

    BadInputError, naming `what`, if it is empty, unprintable or longer than `limit`, and for line
    breaks and tabs unless it may have several `lines`.
    """
    if lines:
        text = _LINE_BREAKS.sub("\n", text)
    text = _FIXED_SPACES.sub(" ", _UNSEEN.sub("", text))
    if not text.strip():
        raise BadInputError(f"the {what} is empty: give some text")
    if len(text) <= limit:  # before normalising, whose time can grow with the square of the length
        text = unicodedata.normalize("NFC", text)
    if len(text) > limit:
        raise BadInputError(
            f"the {what} {brief(text)} has {len(text):,} characters: give at most {limit:,}"
        )
    kinds = {unicodedata.category(c) for c in text if not (lines and c in "\n\t")}
    if "Cs" in kinds:
        raise BadInputError(f"the {what} {brief(text)} is not valid UTF-8: mend its encoding")
    if kinds & {"Cc", "Zl", "Zp"}:
        raise BadInputError(
            f"the {what} {brief(text)} has a control character or line break: take it out"
        )
    return text


def brief(text: str) -> str:
    """The text in quotes, cut after 60 characters, for messages."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def capitalised(text: str) -> str:
    """The text as a sentence begins; words such as "iPhone" and "x9" stay as they are."""
    first = text.split(" ", 1)[0].rstrip(",")
    plain = first.replace("'", "").isalpha() and first.islower()
    return text[:1].upper() + text[1:] if plain else text
