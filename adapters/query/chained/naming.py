"""Facts that tell what somebody or something is called: of either name the same may be asked."""

import re

from adapters.query.chained.phrases import BARE, rest_of, says_more
from adapters.query.listening.asked import Asked
from adapters.text.names import Mention, name_key
from adapters.text.words import set_of

_NAMES = re.compile(
    r"(?P<whom>.+?) (?:is|was|are|were) (?:called|named)|(?P<whose>.+)['\u2019]s? name (?:is|was)|"
    r"the name of (?P<of>.+?) (?:is|was)|(?P<named>.+?) (?:is|was) the name of",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^(?:my|our|your) ")
_FOR_A_NAME = BARE | set_of("name names called named")


def names(prompt: str, key: str) -> bool:
    """Whether a prompt tells what a name is called, or of whom it is the name."""
    found = _NAMES.fullmatch(prompt.strip())
    whom = [_unowned(name_key(text)) for text in found.groups() if text] if found else []
    return _unowned(key) in whom


def _unowned(key: str) -> str:
    """A name without whose it is: "our dog", told back, is "your dog"."""
    return _OWNER.sub("", key)


def asks_more(asked: Asked, name: Mention) -> bool:
    """Whether a clause asks for more of a name than what it is called."""
    return says_more(rest_of(asked, name.first, name.last), _FOR_A_NAME)
