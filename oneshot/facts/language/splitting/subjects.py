"""Whom or what a sentence is about: the name or noun phrase that the relation hangs on."""

import re
from collections.abc import Sequence

from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.apposition import called, without_kind
from oneshot.facts.language.splitting.clauses import Clause, group_end, hangs, read_clause
from oneshot.facts.language.splitting.split import main_verb
from oneshot.facts.language.splitting.verbs import is_form
from oneshot.facts.language.splitting.words import (
    POSSESSIVE,
    Word,
    says_something,
    span_of,
    words_of,
)
from oneshot.hosts.relations import common_words

MAX_SUBJECT_WORDS = 12

_ENCLOSED = re.compile(r"""["“«'\u2018(\[`](.+)["”»'\u2019)\]`]""")
_NAME = re.compile(r"(?:N|(?<=w)9|Q)[NFn9]*")
_POINTING = {"this", "that", "these", "those"}  # with a noun, of which it is said which one
_ASKING = {"what", "who", "whom", "whose", "which", "where", "when", "why", "how"}
_GENERIC = {"you", "one", "people", "everyone", "they"}


def subject_of(text: str, clause: Clause | None = None) -> str | None:
    """The subject of a prompt, a question or a statement's beginning; None where none is named.

    A name behind what it is the name of is the subject without that.
    """
    found = _subject_of(text, clause)
    return without_kind(found) if found else None


def _subject_of(text: str, clause: Clause | None) -> str | None:
    words = words_of(text)
    if (quoted := next((w for w in words if w.kind == "Q"), None)) is not None:
        return bare(quoted.text)
    clause = clause or (None if text.rstrip().endswith("?") else read_clause(text))
    if clause is not None and not clause.start:
        clause = Clause(_uncapitalised(clause), 0, clause.verb)
    if clause is None or "?" in [w.text for w in words]:
        return _of_question(text, words)
    if len(clause.subject) == 1 and clause.subject[0].low in _GENERIC:
        return _fronted_place(text, clause) or _of_object(text, clause)
    if not _names(clause.subject) and (place := _fronted_place(text, clause)):
        return place
    mine_alone = mine(clause.subject) if _is_identity(clause) else None
    return mine_alone or of_noun_phrase(text, clause.subject)


def _uncapitalised(clause: Clause) -> Sequence[Word]:
    """The words, of which "Customers" is no name in "Customers in Norway are served by"."""
    words, first = clause.words, clause.words[0]
    if clause.verb >= len(words) or len(clause.subject) < 3 or first.kind != "N":
        return words
    if words[1].low not in lex.PREPOSITIONS:
        return words
    verb = words[clause.verb].low
    several = verb in ("are", "were", "have") or is_form(verb, "base")
    plural = several and first.low.endswith("s") and first.low in common_words()
    if words[1].kind == "n" or not (plural or first.low in lex.OPENING_NOUNS):
        return words  # "Friends of the Earth"
    return [first._replace(kind="w"), *words[1:]] if _names(clause.subject[2:]) else words


def _fronted_place(text: str, clause: Clause) -> str | None:
    """ "Gabon" of "In Gabon, the official language is"."""
    fronted = clause.words[: clause.start]
    placed = len(fronted) > 1 and fronted[0].low in ("in", "at", "for")
    if not placed or any(w.low in lex.TIMES or w.kind == "9" for w in fronted):
        return None
    return _first_name(text, fronted[1:])


def mine(phrase: Sequence[Word]) -> str | None:
    """ "My" of "my doctor" or "my wifi password", which only have to be said whose they are."""
    plain = not any(w.owns or hangs(w) for w in phrase) and not called(phrase)
    title = len(phrase) > 2 and all(w.kind in "N9n" for w in phrase[1:])  # "My Fair Lady"
    owner = len(phrase) > 1 and phrase[0].low in ("my", "our") and not title
    return phrase[0].text if owner and plain else None


