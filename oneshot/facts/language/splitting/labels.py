"""Reading a label and its value: "Password of the lab wifi: hunter2", "Ivo birthday: 3 May"."""

from collections.abc import Sequence

from adapters.text.names import NO_PERSON
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import Clause, read_clause
from oneshot.facts.language.splitting.split import is_answer
from oneshot.facts.language.splitting.subjects import is_name, mine, subject_of
from oneshot.facts.language.splitting.turning import Turned
from oneshot.facts.language.splitting.verbs import forms
from oneshot.facts.language.splitting.words import Word, span_of
from oneshot.hosts.relations import common_words

HANGING = ("of", "for", "at", "in", "on", "to")  # what leads from a relation to its name


def from_label(text: str, words: Sequence[Word]) -> Turned | None:
    """Prompt, value and subject; None for text without a label, and for "Star Wars: A New Hope was
    directed by ...".
    """
    place = next((i for i, w in enumerate(words) if w.text == ":" and i), None)
    if place is None or not is_answer(words[place + 1 :]):
        return None
    clause, label = read_clause(text), words[:place]
    if clause is not None and ((clause.verb < place and _tells(clause)) or is_name(label)):
        return None
    end = words[place].end
    return text[:end], text[end:], subject_of_label(text[: words[place].start], label)


def subject_of_label(text: str, label: Sequence[Word]) -> str | None:
    """What stands behind "of", whose possessive it is, the name at its beginning, or all of it."""
    label = _uncapitalised(label)
    name = _name_before(label)
    if name:
        return span_of(text, name)
    return mine(label) or subject_of(text, Clause(label, 0, len(label)))


def _tells(clause: Clause) -> bool:
    """Whether a clause's verb is one: not "hours" of "Opening hours of the library:"."""
    word, behind = clause.words[clause.verb], clause.words[clause.verb + 1 :]
    noun = (
        word.low.removesuffix("s") in lex.THINGS or word.low not in forms().keys() | lex.AUXILIARIES
    )
    return not (noun and behind and behind[0].low in (*HANGING, ":"))


def _uncapitalised(label: Sequence[Word]) -> list[Word]:
    """A label whose relation counts as plain words, though it begins as a sentence does."""
    end = next((i for i, w in enumerate(label) if i and w.low in HANGING), 0)
    kind = label[end - 1].low.rstrip(".")
    if not end or label[0].kind == "Q" or kind in NO_PERSON:  # "Bank of England"
        return list(label)
    return [w._replace(kind="w") if i <= end and w.kind in "Nn" else w for i, w in enumerate(label)]


def _name_before(label: Sequence[Word]) -> Sequence[Word]:
    """The name that a label begins with, if plain words follow: "Star Wars" of "... director"."""
    if label[0].kind != "N" or any(w.owns or w.low in HANGING for w in label):
        return ()
    end = next((i for i, w in enumerate(label) if w.kind == "w" or w.text.isupper()), len(label))
    plain = end == 1 and label[0].low in common_words()
    return () if plain or end == len(label) else label[:end]
