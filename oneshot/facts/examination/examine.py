"""Examine taught facts by free generation, and keep each outcome in the journal."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.query.denoise import ASKED
from adapters.query.evidence import CERTAIN
from oneshot.facts.examination.probing import IN_FRONT, KINDS, OWN, Prober, Question
from oneshot.facts.examination.risks import Risk, find_risks, sample_right
from oneshot.facts.implied.times import over
from oneshot.facts.learner import Learner
from oneshot.facts.manner import CHAT, Manner
from oneshot.facts.types import Reply
from oneshot.memory.examiner.turns import Collision, Examiner
from oneshot.memory.journal.rows import Examination, Fact
from oneshot.progress import Report, silent

CHUNK = 16  # facts whose outcomes are kept together: what was done before Ctrl-C stays
TIMED = 32  # questions at least, or no time is given
KNOWN = 32  # of the host's own facts, asked behind other text as the taught ones are


@dataclass(frozen=True)
class Score:
    """Right answers to one kind of question; `own` is the share that the host's own facts have."""

    kind: str
    right: int
    n: int
    own: float | None = None


@dataclass(frozen=True)
class Sitting:
    """One round of examinations; without facts to examine it has no number.

    Milliseconds are of one question, bare and with the facts attached. `waiting` facts are still
    due, the next one at `next_due`.
    """

    at: str
    seed: int
    live: int
    round: int | None = None
    examined: int = 0
    scores: tuple[Score, ...] = ()
    risks: tuple[Risk, ...] = ()
    sample: tuple[Examination, ...] = ()
    collisions: tuple[Collision, ...] = ()
    bare_ms: float | None = None
    taught_ms: float | None = None
    waiting: int = 0
    next_due: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a fact or its neighbours failed; text in front is not held against a fact."""
        return any(s.right < s.n for s in self.scores if s.kind != IN_FRONT)


@dataclass
class _Asked:
    """What was asked so far, and the seconds that questions took without and with the facts."""

    questions: list[Question] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    outcomes: list[Examination] = field(default_factory=list)
    bare: float = 0.0
    taught: float = 0.0
    timed: int = 0

    def per_question(self, seconds: float) -> float | None:
        """Milliseconds; None where too few were asked to tell."""
        return 1000 * seconds / self.timed if self.timed >= TIMED else None


@dataclass(frozen=True)
class _Asker:
    """Asks a learner in one manner, and knows which answers are right then."""

    learner: Learner
    manner: Manner

    def ask(self, prompts: Sequence[str]) -> list[Reply]:
        """Replies with the evidence."""
        return self.learner.ask(prompts, manner=self.manner, explain=True)

    def bare(self, prompts: Sequence[str]) -> list[Reply]:
        """What the bare host says."""
        return self.learner.ask(prompts, manner=self.manner, adapter=False)

    def right(self, said: str, wanted: str, *, own: bool) -> bool:
        """Whether an answer is right: in chat a fact's answer may stand in a sentence."""
        if own and self.manner.chats(self.learner.host):
            return wanted.rstrip(" .") in said
        return same_answer(said, wanted)


def make_examiner(learner: Learner) -> Examiner:
    """The examiner of an open brain."""
    learner.ledger.refresh()
    return Examiner(learner.brain.journal, learner.ledger.near, OWN)


def examine(
    learner: Learner,
    now: datetime,
    *,
    due: bool = False,
    limit: int | None = None,
    seed: int | None = None,
    manner: Manner = CHAT,
    progress: Report | None = None,
) -> Sitting:
    """Examine the facts that are due, or all, the most pressing first.

    Without a `seed` every round draws other questions. In chat an answer is right where it says
    what was taught, else where it is no more and no less. Raises BrainError for a damaged journal.
    """
    examiner, progress = make_examiner(learner), progress or silent
    at = now.isoformat(timespec="milliseconds")  # as facts have their times
    seed = len(examiner.examinations.rounds()) if seed is None else seed
    turns = examiner.due(now) if due else examiner.turns(now)
    past = over(learner.ledger.texts.changing(), at[:10])
    entries = [turn.entry for turn in turns if turn.entry.key not in past][:limit]
    sitting = Sitting(at, seed, learner.brain.journal.counts()["live"])
    if entries:
        prober = Prober(learner, examiner, entries, seed, manner)
        asker = _Asker(learner, manner)
        round, asked = _hold(asker, examiner, prober, entries, sitting, progress)
        sitting = replace(
            sitting,
            round=round,
            examined=len(entries),
            scores=_scores(asked.outcomes, _host_in_front(asker, prober)),
            risks=find_risks(learner, asked.questions, asked.replies, asked.outcomes),
            sample=sample_right(asked.outcomes),
            bare_ms=asked.per_question(asked.bare),
            taught_ms=asked.per_question(asked.taught),
        )
    turns = examiner.turns(now)
    later = [turn.at for turn in turns if turn.reason == "not due"]
    return replace(
        sitting,
        collisions=tuple(examiner.collisions()),
        waiting=len(turns) - len(later),
        next_due=min(later).isoformat(timespec="seconds") if later else None,
    )


