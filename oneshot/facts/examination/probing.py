"""Questions that examine taught facts: made automatically, the same for the same seed."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from adapters.write.encode import Told
from adapters.write.rows import join
from oneshot.errors import BadInputError
from oneshot.facts.answering import fits
from oneshot.facts.brain.speaking import lists
from oneshot.facts.language.reword import rewordings, template_of
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.wordings import fill, unambiguous_wordings
from oneshot.hosts.corpus import CorpusFact, background_text, corpus_facts, corpus_wordings
from oneshot.memory.examiner.nearest import NearestFacts
from oneshot.memory.examiner.turns import Examiner
from oneshot.memory.journal.rows import NEW_RELATION, Fact

OWN = ("taught", "paraphrase", "question")  # what counts for a fact
IN_FRONT = "in front"
LOCAL = ("neighbour", "other relation", "forgotten")  # the bare host's answer is the right one
KINDS = (*OWN, IN_FRONT, *LOCAL)

FRONT_WORDS = range(6, 21)
NEAREST = 4  # other taught subjects that are considered
STRANGERS = 192  # known facts, the nearest of which is asked about
RELATIVES = 4  # of them for each fact: half share a word with its subject, half its relation
FORGOTTEN = 64


@dataclass(frozen=True)
class Question:
    """A prompt that examines a fact; `answer` is the right one, None the bare host's."""

    kind: str
    fact: int
    prompt: str
    answer: str | None


class Prober:
    """Makes the questions about a brain's facts; `entries` are those that will be asked about."""

    def __init__(
        self,
        learner: Learner,
        examiner: Examiner,
        entries: Sequence[Fact],
        seed: int,
        manner: Manner,
    ) -> None:
        self.learner, self.examiner, self.seed, self.manner = learner, examiner, seed, manner
        self._names, self._near = self._strangers(entries)
        self._lists = lists(learner.ledger.texts.changing())

    def questions(self, entry: Fact) -> list[Question]:
        """One question of each kind at most, but two about neighbours; none that is too long."""
        rng = random.Random(f"{self.seed} {entry.key}")
        made = [("taught", entry.prompt), *self._reworded(entry, rng)]
        made.append((IN_FRONT, f"{rng.choice(_sentences())} {entry.prompt}"))
        answer = self._lists.get(entry.key, entry.answer)
        own = [Question(kind, entry.id, prompt, answer) for kind, prompt in made]
        local = [Question("neighbour", entry.id, p, None) for p in self._neighbours(entry)]
        local += [Question("other relation", entry.id, p, None) for p in self._others(entry, rng)]
        return [q for q in (*own, *local) if self._fits(q.prompt)]

    def forgotten(self) -> list[Question]:
        """Some forgotten facts' own prompts, where no live fact answers in their place."""
        entries = self.learner.brain.journal.entries("forgotten")
        gone = [e for e in entries if not self._taught(e.subject, e.relation, e.prompt)]
        chosen = random.Random(self.seed).sample(gone, min(FORGOTTEN, len(gone)))
        return [Question("forgotten", e.id, e.prompt, None) for e in chosen]

    def known(self, count: int) -> list[str]:
        """Prompts about facts that a packaged host knows, short enough behind a sentence too."""
        rng, wordings = random.Random(self.seed), unambiguous_wordings()
        pool = [f for f in corpus_facts() if f.split == "known" and wordings[f.relation]]
        chosen = rng.sample(pool, count)
        prompts = [fill(rng.choice(wordings[f.relation]), f.subject) for f in chosen]
        behind = self.in_front(prompts)
        return [p for p, longer in zip(prompts, behind, strict=True) if self._fits(longer)]

    def in_front(self, prompts: Sequence[str]) -> list[str]:
        """The prompts, each behind a sentence that has nothing to do with it."""
        return [f"{random.Random(f'{self.seed} {p}').choice(_sentences())} {p}" for p in prompts]

    def _fits(self, prompt: str) -> bool:
        return fits(self.learner.host, prompt, self.manner)

    def _reworded(self, entry: Fact, rng: random.Random) -> Iterator[tuple[str, str]]:
        others = rewordings(entry.prompt, entry.subject, entry.relation, entry.answer)
        for kind, asks in (("paraphrase", False), ("question", True)):
            pool = [w for w in others if w.endswith("?") == asks]
            if pool:
                yield kind, rng.choice(pool)

    def _neighbours(self, entry: Fact) -> list[str]:
        """The fact's own wording about the nearest taught subject and the nearest known one."""
        taught = [other.subject for other, _ in self.examiner.neighbours(entry.id, NEAREST)]
        vector = self.learner.ledger.near.vector(entry.id)
        known = [self._names[i] for i, _ in self._near.search(vector, NEAREST)]
        prompts = [self._free(names, entry) for names in (taught, known)]
        return [prompt for prompt in dict.fromkeys(prompts) if prompt]

    def _free(self, names: Sequence[str], entry: Fact) -> str | None:
        """The fact's wording about the first other subject of which this was not taught."""
        template = template_of(entry.prompt, entry.subject)
        others = [n for n in names if n.casefold() != entry.subject.casefold()]
        asked = ((name, fill(template, name)) for name in others)
        return next((p for n, p in asked if not self._taught(n, entry.relation, p)), None)

    def _others(self, entry: Fact, rng: random.Random) -> Iterator[str]:
        """A shipped wording of a relation that was not taught about the subject."""
        labels = {key: wordings.label for key, wordings in corpus_wordings().items()}
        free = {key: wordings for key, wordings in unambiguous_wordings().items() if wordings}
        for key in rng.sample(sorted(free), len(free)):
            prompt = fill(rng.choice(free[key]), entry.subject)
            if not self._taught(entry.subject, labels[key], prompt):
                yield prompt
                return

    def _taught(self, subject: str, relation: str, prompt: str) -> bool:
        """Whether a live fact answers a prompt, or as far as can be told its relation."""
        live = self.learner.brain.journal.by_subject(subject)
        return self.learner.ledger.texts.implies(subject, prompt) or any(
            relation == entry.relation != NEW_RELATION
            or prompt == entry.prompt
            or prompt in rewordings(entry.prompt, subject, entry.relation, entry.answer)
            for entry in live
        )

    def _strangers(self, entries: Sequence[Fact]) -> tuple[list[str], NearestFacts]:
        """Known subjects that resemble the facts', and the index of their codes."""
        near, names = NearestFacts(self.learner.ledger.near.dimension), list[str]()
        chosen = _relatives(entries, random.Random(self.seed))
        try:
            rows = self.learner.encoder.encode_all([_asked(fact) for fact in chosen])
        except BadInputError:  # this host cannot read one of the names or answers: do without
            return names, near
        if rows:
            names = [fact.subject for fact in chosen]
            near.add(range(len(names)), self.learner.ledger.vectors(join(rows)))
        return names, near