def _is_identity(clause: Clause) -> bool:
    """Whether a copula alone tells what the subject is: "My doctor is", but not "is in"."""
    if clause.verb >= len(clause.words) or clause.words[clause.verb].low not in lex.FINITE_BE:
        return False
    rest = clause.words[group_end(clause.words, clause.verb) :]
    return all(word.low in lex.ARTICLES for word in rest)


def of_noun_phrase(text: str, phrase: Sequence[Word]) -> str | None:
    """What a noun phrase is about: its owner, what its preposition leads to, or all of it."""
    phrase = _without_apposition(phrase)
    if not phrase or (len(phrase) == 1 and phrase[0].low in lex.ABSENT):
        return None
    if phrase[0].low in lex.ABSENT and not _names(phrase) and phrase[0].low not in _POINTING:
        return None
    return (
        _owner(text, phrase)
        or _in_relative(text, phrase)
        or _behind_preposition(text, phrase)
        or _span(text, called(phrase) or phrase)
    )


def bare(text: str) -> str:
    """The text without the quotation marks or brackets around it."""
    enclosed = _ENCLOSED.fullmatch(text)
    return enclosed[1].strip() or text if enclosed else text


def is_subject(text: str) -> bool:
    """Whether text between the parts of a wording can be its subject."""
    words = words_of(text)
    if "?" in text or text.endswith((",", ";", ":")) or text in lex.FUNCTION_WORDS:
        return False
    sentence = any(word.text in lex.COPULAS for word in words)
    return bool(words) and len(words) <= MAX_SUBJECT_WORDS and not sentence


def is_name(words: Sequence[Word]) -> bool:
    """Whether all words belong to a name, perhaps behind an article."""
    return bool(words) and all(
        w.kind in "N9n" or (i == 0 and w.low in lex.ARTICLES and len(words) > 1)
        for i, w in enumerate(words)
    )


def _without_apposition(phrase: Sequence[Word]) -> Sequence[Word]:
    """Only what stands before a comma, where that is a whole phrase."""
    comma = next((i for i, w in enumerate(phrase) if w.text in (",", ";")), None)
    return phrase if comma is None or comma == 0 else phrase[:comma]


def _owner(text: str, phrase: Sequence[Word]) -> str | None:
    """ "Alice" of "Alice's car", "My" of "My doctor"; not a title or firm that ends in "'s"."""
    before = _until_hung(phrase)
    last = max((i for i, word in enumerate(before) if word.owns), default=None)
    if last is None or last + 1 >= len(before) or _is_title(phrase, last):
        return None
    owner = before[: last + 1]
    name = _span(text, called(owner) or owner)
    return POSSESSIVE.sub("", name) if name else None


def _is_title(phrase: Sequence[Word], owner: int) -> bool:
    """Whether a possessive begins a title, as in "Tom's Diner"."""
    return phrase[owner].kind == "N" and phrase[owner + 1].kind == "N" and is_name(phrase)


def _until_hung(phrase: Sequence[Word]) -> Sequence[Word]:
    end = next(
        (i for i, w in enumerate(phrase) if i and w.kind == "w" and w.low in lex.PREPOSITIONS),
        len(phrase),
    )
    return phrase[:end]


def _in_relative(text: str, phrase: Sequence[Word]) -> str | None:
    """ "Acme" of "the man who founded Acme", "my car" of "the man who fixed my car"."""
    place = next(
        (i for i, w in enumerate(phrase) if i and w.kind == "w" and w.low in lex.RELATIVES), None
    )
    if place is None:
        return None
    return _first_name(text, phrase[place:]) or _determined(text, phrase[place + 1 :])


def _determined(text: str, phrase: Sequence[Word]) -> str | None:
    """The last noun phrase that begins with a determiner."""
    first = max((i for i, w in enumerate(phrase) if w.low in lex.DETERMINERS), default=None)
    return None if first is None else _span(text, _cut_at_verb(phrase[first:]))


def _cut_at_verb(phrase: Sequence[Word]) -> Sequence[Word]:
    end = next(
        (i for i, w in enumerate(phrase) if i > 1 and is_form(w.low, "third", "past")), len(phrase)
    )
    return phrase[:end]


