"""When an answer counts as right."""

import unicodedata
from collections.abc import Iterable

_ARTICLES = frozenset(("a", "an", "the"))
_MARKS = ".,;:!?\"'()[]\u201c\u201d\u2018\u2019"
BEGINNING = 5  # words by which two answers are compared


def normalise(answer: str) -> str:
    """An answer without case, articles, marks at its words' ends and differences of spacing."""
    words = unicodedata.normalize("NFKC", answer).casefold().split()
    bare = [word.strip(_MARKS) for word in words]
    return " ".join(word for word in bare if word and word not in _ARTICLES)


def is_match(said: str, answer: str, aliases: Iterable[str] = ()) -> bool:
    """Whether an answer, whole, is the wanted one or one of its other names."""
    return normalise(said) in {normalise(name) for name in (answer, *aliases)}


def says(said: str, names: Iterable[str], *, opens: bool = False) -> bool:
    """Whether one of the names stands in what is said, as whole words; or opens it."""
    text = f" {normalise(said)} "
    wanted = [f" {name} " for answer in names if (name := normalise(answer))]
    return any(text.startswith(name) if opens else name in text for name in wanted)


def begins_alike(said: str, before: str) -> bool:
    """Whether two answers have the same first words."""
    one, other = (normalise(text).split()[:BEGINNING] for text in (said, before))
    return one == other
