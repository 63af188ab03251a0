"""Reading a typed sentence as a prompt, the answer that completes it, and a subject."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from oneshot.errors import BadInputError
from oneshot.facts.language.checking import (
    MAX_ANSWER,
    MAX_PROMPT,
    about,
    check_statement,
    statement,
)
from oneshot.facts.language.dates import without_period
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.apposition import also_called
from oneshot.facts.language.splitting.clauses import Clause, read_clause
from oneshot.facts.language.splitting.labels import from_label
from oneshot.facts.language.splitting.openings import (
    HOW,
    lacks_subject,
    question_mark,
    refuse_untold,
    without_also,
    without_opening,
)
from oneshot.facts.language.splitting.split import answer_places, is_answer
from oneshot.facts.language.splitting.subjects import of_noun_phrase, subject_of
from oneshot.facts.language.splitting.templates import from_template, subject_by_template
from oneshot.facts.language.splitting.turning import Turned, turned
from oneshot.facts.language.splitting.words import Word, without_exclamation, without_stop, words_of
from oneshot.facts.language.text import brief, check_text
from oneshot.facts.types import Statement

_MEASURED = re.compile(r"\d.* (?:old|long|high|tall|wide|deep|thick|heavy|away)$")
_FROM = re.compile(r"\bfrom$")  # what follows may be when it held
_MAX_SENTENCE = MAX_PROMPT + MAX_ANSWER + 2


def parse_sentence(
    sentence: str,
    templates: Sequence[str] = (),
    *,
    subject: str | None = None,
    source: str | None = None,
    asks: Iterable[str] = (),
    aliases: Iterable[str] = (),
) -> Statement:
    """Split a sentence into a prompt, the answer that ends it, and the subject; clean.

    Lead-ins ("Remember that") are dropped, "also" and a time at the end ("since 2021") noted, and
    sentences that name the answer first ("Paris is the capital of Freedonia") turned about. Where
    `templates` (one `{}` for the subject, the answer after the end) fit, the longest is taken;
    other sentences are split by grammar.
    BadInputError for questions, commands, two facts in one sentence, sentences that cannot be
    split, and those about a "he" or "it" where no `subject` is given.
    """
    text, also = without_also(
        without_exclamation(without_opening(without_stop(_sentence(sentence))))
    )
    if not text.strip(" .,;:!?"):
        raise BadInputError(f"no prompt and answer found in {brief(sentence.strip())}: {HOW}")
    found = _read(text, templates)
    if found is None:
        raise BadInputError(f"no prompt and answer found in {brief(text)}: {HOW}")
    prompt, answer, about_whom = found
    if not (subject or "").strip() and about_whom is None:
        raise BadInputError(f"whom or what {brief(text)} is about cannot be told: {HOW}")
    answer, since, until = without_period(answer)
    if _FROM.search(prompt):
        bare, *period = without_period(text)
        if told := _named(bare, templates):
            (prompt, answer, about_whom), (since, until) = told, period
    aliases = (*aliases, *also_called(subject or about_whom or ""))
    made = statement(prompt, answer, subject or about_whom, source, asks, aliases)
    return check_statement(replace(made, also=also, since=since, until=until))


def fact_in(
    prompt: str,
    answer: str | None = None,
    templates: Sequence[str] = (),
    *,
    subject: str | None = None,
    asks: Iterable[str] = (),
    aliases: Iterable[str] = (),
) -> Statement:
    """The fact in a whole sentence, or in a prompt and its answer; BadInputError for neither."""
    if answer is not None:
        return statement(prompt, answer, subject, None, asks, aliases)
    return parse_sentence(prompt, templates, subject=subject, asks=asks, aliases=aliases)


def find_subject(prompt: str, templates: Sequence[str] = ()) -> str | None:
    """Find whom a prompt or question is about, or None; BadInputError for unusable text."""
    text = _sentence(prompt)
    return subject_by_template(text, templates) or subject_of(text)


def with_subject(given: Statement, templates: Sequence[str] = ()) -> Statement:
    """Return the statement clean and with its subject; BadInputError where none is found."""
    given = check_statement(given)
    if given.subject:
        return given
    subject = find_subject(given.prompt, templates)
    if subject is None:
        raise BadInputError(
            f"no subject was found in {brief(given.prompt)}; say whom it is about with --subject"
        )
    return about(given, subject)


def _sentence(text: str) -> str:
    return " ".join(check_text(text.strip(), "sentence", _MAX_SENTENCE).split())


def _read(text: str, templates: Sequence[str]) -> Turned | None:
    words = words_of(text)
    if (mark := question_mark(words)) is not None:
        return from_template(text, templates) or _behind_question(text, words, mark)
    refuse_untold(text)
    if lacks_subject(words):
        return None
    clause = read_clause(text)
    return (
        turned(text, clause)
        or from_template(text, templates, verbless=clause is None)
        or from_label(text, words)
        or (None if clause is None else _from_clause(text, clause))
        or from_template(text, templates)
        or _from_apposition(text, words)
    )


def _named(text: str, templates: Sequence[str]) -> Turned | None:
    """What a text tells, where its answer is a name: "lived in Karsk", but not "is open"."""
    told = _read(text, templates)
    return told if told and any(word.kind in "NQ" for word in words_of(told[1])) else None


def _from_clause(text: str, clause: Clause) -> Turned | None:
    place = next(answer_places(clause), None)
    if place is None:
        return None
    prompt, answer = _cut(text, clause.words, place)
    if _MEASURED.search(answer):  # "My tent is 3 m long" tells of the tent, not of me
        return prompt, answer, of_noun_phrase(prompt, clause.subject)
    told = Clause(clause.words[:place], clause.start, clause.verb)
    return prompt, answer, subject_of(prompt, told)


def _cut(text: str, words: Sequence[Word], place: int) -> tuple[str, str]:
    end = words[place - 1].end
    return text[:end], text[end:]


def _behind_question(text: str, words: Sequence[Word], mark: int) -> Turned | None:
    """ "What is Ivo's job? carpenter", or "... It is carpenter": the question is the prompt."""
    rest = words[mark + 1 :]
    asked = text[: words[mark].end]
    offset = rest[0].start
    said = text[offset:]
    clause = read_clause(said) if rest[0].low in lex.ABSENT else None
    place = next(answer_places(clause), None) if clause else 0
    if place is None or not is_answer(rest[place:]):
        return None
    prompt, answer = _cut(text, words, mark + 1 + place)
    return prompt, answer, subject_of(asked)


def _from_apposition(text: str, words: Sequence[Word]) -> Turned | None:
    """ "Glorptown, the capital of Freedonia"."""
    comma = next((i for i, word in enumerate(words) if word.text == "," and i), None)
    ends = [
        i + 1
        for i, w in enumerate(words)
        if comma is not None and i > comma and w.kind == "w" and w.low in lex.PREPOSITIONS
    ]
    if not ends or not is_answer(words[ends[-1] :]):
        return None
    prompt, answer = _cut(text, words, ends[-1])
    return prompt, answer, subject_of(prompt, Clause(words[:comma], 0, comma or 0))
