"""How the sentence of a fact begins whose prompt is no beginning of one."""

import re

from oneshot.facts.language.asking.reversal import clozes_of
from oneshot.facts.language.text import capitalised

_LABEL = re.compile(r"(?P<of>[^:?]+?)\s*:")
_NOUN = r"(?!(?:the|an?|my|our|your) )[\w-]+(?: [\w-]+)?"


def lead(prompt: str, subject: str, answer: str) -> str | None:
    """ "What is the capital of Zog?" and "Capital of Zog:" as they are told, up to the answer; None
    for other prompts and where grammar makes nothing sure.
    """
    if prompt.endswith("?"):
        return next(map(capitalised, clozes_of(prompt, subject, answer)), None)
    label = _LABEL.fullmatch(prompt)
    return of_label(label["of"], subject) if label else None


def of_label(label: str, subject: str) -> str | None:
    """ "The capital of Zog is" for "capital of Zog"."""
    name = re.escape(subject)
    if re.fullmatch(rf"{_NOUN} (?:of|for) (?:the )?{name}", label, re.IGNORECASE):
        label = f"the {label[0].lower()}{label[1:]}"
    known = (
        rf"(?:the|my|our|your)\b.+ (?:of|for) (?:the )?{name}|(?:the )?{name}['\u2019]s\b.+|"
        r"(?:my|our) [\w -]+"
    )
    return f"{capitalised(label)} is" if re.fullmatch(known, label, re.IGNORECASE) else None
