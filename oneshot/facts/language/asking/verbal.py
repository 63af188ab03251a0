"""The question words for what stands behind a verb, and where its preposition goes."""

import re
from collections.abc import Callable, Iterator, Sequence

from oneshot.facts.language.asking import question_words as qw
from oneshot.facts.language.asking.agents import agents
from oneshot.facts.language.asking.answers import TIMES, Sort, counted, numbered
from oneshot.facts.language.asking.cloze import Cloze
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.verbs import base_of, is_form

_OPEN = frozenset({Sort.PERSON, Sort.NAME, Sort.UNKNOWN})
_NOWHERE = frozenset({Sort.UNKNOWN, Sort.MONEY, Sort.TEMPERATURE, Sort.DURATION})
_ON = lex.word_set("be lie stand sit hang park live locate situate")
_ADVERBIAL = re.compile(r"(?:every|each|last|next|this|today|tomorrow|yesterday)\b")
_STANDING = {("located",), ("situated",)}  # "Where is it?" says as much
_ABSTRACT = lex.word_set("faith interest trust stake share confidence belief prize degree seat job")
_NAMING = lex.word_set("name rise birth title")
_COMING = qw.GOING | lex.word_set("come leave depart graduate start be originate")


def ask(cloze: Cloze, answer: str, sort: Sort) -> list[str]:
    """Questions for what completes the cloze; none where the answer's sort leaves it open."""
    made = (list(way(cloze, answer, sort)) for way in _WAYS)
    return next(filter(None, made), [])


