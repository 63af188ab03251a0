"""The same question in other words: from the shipped wordings, or by grammar alone."""

from oneshot.facts.language.asking.questions import questions
from oneshot.facts.wordings import unambiguous_wordings
from oneshot.hosts.corpus import corpus_wordings


def template_of(prompt: str, subject: str) -> str:
    """The prompt with a gap in the subject's place, at its last mention."""
    before, found, after = prompt.rpartition(subject)
    return f"{before}{{}}{after}" if found else prompt


def rewordings(prompt: str, subject: str, relation: str, answer: str = "") -> list[str]:
    """Other prompts that ask the same of the same subject; none where no sure one is known.

    The shipped wordings of a relation are used only where the prompt is one of them: what the
    host takes a relation for may be nearly right, and that is no paraphrase. `relation` is its
    label, which settles between relations that share the wording; the answer's form tells grammar
    what to ask with.
    """
    shipped = [w.replace("{}", subject) for w in _shipped(template_of(prompt, subject), relation)]
    wordings = dict.fromkeys([*shipped, *questions(prompt, subject, answer)])
    return [wording for wording in wordings if wording != prompt]


def _shipped(template: str, relation: str) -> list[str]:
    found = {
        key: entry.label
        for key, entry in corpus_wordings().items()
        if template in (*entry.main, *entry.held_out)  # the loose ones were mined, and err
    }
    sure = [key for key, label in found.items() if len(found) == 1 or label == relation]
    return unambiguous_wordings()[sure[0]] if sure else []
