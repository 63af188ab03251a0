"""Questions and clozes that ask what a taught prompt asks, made by grammar alone.

Fewer but right: what grammar cannot tell surely, as whether a name is a person's, is not asked.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from adapters.text.aimed import unnamed
from oneshot.facts.language.asking.answers import Sort, sort_of
from oneshot.facts.language.asking.cloze import Cloze, read_cloze
from oneshot.facts.language.asking.descriptions import described
from oneshot.facts.language.asking.identities import identities
from oneshot.facts.language.asking.leads import lead
from oneshot.facts.language.asking.reversal import clozes_of
from oneshot.facts.language.asking.verbal import ask
from oneshot.facts.language.splitting.apposition import kind_before
from oneshot.facts.language.splitting.clauses import read_clause
from oneshot.facts.language.text import capitalised

MAX_FORMS = 6

_DEED = re.compile(r"To (?P<deed>.+) it (?P<verb>takes|took|costs|cost)")
_HOW = {
    "takes": "How long does",
    "took": "How long did",
    "costs": "How much does",
    "cost": "How much did",
}


def questions(prompt: str, subject: str, answer: str = "") -> list[str]:
    """Questions and other clozes that ask exactly what `prompt` asks, the plainest first.

    At most six, each with the subject in it once; empty where grammar makes nothing sure. The
    answer's form decides between who, what, where, when and how many; without an answer only
    what is sure for any is made. A prompt that is a question gives its clozes too.
    """
    prompt, subject = prompt.strip(), subject.strip()
    if not prompt or not subject:
        return []
    if prompt.endswith(":"):
        prompt = lead(prompt, subject, answer) or prompt
    asked, mark, _ = prompt.partition("?")
    if mark:
        made = _of_question(asked + mark, subject, answer)
    else:
        ways = (_of_cloze, _of_bare_name, _of_shorter)
        made = chain.from_iterable(way(prompt, subject, answer) for way in ways)
    forms = dict.fromkeys(made)
    return [f for f in forms if f != prompt and _names_once(f, subject)][:MAX_FORMS]


def _of_cloze(prompt: str, subject: str, answer: str) -> Iterator[str]:
    if (plain := unnamed(prompt)) != prompt:  # what is asked for is no name of another thing
        yield plain
        yield from _of_cloze(plain, subject, answer)
        return
    deed = _DEED.fullmatch(prompt)
    if deed:
        question = _HOW[deed["verb"]]
        yield f"{question} it {'take' if 'long' in question else 'cost'} to {deed['deed']}?"
        return
    cloze = read_cloze(prompt)
    if cloze is None:
        return
    sort = sort_of(answer)
    for maker in _MAKERS:
        found = list(maker(cloze, subject, answer, sort))
        if found:
            yield from found
            return


def _of_bare_name(prompt: str, subject: str, answer: str) -> Iterator[str]:
    """What "My brother Felix lives in" asks of Felix, whoever he is."""
    kind = kind_before(prompt, subject)
    if kind and prompt.startswith(kind):
        bare = prompt.removeprefix(kind).lstrip()
        yield bare
        yield from _of_cloze(bare, subject, answer)


def _of_shorter(prompt: str, subject: str, answer: str) -> Iterator[str]:
    """What "Rex, who is two, sleeps in" asks, without what is said of Rex between the commas."""
    if prompt.count(",") != 2:
        return
    before, inner, rest = prompt.split(",")
    clause = read_clause(prompt)
    aside = before.endswith(subject) and re.match(r" [a-z]", inner)
    if aside and clause and prompt[: clause.words[clause.verb].start].rstrip().endswith(","):
        shorter = before + rest
        yield from _of_cloze(shorter, subject, answer)
        yield shorter


def _asked(cloze: Cloze, subject: str, answer: str, sort: Sort) -> Iterator[str]:
    yield from ask(cloze, answer, sort)


_Maker = Callable[[Cloze, str, str, Sort], Iterator[str]]
_MAKERS: Sequence[_Maker] = (described, identities, _asked)


def _of_question(prompt: str, subject: str, answer: str) -> Iterator[str]:
    clozes = clozes_of(prompt, subject, answer)
    others = [form for cloze in clozes for form in _of_cloze(cloze, subject, answer)]
    yield prompt
    who = prompt.startswith("Who ")
    asked = (form for form in others if form.endswith("?"))
    yield from (re.sub("^What ", "Who ", form) if who else form for form in asked)
    yield from map(capitalised, clozes)
    yield from (form for form in others if not form.endswith("?"))


def _names_once(form: str, subject: str) -> bool:
    spelled = rf"(?<!\w){re.escape(subject)}(?!\w)"
    return len(re.findall(spelled, form, re.IGNORECASE)) == 1 and "  " not in form
