"""The same question in other words: from the shipped wordings, or by grammar alone."""

import re
from collections.abc import Iterator

from oneshot.facts.wordings import unambiguous_wordings
from oneshot.hosts.corpus import corpus_wordings

# A noun phrase "of" the subject may be turned about whatever the noun is.
_OF = r"(?:The|What (?P<asked>is|was|are|were) the) (?P<noun>[\w' -]+?) of "
_NOUN_OF_SUBJECT = re.compile(_OF + r"\{\}(?: (?P<verb>is|was|are|were)|\?)")
_SUBJECTS_NOUN = re.compile(
    r"(?:What (?P<asked>is|was|are|were) )?\{\}['\u2019]s? (?P<noun>[\w' -]+?)"
    r"(?: (?P<verb>is|was|are|were)|\?)"
)
_DONE_BY = re.compile(r"\{\} (?P<verb>is|was) (?P<done>\w+(?:ed|en|wn|ung|uilt|ade)) by")


def template_of(prompt: str, subject: str) -> str:
    """The prompt with a gap in the subject's place, at its last mention."""
    before, found, after = prompt.rpartition(subject)
    return f"{before}{{}}{after}" if found else prompt


def rewordings(prompt: str, subject: str, relation: str) -> list[str]:
    """Other prompts that ask the same of the same subject; none where no sure one is known.

    The shipped wordings of a relation are used only where the prompt is one of them: what the
    host takes a relation for may be nearly right, and that is no paraphrase. `relation` is its
    label, which settles between relations that share the wording.
    """
    template = template_of(prompt, subject)
    wordings = dict.fromkeys([*_shipped(template, relation), *_turned(template, subject)])
    return [w.replace("{}", subject) for w in wordings if w != template]


def _shipped(template: str, relation: str) -> list[str]:
    found = {
        key: entry.label
        for key, entry in corpus_wordings().items()
        if template in (*entry.main, *entry.held_out)  # the loose ones were mined, and err
    }
    sure = [key for key, label in found.items() if len(found) == 1 or label == relation]
    return unambiguous_wordings()[sure[0]] if sure else []


def _turned(template: str, subject: str) -> Iterator[str]:
    noun = _NOUN_OF_SUBJECT.fullmatch(template) or _SUBJECTS_NOUN.fullmatch(template)
    if noun:
        name, verb = noun["noun"], noun["verb"] or noun["asked"]
        own = "{}'" if subject.endswith("s") else "{}'s"
        if verb is not None:
            yield f"The {name} of {{}} {verb}"
            yield f"{own} {name} {verb}"
            yield f"What {verb} the {name} of {{}}?"
            yield f"What {verb} {own} {name}?"
    done = _DONE_BY.fullmatch(template)
    if done:
        yield f"Who {done['verb']} {{}} {done['done']} by?"