def _first_name(text: str, phrase: Sequence[Word]) -> str | None:
    """The first name in a phrase, with more than one word if there is such a one."""
    code = "".join(w.kind for w in phrase)
    found = list(_NAME.finditer(code))
    if not found:
        return None
    name = max(found, key=lambda match: sum(kind != "n" for kind in match[0]))
    end = next((i + 1 for i in range(name.start(), name.end()) if phrase[i].owns), name.end())
    words = phrase[name.start() : end]
    owns = end < len(phrase) and words[-1].owns
    return POSSESSIVE.sub("", span_of(text, words)) if owns else bare(span_of(text, words))


def _behind_preposition(text: str, phrase: Sequence[Word]) -> str | None:
    places = [i for i, w in enumerate(phrase) if i and w.kind == "w" and w.low in lex.PREPOSITIONS]
    if not places:
        return None
    head = phrase[: places[0]]
    if is_name(head) and not (len(head) == 2 and head[0].low in lex.ARTICLES):  # "The CEO of Acme"
        return _span(text, head)
    objects = [phrase[a + 1 : b] for a, b in zip(places, [*places[1:], len(phrase)], strict=True)]
    named = next((o for o in objects if _names(o)), None)
    rest = phrase[places[0] + 1 :]
    whom = called(named or rest) or named or rest
    return _span(text, whom) if named or says_something(rest) else None


def _names(phrase: Sequence[Word]) -> bool:
    return any(word.kind == "N" for word in phrase)


def _span(text: str, phrase: Sequence[Word]) -> str | None:
    """The phrase as it stands; a name without its article, a possessive without its mark."""
    phrase = [w for w in phrase if w.kind != "," or w.text not in (",", ";", ":", ".")]
    if not phrase or (not says_something(phrase) and phrase[0].low not in lex.FIRST_PERSON):
        return None
    article = len(phrase) > 1 and phrase[0].kind == "w" and phrase[0].low in lex.ARTICLES
    if article and is_name(phrase[1:]) and not (len(phrase) == 2 and _is_word(phrase[1])):
        phrase = phrase[1:]
    return bare(span_of(text, phrase))


def _is_word(word: Word) -> bool:
    """Whether a name is a function word that is only known as one by its article: "The Who"."""
    return word.low in lex.FUNCTION_WORDS


def _of_object(text: str, clause: Clause) -> str | None:
    """ "the help desk" of "You can reach the help desk at"."""
    place, _ = main_verb(clause.words, clause.verb)
    return of_noun_phrase(text, _until_hung(clause.words[place + 1 :]))


def _of_question(text: str, words: Sequence[Word]) -> str | None:
    """The longest name, else the noun phrase that stands behind the verb or before it."""
    return _first_name(text, words) or _common(text, words)


def _common(text: str, words: Sequence[Word]) -> str | None:
    """ "the office" of "What is the wifi password at the office?", "a ticket" of "... cost?"."""
    verb = next((i for i, w in enumerate(words) if w.low in lex.AUXILIARIES), None)
    phrase = _topic(words, verb)
    if [w.low for w in phrase] in (["i"], ["we"]):
        return phrase[0].text
    return mine(phrase) or (of_noun_phrase(text, phrase) if says_something(phrase) else None)


def _topic(words: Sequence[Word], verb: int | None) -> Sequence[Word]:
    """What stands behind the verb of a question, or before that of a statement."""
    before = [] if verb is None or words[0].low in _ASKING else list(words[:verb])
    phrase = before if says_something(before) else list(words[0 if verb is None else verb + 1 :])
    phrase = phrase[: next((i for i, w in enumerate(phrase) if w.kind == "," and i), len(phrase))]
    helped = verb is not None and words[verb].low in lex.DO | lex.MODALS
    while len(phrase) > 1 and _is_loose(phrase[-1], "base" if helped else "done"):
        phrase.pop()
    return phrase


def _is_loose(word: Word, kind: str) -> bool:
    return word.low in lex.PREPOSITIONS or is_form(word.low, kind) or word.kind == ","