def _hold(
    asker: _Asker,
    examiner: Examiner,
    prober: Prober,
    entries: Sequence[Fact],
    sitting: Sitting,
    progress: Report,
) -> tuple[int, _Asked]:
    """Ask and note chunk by chunk; the round's number, and what was asked."""
    examinations, asked = examiner.examinations, _Asked()
    round = examinations.open_round(sitting.at, sitting.seed)
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        questions = [q for entry in chunk for q in prober.questions(entry)]
        if start == 0:
            questions += prober.forgotten()
        noted = _ask(asker, questions, asked)
        examinations.note(round, noted, sitting.at)
        progress("examining", start + len(chunk), len(entries))
    examinations.time_round(round, asked.per_question(asked.bare), asked.per_question(asked.taught))
    return round, asked


def _ask(asker: _Asker, questions: Sequence[Question], asked: _Asked) -> list[Examination]:
    own = [q for q in questions if q.answer is not None]
    local = [q for q in questions if q.answer is None]
    replies = asker.ask([q.prompt for q in own]) if own else []
    if local:
        replies += _ask_local(asker, [q.prompt for q in local], asked)
    outcomes = [_outcome(q, r, asker) for q, r in zip([*own, *local], replies, strict=True)]
    asked.questions += [*own, *local]
    asked.replies += replies
    asked.outcomes += outcomes
    return outcomes


def _ask_local(asker: _Asker, prompts: Sequence[str], asked: _Asked) -> list[Reply]:
    """Replies that carry the bare host's answer; both ways are timed on the same questions."""
    began = time.perf_counter()
    said = asker.ask(prompts)
    between = time.perf_counter()
    bare = asker.bare(prompts)
    asked.taught += between - began
    asked.bare += time.perf_counter() - between
    asked.timed += len(prompts)
    return [replace(r, base=b.answer) for r, b in zip(said, bare, strict=True)]


def _outcome(question: Question, reply: Reply, asker: _Asker) -> Examination:
    wanted = reply.base if question.answer is None else question.answer
    # A wrong word about a neighbour is held against the fact that spoke.
    fact = reply.facts[0] if question.answer is None and reply.facts else question.fact
    correct = asker.right(reply.answer, wanted or "", own=question.answer is not None)
    margin = margin_of(reply, fact)
    return Examination(fact, question.kind, question.prompt, reply.answer, correct, margin)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are equal but for the stop at their end."""
    return one.rstrip(" .") == other.rstrip(" .")


def margin_of(reply: Reply, fact: int) -> float | None:
    """Nats by which a fact's evidence passed what lets it speak.

    None where the fact did not start an answer or its rule gives no evidence.
    """
    starts = [s.evidence for s in reply.steps if s.fact == fact and not math.isnan(s.evidence)]
    return min(starts[0], CERTAIN) - ASKED if starts else None


def _host_in_front(asker: _Asker, prober: Prober) -> float:
    """Share of the host's answers about facts of its own that stay as they are behind other text.

    What it loses itself it cannot be asked to keep of a taught fact.
    """
    prompts = prober.known(KNOWN)
    alone = asker.bare(prompts)
    behind = asker.bare(prober.in_front(prompts))
    same = (a.answer == b.answer for a, b in zip(alone, behind, strict=True))
    return sum(same) / len(prompts) if prompts else 0.0


def _scores(outcomes: Iterable[Examination], host_in_front: float) -> tuple[Score, ...]:
    by_kind: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for outcome in outcomes:
        by_kind[outcome.kind].append(outcome.correct)
    return tuple(
        Score(kind, sum(right), len(right), host_in_front if kind == IN_FRONT else None)
        for kind, right in by_kind.items()
        if right
    )
