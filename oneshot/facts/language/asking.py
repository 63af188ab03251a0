"""The question words for what stands behind a verb, and where its preposition goes."""

from collections.abc import Iterator

from oneshot.facts.language import lexicon as lex
from oneshot.facts.language import question_words as qw
from oneshot.facts.language.answers import TIMES, Sort, counted
from oneshot.facts.language.cloze import Cloze
from oneshot.facts.language.verbs import base_of, is_form, past, third

_THINGS = frozenset(
    {
        Sort.LANGUAGE,
        Sort.OTHER,
        Sort.NUMBER,
        Sort.COUNT,
        Sort.MONEY,
        Sort.MEASURE,
        Sort.DURATION,
        Sort.TEMPERATURE,
    }
)


def ask(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """Questions for what completes the cloze; none where the answer's sort leaves it open."""
    last = cloze.prepositions[-1] if cloze.prepositions else ""
    if cloze.noun:
        yield cloze.asked(f"What {cloze.noun}")
    elif sort is Sort.LANGUAGE and (last == "in" or cloze.base == "speak"):
        yield cloze.asked("What languages" if " and " in answer else "What language")
        if not last:
            yield cloze.asked("What")
    elif last == "by" and (agents := list(_agent(cloze, sort))):
        yield from agents
    elif sort in TIMES and last in ("in", "on", "at", "until", "since", ""):
        yield from _time(cloze, last, answer, sort)
    elif last == "at" and sort is Sort.TEMPERATURE:
        yield cloze.asked("At what temperature", drop=1)
    elif last == "for" and sort is Sort.DURATION:
        yield cloze.asked("How long", drop=1)
    elif last == "to" and sort is Sort.MEASURE:
        return  # "rises to": how high
    elif cloze.middle[-1:] == ("due",) and last in ("on", "in", "at", "by"):
        yield cloze.asked("When", drop=1)
    elif last:
        yield from _behind_preposition(cloze, last, answer, sort)
    else:
        yield from _object(cloze, answer, sort)


def participle_of(cloze: Cloze) -> str:
    """The participle behind a form of "be", in lower case; else empty."""
    found = next(
        (w.lower() for w in cloze.middle if is_form(w.lower(), "done") or w.lower().endswith("ed")),
        "",
    )
    return found if cloze.operator in lex.FINITE_BE or "been" in cloze.middle else ""


def _time(cloze: Cloze, last: str, answer: str, sort: Sort) -> Iterator[str]:
    if last in ("until", "since"):
        yield cloze.asked(f"{last.capitalize()} when", drop=1)
        return
    if not last:
        return  # "the museum remembers 1914"
    yield cloze.asked("When", drop=1)
    if last == "in" and sort is Sort.YEAR:
        yield cloze.asked("In what year", drop=1)
    elif last == "on" and sort is Sort.DATE:
        yield cloze.asked("On what date", drop=1)
    elif last == "at" and sort is Sort.CLOCK:
        yield cloze.asked("What time", drop=1)
        yield cloze.asked("At what time", drop=1)


def _agent(cloze: Cloze, sort: Sort) -> Iterator[str]:
    """ "was directed by": who directed it, who was it directed by."""
    done = cloze.middle[0].lower() if cloze.middle else ""
    base = base_of(done, "done") or ""
    if cloze.operator not in lex.COPULAS or not (is_form(done, "done") or done.endswith("ed")):
        return
    who = _agent_word(base, sort)
    if who is None:
        return
    active = _active(cloze.operator, done, base)
    rest = " ".join([cloze.topic, *cloze.middle[1:], *cloze.prepositions[:-1]])
    if active:
        yield f"{who} {active} {rest}{' ' if cloze.fronted else ''}{cloze.fronted}?"
    inverted = [who, cloze.operator, cloze.topic, done, "by", *cloze.middle[1:], cloze.fronted]
    yield " ".join(part for part in inverted if part) + "?"


def _active(operator: str, done: str, base: str) -> str:
    if operator in ("is", "are"):
        return third(base) if base else ""
    return past(base) if base else done


def _agent_word(base: str, sort: Sort) -> str | None:
    if sort is Sort.PERSON:
        return "Who"
    if sort in _THINGS or base in qw.DONE_BY_THINGS:
        return "What"
    if sort is Sort.UNKNOWN or base not in qw.DONE_BY_ANYTHING:
        return "Who"
    return None


def _behind_preposition(cloze: Cloze, last: str, answer: str, sort: Sort) -> Iterator[str]:
    if counted(answer) and last in ("of", "after", "for", "with"):
        yield cloze.asked(f"How many {counted(answer)}")
    elif _is_place(cloze, last, sort):
        yield cloze.asked("Where", drop=len(cloze.prepositions))
    elif last in ("from", "to") and _leads(cloze, last) and sort not in TIMES:
        yield cloze.asked("Where")
    elif (word := _whom(cloze, last, sort)) is not None:
        yield cloze.asked(word)


def _is_place(cloze: Cloze, last: str, sort: Sort) -> bool:
    done = participle_of(cloze)
    base = (base_of(done, "done") or done.removesuffix("d")) if done else cloze.base
    complement = bool(cloze.middle) and cloze.base == "be" and not done
    if sort is Sort.UNKNOWN or complement or base not in qw.PLACED or (base == "hold" and not done):
        return False
    if last == "on":
        return base in ("be", "lie", "stand", "sit", "hang", "park", "live", "locate", "situate")
    return last in ("in", "at") or last in qw.NEAR_PLACES or cloze.prepositions[:1] == ("next",)


def _leads(cloze: Cloze, last: str) -> bool:
    verb = cloze.middle[-1].lower() if cloze.middle else cloze.base
    if last == "to":
        return cloze.base in qw.GOING and verb == cloze.base
    return cloze.base in qw.GOING | {
        "come",
        "leave",
        "depart",
        "graduate",
        "start",
        "be",
        "originate",
    } and (not cloze.middle or verb == cloze.base)


def _whom(cloze: Cloze, last: str, sort: Sort) -> str | None:
    """Who or what a preposition leads to; None where that cannot be told."""
    head = cloze.middle[-1].lower() if cloze.middle else ""
    if sort is Sort.PERSON or head in ("married", "engaged"):
        return "Who"
    if last == "for" and cloze.base in qw.WORK_FOR:
        return "Who"
    if sort is Sort.UNKNOWN:
        return None
    if (
        sort in _THINGS
        or last in ("as", "into", "on", "of")
        and (head in qw.WHAT_OF or last != "of")
    ):
        return "What"
    return "What" if cloze.base in qw.WHAT_OF or base_of(head, "done") in qw.WHAT_OF else None


def _object(cloze: Cloze, answer: str, sort: Sort) -> Iterator[str]:
    """What the verb itself leads to."""
    if sort is Sort.UNKNOWN:
        return
    if cloze.base == "be":
        yield from _predicate(cloze, sort)
    elif cloze.base in qw.PRICED and sort not in (Sort.PERSON, Sort.NAME, Sort.OTHER):
        yield cloze.asked("How much")
    elif cloze.base in qw.LASTING and sort is Sort.DURATION:
        yield cloze.asked("How long")
    elif counted(answer):
        yield cloze.asked(f"How many {counted(answer)}")
    elif (word := _object_word(cloze, sort)) is not None:
        if cloze.base == "speak" and sort is Sort.NAME:
            yield cloze.asked("What languages" if " and " in answer else "What language")
        yield cloze.asked(word)


def _predicate(cloze: Cloze, sort: Sort) -> Iterator[str]:
    named = cloze.middle and cloze.middle[-1].lower() in lex.SUBJECT_NAMING
    if named or (cloze.middle and cloze.base == "be" and _is_verb(cloze.middle[-1])):
        yield cloze.asked("What")


def _is_verb(word: str) -> bool:
    return is_form(word.lower(), "base")


def _object_word(cloze: Cloze, sort: Sort) -> str | None:
    if (
        cloze.base in ("", "have")
        and cloze.operator in ("does", "do", "did")
        and cloze.base == "have"
    ):
        return None  # one has many things
    if cloze.base in qw.WITH_PEOPLE and sort in (Sort.PERSON, Sort.NAME):
        return "Who"
    if sort is Sort.PERSON:
        return "Who" if cloze.base in qw.WITH_ANYONE else None
    if sort is Sort.NAME and cloze.base in qw.WITH_ANYONE:
        return None
    return "What" if sort not in TIMES else None