@cache
def _sentences() -> tuple[str, ...]:
    """Whole sentences of running text, short enough to stand in front of a question."""
    found = (s for text in background_text() for s in re.split(r"(?<=[.!?])\s+", text))
    return tuple(s for s in found if len(s.split()) in FRONT_WORDS and s.endswith("."))


@cache
def _known() -> tuple[dict[str, list[CorpusFact]], dict[str, list[CorpusFact]]]:
    """Known facts by their subject's last word and by their relation's label."""
    by_word: dict[str, list[CorpusFact]] = {}
    by_label: dict[str, list[CorpusFact]] = {}
    wordings, unambiguous = corpus_wordings(), unambiguous_wordings()
    for fact in corpus_facts():
        if fact.split == "known" and unambiguous[fact.relation]:
            by_word.setdefault(fact.subject.split()[-1].casefold(), []).append(fact)
            by_label.setdefault(wordings[fact.relation].label, []).append(fact)
    return by_word, by_label


def _relatives(entries: Sequence[Fact], rng: random.Random) -> list[CorpusFact]:
    by_word, by_label = _known()
    anyone = [fact for facts in by_label.values() for fact in facts]
    found: dict[str, CorpusFact] = {}
    for entry in rng.sample(entries, len(entries)):
        alike = by_word.get(entry.subject.split()[-1].casefold(), anyone)
        related = by_label.get(entry.relation, anyone)
        for pool in (alike, related):
            chosen = rng.sample(pool, min(RELATIVES // 2, len(pool)))
            found |= {fact.subject: fact for fact in chosen}
        if len(found) >= STRANGERS:
            break
    return list(found.values())


def _asked(fact: CorpusFact) -> Told:
    wording = unambiguous_wordings()[fact.relation][0]
    return Told(fill(wording, fact.subject), fact.object, fact.subject)
