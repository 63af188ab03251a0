"""Memories that were noted about a user, said by the user."""

import re
from collections.abc import Callable

from oneshot.facts.language.splitting.verbs import base_of, is_form

_USER = re.compile(r"^(?:the )?user(?P<own>['\u2019]s)? +(?=\S)", re.IGNORECASE)
_BE = {"is": "am", "was": "was", "isn't": "am not", "wasn't": "was not"}
_SAYS = (
    "name",
    "birthday",
    "hobby",
    "hobbies",
    "age",
    "job",
    "profession",
    "hometown",
    "nationality",
)


def by_user(name: str | None = None) -> Callable[[str], str]:
    """What turns "User lives in Oslo" and "Lives in Oslo" into "I live in Oslo".

    With a `name`, for files about several users, it is "<name> lives in Oslo".
    """

    def turned(sentence: str) -> str:
        found = _USER.match(sentence)
        rest = sentence[found.end() :] if found else sentence
        if found and found["own"]:
            return f"{name}'s {rest}" if name else f"My {rest}"
        first, _, others = rest.partition(" ")
        if found or (_is_verb(first) and not _is_verb(others.partition(" ")[0])):  # "Drew lives in"
            said = first.lower() if found is None else first
            return f"{name} {said} {others}" if name else f"I {_first_person(said)} {others}"
        if first.lower() in _SAYS:
            return f"{name}'s {first.lower()} {others}" if name else f"My {first.lower()} {others}"
        return sentence

    return turned


def _is_verb(word: str) -> bool:
    """Whether a note can only begin with it because its subject is left out."""
    low = word.lower()
    return low in _BE or is_form(low, "third", "past")


def _first_person(verb: str) -> str:
    if verb in _BE:
        return _BE[verb]
    return base_of(verb, "third") or verb
