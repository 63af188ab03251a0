"""How the sentence of a fact begins whose prompt is no beginning of one."""

import re

from oneshot.facts.language.asking.reversal import clozes_of
from oneshot.facts.language.splitting.clauses import is_plural
from oneshot.facts.language.splitting.labels import HANGING
from oneshot.facts.language.splitting.words import own, words_of
from oneshot.facts.language.text import capitalised
from oneshot.hosts.relations import common_words

_LABEL = re.compile(r"(?P<of>[^:?]+?)\s*:")
_NOUN = r"(?!(?:the|an?|my|our|your) )[\w-]+(?: [\w-]+)?"
_QUOTE = "[\"'\u201c\u201d\u2018\u2019]?"
_TOLD = r"(?:the|my|our|your)\b.+"


def lead(prompt: str, subject: str, answer: str) -> str | None:
    """ "What is the capital of Zog?" and "Capital of Zog:" as they are told, up to the answer; None
    for other prompts and where grammar makes nothing sure.
    """
    if prompt.endswith("?"):
        return next(map(capitalised, clozes_of(prompt, subject, answer)), None)
    label = _LABEL.fullmatch(prompt)
    told = of_label(label["of"], subject) if label else None
    if told is None:
        return None
    return f"{capitalised(told)} {'are' if is_plural(words_of(told)) else 'is'}"


def of_label(label: str, subject: str) -> str | None:
    """What a label names: "the capital of Zog" of "Capital of Zog", "Ivo's job" of "Ivo job"."""
    name = rf"(?:the )?{re.escape(subject)}"
    hangs = rf"(?:{'|'.join(HANGING)}) {_QUOTE}{name}{_QUOTE}"
    if re.fullmatch(rf"{_NOUN} {hangs}", label, re.IGNORECASE):
        return f"the {_lowered(label)}"
    if re.fullmatch(rf"{_TOLD} {hangs}|{name}['\u2019]s?\b.+|(?:my|our) [\w -]+", label, re.I):
        return label
    if re.fullmatch(name, label, re.IGNORECASE):
        known = label.split()[-1].lower() in common_words()
        return f"the {_lowered(label.removeprefix('The '))}" if known else None
    behind = re.fullmatch(rf"{name} (?P<noun>[\w -]+)", label, re.IGNORECASE)
    return f"{own(subject)} {behind['noun']}" if behind else None


def _lowered(label: str) -> str:
    """A label as it stands within a sentence; "PIN" stays as it is."""
    return label[0].lower() + label[1:] if label.split()[0].istitle() else label
