"""The shipped wordings that leave no doubt which relation is meant."""

from collections import Counter

from oneshot.hosts.corpus import corpus_wordings


def unambiguous_wordings() -> dict[str, list[str]]:
    """Wordings by relation that no other relation uses."""
    wordings = corpus_wordings()
    uses = Counter(t for entry in wordings.values() for t in entry.main)
    return {r: [t for t in entry.main if uses[t] == 1] for r, entry in wordings.items()}


def fill(wording: str, subject: str) -> str:
    """The wording with the subject in its place."""
    return wording.replace("{}", subject)


def templates() -> tuple[str, ...]:
    """Wordings that help to split sentences, each with `{}` for the subject."""
    entries = corpus_wordings().values()
    return tuple(dict.fromkeys(t for entry in entries for t in (*entry.main, *entry.held_out)))
