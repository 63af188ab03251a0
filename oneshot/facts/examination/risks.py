"""Facts at risk: which failed or nearly did, and what to do about it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from oneshot.facts.examination.probing import IN_FRONT, KINDS, OWN, Question
from oneshot.facts.learner import Learner
from oneshot.facts.types import Fact, Reply
from oneshot.memory.journal.rows import Examination

THIN = 1.0  # nats; of 2,393 right answers about facts of the tuning split, 2 had less
THIN_MARGIN = "thin margin"
SAMPLE = 2  # right answers of each kind, for a reader to check
ARTICLES = ("a", "an", "the")


@dataclass(frozen=True)
class Risk:
    """One fact's worst outcome: what was asked and said, what was wanted, and what to do.

    `why` is "failed", "spoke elsewhere" or, of a right answer, "thin margin".
    """

    fact: int
    why: str
    kind: str
    question: str
    said: str
    wanted: str
    margin: float | None
    advice: str

    @property
    def failed(self) -> bool:
        """Whether an answer was wrong, here or elsewhere."""
        return self.why != THIN_MARGIN


def find_risks(
    learner: Learner,
    questions: Sequence[Question],
    replies: Sequence[Reply],
    outcomes: Sequence[Examination],
) -> tuple[Risk, ...]:
    """The worst of each fact's outcomes, where one is bad; failures first."""
    found: dict[int, tuple[tuple[int, float], Risk]] = {}
    for question, reply, outcome in zip(questions, replies, outcomes, strict=True):
        rank = _rank(outcome)
        known = found.get(outcome.fact)
        if rank is not None and (known is None or rank < known[0]):
            wanted = (reply.base if question.answer is None else question.answer) or ""
            found[outcome.fact] = rank, _risk(learner.show(outcome.fact), outcome, reply, wanted)
    return tuple(risk for _, risk in sorted(found.values(), key=lambda f: (f[0], f[1].fact)))


def sample_right(outcomes: Sequence[Examination]) -> tuple[Examination, ...]:
    """Some right answers of each kind, of different facts where there are."""
    chosen: list[Examination] = []
    for kind in KINDS:
        right = {e.fact: e for e in reversed(outcomes) if e.kind == kind and e.correct}
        seen = {e.fact for e in chosen}
        chosen += sorted(right.values(), key=lambda e: (e.fact in seen, e.fact))[:SAMPLE]
    return tuple(chosen)


def _rank(outcome: Examination) -> tuple[int, float] | None:
    """The smaller, the worse; None where nothing is wrong."""
    if not outcome.correct:
        if outcome.kind == IN_FRONT:
            return None
        return (OWN.index(outcome.kind) if outcome.kind in OWN else len(OWN), 0.0)
    if outcome.kind in OWN and outcome.margin is not None and outcome.margin < THIN:
        return len(OWN) + 1, outcome.margin
    return None


def _risk(fact: Fact, outcome: Examination, reply: Reply, wanted: str) -> Risk:
    local = outcome.kind not in OWN
    why = THIN_MARGIN if outcome.correct else "spoke elsewhere" if local else "failed"
    return Risk(
        fact.id,
        why,
        outcome.kind,
        outcome.question,
        outcome.answer,
        wanted,
        outcome.margin,
        _advice(fact, outcome, reply, local=local),
    )


def _advice(fact: Fact, outcome: Examination, reply: Reply, *, local: bool) -> str:
    others = [f"#{other}" for other in reply.facts if other != fact.id]
    if local:
        command = f"oneshot teach {_quoted(outcome.question)} ANSWER"
        return f"if it is another question, teach its answer: {command}"
    if not outcome.correct and others:
        return f"{others[0]} speaks instead: forget one of the two, or name the subjects in full"
    if fact.prompt.split()[-1].lower() in ARTICLES:
        return "its prompt ends in an article, a weak address: teach it without that word"
    if outcome.kind == "taught":
        return f"teach it again in other words, with --subject {_quoted(fact.subject)}"
    words = f"{_quoted(outcome.question)} {_quoted(fact.answer)} --subject {_quoted(fact.subject)}"
    return f"teach this wording too: oneshot teach {words}"


def _quoted(word: str) -> str:
    """One word for a shell, with double quotes where they are enough: names have apostrophes."""
    return shlex.quote(word) if set(word) & set('"$`\\!') else f'"{word}"'
