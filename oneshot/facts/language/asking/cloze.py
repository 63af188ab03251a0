"""A taught prompt taken apart: who is spoken of, the verb that is fronted, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.facts.language.asking.question_words import MASS_NOUNS
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.clauses import (
    Clause,
    is_adverb,
    is_plural,
    negated,
    read_clause,
)
from oneshot.facts.language.splitting.split import main_verb
from oneshot.facts.language.splitting.verbs import base_of, is_form
from oneshot.facts.language.splitting.words import Word, span_of
from oneshot.hosts.relations import common_words

_ANYONE = {"you", "one", "people", "they", "there", "it"}


@dataclass(frozen=True)
class Cloze:
    """Parts of "On Mondays, the gym usually opens at": a question puts them in another order.

    `fronted` is "on Mondays", `topic` "the gym", `operator` "does", `middle` ("usually", "open"),
    `prepositions` ("at",). `base` is the verb that carries the meaning. What is asked for stands
    behind all of them; an `article` before it is set apart, and so is the `noun` that says what
    it is, "language" of "speaks the language" or "position" of "has the position of".
    """

    fronted: str
    topic: str
    topic_words: Sequence[Word]
    operator: str
    middle: tuple[str, ...]
    prepositions: tuple[str, ...]
    base: str
    article: str
    noun: str

    @property
    def last(self) -> str:
        """The preposition before what is asked for; empty where there is none."""
        return self.prepositions[-1] if self.prepositions else ""

    def asked(self, words: str, *, drop: int = 0) -> str:
        """The question that begins with `words`; the last `drop` prepositions are left out."""
        kept = self.prepositions[: len(self.prepositions) - drop]
        parts = (words, self.operator, self.topic, *self.middle, *kept, self.fronted)
        return " ".join(part for part in parts if part) + "?"


def read_cloze(prompt: str) -> Cloze | None:
    """Take a prompt apart; None where its verb is not known surely, or says no."""
    clause = read_clause(prompt)
    if clause is None or not clause.subject or clause.subject[0].low in _ANYONE:
        return None
    words = list(clause.words)
    article = words.pop().low if words[-1].kind == "w" and words[-1].low in lex.ARTICLES else ""
    noun = _class_noun(words, clause.verb)
    if noun:
        del words[-3 if words[-1].low == "of" else -2 :]
    parted = _parted(words, clause)
    if parted is None:
        return None
    operator, middle, prepositions = parted
    fronted = span_of(prompt, words[: clause.start]).rstrip(", ")
    return Cloze(
        fronted[:1].lower() + fronted[1:],
        _lowered(prompt, clause.subject, plural=operator in ("do", "are", "were")),
        clause.subject,
        operator,
        middle,
        prepositions,
        main_verb(words, clause.verb)[1],
        article,
        noun,
    )


_Parted = tuple[str, tuple[str, ...], tuple[str, ...]]


def _parted(words: Sequence[Word], clause: Clause) -> _Parted | None:
    """The operator, what stays behind the subject, and the prepositions at its end."""
    group = words[clause.verb :]
    fronting = _fronting(words, clause.verb)
    joined = any(w.kind == "," or w.low == "and" for w in group)
    if fronting is None or joined or negated(group) or any(w.kind == "," for w in clause.subject):
        return None
    operator, behind = fronting
    adverbs = words[clause.start + len(clause.subject) : clause.verb]
    middle = (*(w.text for w in adverbs), *behind)
    cut = len(middle)
    while cut and middle[cut - 1].lower() in lex.PREPOSITIONS:
        cut -= 1
    return operator, middle[:cut], middle[cut:]


def _class_noun(words: Sequence[Word], verb: int) -> str:
    """ "language" where a prompt ends in "the language", "field" where in "the field of"."""
    end = words[:-1] if words[-1].low == "of" else words
    if len(end) - verb < 3 or end[-2].low != "the" or end[-1].low not in lex.CLASS_NOUNS:
        return ""
    return end[-1].low


def _fronting(words: Sequence[Word], verb: int) -> tuple[str, list[str]] | None:
    """The verb that a question puts before the subject, and the words that stay behind it."""
    first, rest = words[verb], [word.text for word in words[verb + 1 :]]
    following = next((w for w in words[verb + 1 :] if not is_adverb(w)), None)
    perfect = first.low in lex.HAVE and following is not None and is_form(following.low, "done")
    if first.low in lex.FINITE_BE | lex.MODALS or perfect:
        return first.low, rest
    for kind, operator in (("third", "does"), ("past", "did"), ("base", "do")):
        base = base_of(first.low, kind)
        if base is None:
            continue
        if kind == "past" and base == first.low and is_plural(words[:verb]):
            return None  # "the shoes cost" may be now or then
        return operator, [base, *rest]
    return None


def _lowered(text: str, phrase: Sequence[Word], *, plural: bool) -> str:
    """The subject as it stands within a sentence: "my dog", "water", "whales"."""
    said, first = span_of(text, phrase), phrase[0]
    common = first.kind == "w" and first.text != "I"
    if len(phrase) == 1 and first.text.istitle():
        common = common or first.low in MASS_NOUNS or (plural and first.low.endswith("s"))
    elif first.low in lex.OPENING_NOUNS and phrase[1].low in lex.PREPOSITIONS:
        common = True  # "Parking at Mill House"
    elif plural and first.text.istitle():
        common = common or _several_of(phrase)
    elif first.text.istitle() and all(w.kind == "w" and w.text.islower() for w in phrase[1:]):
        common = common or first.low in common_words()  # "Garden waste"
    if len(phrase) > 1 and first.low in lex.OWNERS and all(w.kind in "N9n" for w in phrase[1:]):
        common = common and len(phrase) == 2 and first.low in ("my", "our")  # not "Her Majesty"
    return said[0].lower() + said[1:] if common else said


def _several_of(phrase: Sequence[Word]) -> bool:
    """Whether it begins with things of a kind: "Locals in Oslo", "Computer problems at"."""
    end = next((i for i, w in enumerate(phrase) if w.low in lex.PREPOSITIONS), 0)
    plain = all(w.text.islower() for w in phrase[1:end])
    return end > 0 and plain and phrase[end - 1].low.endswith("s")