def _class_noun(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """ "speaks the language": what language does she speak?"""
    if cloze.noun:
        yield cloze.asked(f"What {cloze.noun}")


def _language(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    spoken = cloze.base == "speak" and not cloze.prepositions
    if spoken and sort in (Sort.LANGUAGE, Sort.NAME):
        yield cloze.asked("What languages" if " and " in answer else "What language")
        yield cloze.asked("What")
    elif sort is Sort.LANGUAGE and cloze.last == "in":
        yield cloze.asked("What language")


def _time(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    last = cloze.last
    due = cloze.middle[-1:] == ("due",) and last in ("on", "in", "at", "by")
    if sort in TIMES and last in ("until", "since"):
        yield cloze.asked(f"{last.capitalize()} when", drop=1)
    elif sort is Sort.DAY and not last and _ADVERBIAL.match(answer):
        yield cloze.asked("When")
    elif due or (sort in TIMES and last in ("in", "on", "at")):
        yield cloze.asked("When", drop=1)
        for exact in _EXACT.get((last, sort), ()):
            yield cloze.asked(exact, drop=1)


_EXACT = {
    ("in", Sort.YEAR): ("In what year",),
    ("on", Sort.DATE): ("On what date",),
    ("at", Sort.CLOCK): ("What time", "At what time"),
}


def _amount(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """How long, how much, how many, at what temperature."""
    if cloze.last == "at" and sort is Sort.TEMPERATURE:
        yield cloze.asked("At what temperature", drop=1)
    elif cloze.last == "for" and sort is Sort.DURATION:
        yield cloze.asked("How long", drop=1)
    elif cloze.last == "for" and sort is Sort.MONEY:
        yield cloze.asked("How much")
    elif counted(answer) and cloze.last in ("", "of", "after", "for", "with"):
        yield cloze.asked(f"How many {counted(answer)}")
    elif not cloze.last and cloze.base in qw.PRICED and sort not in _OPEN | {Sort.OTHER}:
        yield cloze.asked("How much")
    elif not cloze.last and cloze.base in qw.LASTING and sort is Sort.DURATION:
        yield cloze.asked("How long")


def participle_of(cloze: Cloze) -> str:
    """The participle behind a form of "be", in lower case; else empty."""
    found = next(
        (w.lower() for w in cloze.middle if is_form(w.lower(), "done") or w.lower().endswith("ed")),
        "",
    )
    return found if cloze.operator in lex.FINITE_BE or {"be", "been"} & {*cloze.middle} else ""


def _behind_preposition(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    if not cloze.last:
        return
    if noun := numbered(answer):
        yield cloze.asked(f"Which {noun}")
    if _is_place(cloze, sort):
        yield cloze.asked("Where", drop=len(cloze.prepositions))
        if cloze.operator in lex.FINITE_BE and cloze.middle in _STANDING and not cloze.fronted:
            yield f"Where {cloze.operator} {cloze.topic}?"
    elif _leads(cloze) and sort not in TIMES and sort is not Sort.UNKNOWN:
        yield cloze.asked("Where")
    elif (word := _whom(cloze, sort)) is not None:
        yield cloze.asked(word)


def _is_place(cloze: Cloze, sort: Sort) -> bool:
    """Whether verb and preposition tell where something is or is done."""
    last, done = cloze.last, participle_of(cloze)
    if _is_object_there(cloze, sort):
        return True
    base = _base_of_participle(done) if done else cloze.base
    complement = bool(cloze.middle) and cloze.base == "be" and not done  # "good at"
    office = base == "hold" and not done  # "holds membership in"
    sharing = cloze.middle[-1:] == ("part",)  # "takes part in"
    if sort in _NOWHERE or complement or office or sharing or base not in qw.PLACED:
        return False
    if last == "on":
        return base in _ON
    return last in ("in", "at") or last in qw.NEAR_PLACES or cloze.prepositions[0] == "next"


def _is_object_there(cloze: Cloze, sort: Sort) -> bool:
    """Whether something is done to a thing somewhere: "broke her wrist in", "costs £3 at"."""
    if cloze.last in ("at", "in") and cloze.base == "cost":
        paid = len(cloze.middle) > 1 and any(map(str.isdigit, cloze.middle[1]))
        return paid and sort in (Sort.NAME, Sort.OTHER)
    owned = len(cloze.middle) > 2 and cloze.middle[1].lower() in lex.ARTICLES | lex.OWNERS
    befell = cloze.base in qw.BEFALLING and cloze.middle[:1] == (cloze.base,)
    abstract = cloze.middle[-1:] and cloze.middle[-1] in _ABSTRACT
    return owned and befell and not abstract and cloze.last == "in" and sort is Sort.NAME


def _base_of_participle(done: str) -> str:
    """Of a verb that no list has, too: "headquartered"."""
    stem = done.removesuffix("ed")
    return base_of(done, "done") or (stem if stem in qw.PLACED else done.removesuffix("d"))


def _leads(cloze: Cloze) -> bool:
    """Whether a way is told: "moved to", "comes from"."""
    verb = cloze.middle[-1].lower() if cloze.middle else cloze.base
    if cloze.last == "to":
        return cloze.base in qw.GOING and verb == cloze.base
    return cloze.last == "from" and cloze.base in _COMING and verb == cloze.base


def _whom(cloze: Cloze, sort: Sort) -> str | None:
    """Who or what a preposition leads to; None where that cannot be told."""
    head = cloze.middle[-1].lower() if cloze.middle else ""
    if sort is Sort.PERSON or head in ("married", "engaged"):
        return "Who"
    giver = cloze.base in qw.GIVING or base_of(participle_of(cloze), "done") in qw.GIVING
    if giver and cloze.last == "to" and sort is Sort.NAME and head not in _NAMING:
        return "Who"
    if cloze.last == "for" and cloze.base in qw.WORK_FOR:
        return "Who"
    if sort is Sort.UNKNOWN or (cloze.last == "to" and sort in TIMES | {Sort.MEASURE}):
        return None  # "rises to", "was moved to"
    if sort is not Sort.NAME or cloze.last in ("as", "into", "on"):
        return "What"
    plain = {head, cloze.base, base_of(head, "done")}
    return "What" if cloze.last in ("of", "to", "in") and plain & qw.WHAT_OF else None


def _object(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """What the verb itself leads to."""
    if cloze.last or sort is Sort.UNKNOWN:
        return
    if cloze.base == "be":
        last = cloze.middle[-1].lower() if cloze.middle else ""
        if last in lex.SUBJECT_NAMING or is_form(last, "base"):  # "is called", "is used to treat"
            yield cloze.asked("What")
    elif (word := _object_word(cloze, sort)) is not None:
        yield cloze.asked(word)


def _object_word(cloze: Cloze, sort: Sort) -> str | None:
    if cloze.base == "have" or cloze.base in qw.ALONE or sort in TIMES:
        return None  # one has many things
    if cloze.base in qw.WITH_PEOPLE and sort in (Sort.PERSON, Sort.NAME):
        return "Who"
    if sort is Sort.PERSON:
        return "Who" if cloze.base in qw.WITH_ANYONE else None
    return None if sort is Sort.NAME and cloze.base in qw.WITH_ANYONE else "What"


_Way = Callable[[Cloze, str, Sort], Iterator[str]]
_WAYS: Sequence[_Way] = (
    _class_noun,
    _language,
    agents,
    _time,
    _amount,
    _behind_preposition,
    _object,
)
