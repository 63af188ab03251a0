"""A taught prompt taken apart: who is spoken of, the verb that is fronted, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.facts.language import lexicon as lex
from oneshot.facts.language.clauses import is_adverb, is_plural, negated, read_clause
from oneshot.facts.language.question_words import MASS_NOUNS
from oneshot.facts.language.splitting import main_verb
from oneshot.facts.language.verbs import base_of, is_form
from oneshot.facts.language.words import Word


_ANYONE = {"you", "one", "people", "they", "there", "it"}


@dataclass(frozen=True)
class Cloze:
    """Parts of "On Mondays, the gym usually opens at": a question puts them in another order.

    `fronted` is "on Mondays", `topic` "the gym", `operator` "does", `middle` ("usually", "open"),
    `prepositions` ("at",). `base` is the verb that carries the meaning. What is asked for stands
    behind all of them; an `article` before it is set apart.
    """

    fronted: str
    topic: str
    topic_words: Sequence[Word]
    operator: str
    middle: tuple[str, ...]
    prepositions: tuple[str, ...]
    base: str
    article: str

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
    group = words[clause.verb :]
    fronting = _fronting(words, clause.verb)
    if fronting is None or negated(group) or any(w.kind == "," for w in (*group, *clause.subject)):
        return None
    operator, behind = fronting
    topic = clause.subject
    between = words[clause.start + len(topic) : clause.verb]
    middle = [*(w.text for w in between), *behind]
    cut = len(middle)
    while cut and middle[cut - 1].lower() in lex.PREPOSITIONS:
        cut -= 1
    return Cloze(
        _lowered(prompt, words[: clause.start]).rstrip(","),
        _lowered(prompt, topic),
        topic,
        operator,
        tuple(middle[:cut]),
        tuple(middle[cut:]),
        main_verb(words, clause.verb)[1],
        article,
    )


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


def _lowered(text: str, phrase: Sequence[Word]) -> str:
    """The phrase as it stands within a sentence."""
    if not phrase:
        return ""
    said = text[phrase[0].start : phrase[-1].end]
    first = phrase[0]
    common = first.kind == "w" and first.text != "I"
    bare = len(phrase) == 1 and first.low in MASS_NOUNS
    return said[0].lower() + said[1:] if common or bare else said
