"""Tables whose columns are relations of whom or what a row's first cell names."""

import re
from collections.abc import Iterator, Sequence

from adapters.text.ordinary import is_ordinary
from adapters.text.words import set_of, words_of
from oneshot.facts.language.checking import statement
from oneshot.facts.sources.understanding import Item, Understanding, left_out

_PAIRS = set_of(  # heads above what completes a prompt, not above values of a relation
    "answer answers value values text back response meaning definition description note notes "
    "comment comments details fact facts"
)
_OWNERS = set_of("name names subject entity title who person")  # heads above those who are told of
_ENDS = set_of("is are was were has in by of at on to from with called named for")
_DONE = re.compile(r"\w{2,}[^\We]ed|born|built|made|written|sold|bought|held|led")  # not "speed"
_PREPOSITIONS = set_of("in by on at from to with for of")
_NOTHING = "", "n/a", "na", "none", "unknown", "tbd"
_SIGNS = "yes", "no", "x", "true", "false", "✓", "✔", "✗"


def are_relations(header: Sequence[str]) -> bool:
    """Whether a table's head names relations behind its first column, and nothing else."""
    own = [cell.lower() for cell in header[1:]]
    named = all(cell and any(map(str.isalpha, cell)) for cell in header)
    return bool(own) and named and not _PAIRS & {*own} and len({*own}) == len(own)


def is_head(line: Sequence[str]) -> bool:
    """Whether a first line is surely a head: ordinary words, over three columns or over owners."""
    words = [word for cell in line for word in re.findall(r"[^\W\d_]+", cell)]
    plain = all(word.isupper() or is_ordinary(word) for word in words)
    digits = any(map(str.isdigit, "".join(line)))
    known = bool(line) and line[0].lower() in _OWNERS
    return plain and not digits and are_relations(line) and (known or len(line) > 2)


def items(
    place: str, row: Sequence[str], header: Sequence[str], understanding: Understanding
) -> Iterator[Item]:
    """A fact of each cell behind the first; a row of a prompt and its answer is one fact."""
    subject = row[0] if row else ""
    if len(row) == 2 and _is_prompt(subject):
        yield understanding.pair(place, *row)
    elif not any(map(str.isalpha, subject)):
        yield left_out(place, " | ".join(row), "the first cell names nobody and nothing")
    else:
        for column, cell in zip(header[1:], row[1:], strict=False):
            yield _fact(place, subject, column, cell, understanding)


def _fact(place: str, subject: str, column: str, cell: str, understanding: Understanding) -> Item:
    text = f"{subject} | {column} | {cell}"
    if cell.strip("-?\u2013\u2014").lower() in _NOTHING:
        return left_out(place, text, "an empty cell")
    if cell.lower() in _SIGNS:
        return left_out(place, text, "yes or no: say it as a sentence")
    prompt = _prompt(subject, column)
    return understanding.made(place, text, lambda: statement(prompt, cell, subject))


def _prompt(subject: str, column: str) -> str:
    """What asks for a column's value of the subject."""
    words = column.split()
    said = " ".join(w if w.isupper() and len(w) > 1 else w[:1].lower() + w[1:] for w in words)
    first, last = words[0].lower(), words[-1].lower()
    if _DONE.fullmatch(first):
        return f"{subject} was {said}" if last in _PREPOSITIONS else f"{subject} was {said} in"
    return f"The {said} of {subject} is"


def _is_prompt(text: str) -> bool:
    """Whether a cell asks by itself."""
    words = words_of(text)
    return text.endswith(("?", ":")) or bool(len(words) > 1 and words[-1].key in _ENDS)
