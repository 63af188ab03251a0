"""What is said to composed questions and to single ones, counted by number of facts."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from experiments.facts.chains.material import Chain
from oneshot.facts.answering import answer, short
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner
from oneshot.facts.types import Reply
from oneshot.hosts.load import Host
from oneshot.retention.measures.scores import interval

MANNER = Manner(max_new_tokens=24)
SAMPLES = 8  # misses that the record keeps


class Tally:
    """What was said to composed questions and to single ones, by number of facts."""

    def __init__(self) -> None:
        self.hits: dict[str, list[bool]] = defaultdict(list)
        self.missed: dict[str, list[list[Any]]] = defaultdict(list)
        self.beside: dict[str, dict[str, Any]] = defaultdict(dict)

    def ask(self, learner: Learner, chains: Sequence[Chain]) -> None:
        """Ask all questions of some chains."""
        asked = [q for c in chains for q in (*c.questions, *c.singles, *c.others)]
        said = {reply.question: reply for reply in learner.ask(asked, manner=MANNER)}
        for chain in chains:
            self._count(chain, said, f"{chain.hops} facts")

    def compare(self, learner: Learner, chains: Sequence[Chain], count: int) -> None:
        """Ask the bare host one question of a chain: alone, behind the facts, and hop by hop."""
        for hops in sorted({chain.hops for chain in chains}) if count else ():
            some = [c for c in chains if c.hops == hops][:count]
            for title, texts in (
                ("bare", [c.questions[0] for c in some]),
                ("fact in the prompt", [f"{told(c)} {c.questions[0]}" for c in some]),
            ):
                said = answer(learner.host, texts, None, MANNER)
                hits = [says(s.text, c.answers) for c, s in zip(some, said, strict=True)]
                self.beside[f"composed, {hops} facts"][title] = interval(hits)
            stepped = [says(hop_by_hop(learner.host, c), c.answers) for c in some if c.whole]
            if stepped:
                self.beside[f"composed, {hops} facts"]["hop by hop"] = interval(stepped)

    def _count(self, chain: Chain, said: dict[str, Reply], way: str) -> None:
        composed = [said[q] for q in chain.questions]
        right = [says(reply.answer, chain.answers) for reply in composed]
        for reply, hit in zip(composed, right, strict=True):
            self._add(f"composed, {way}", hit, reply, chain.answers[0])
        self.hits[f"any of a chain's, {way}"].append(any(right))
        for question, wanted in zip(chain.singles, chain.single_answers, strict=True):
            reply = said[question]
            self._add(f"single, right, {way}", says(reply.answer, wanted), reply, wanted[0])
            self._add(f"single, not chained, {way}", len(reply.facts) < 2, reply, wanted[0])
        for question in chain.others:
            hit = not says(said[question].answer, chain.answers)
            self._add(f"other relation at the end, {way}", hit, said[question], "")

    def _add(self, axis: str, hit: bool, reply: Reply, wanted: str) -> None:
        self.hits[axis].append(hit)
        if not hit:
            self.missed[axis].append([reply.question, wanted, reply.answer, len(reply.facts)])

    def counted(self) -> dict[str, Any]:
        """Every axis with its interval and some of what was missed."""
        return {
            axis: interval(hits) | self.beside[axis] | {"missed": self.missed[axis][:SAMPLES]}
            for axis, hits in sorted(self.hits.items())
        }


def hop_by_hop(host: Host, chain: Chain) -> str:
    """What the bare host says at last, asked each single question with the facts before it.

    In the place of a fact's answer the next question has what was said; where the answer is in
    that, it alone, as if it had been parsed without fault.
    """
    said = ""
    for fact, question in zip((None, *chain.facts), chain.singles, strict=False):
        if fact is not None:
            found = fact.answer if says(said, [fact.answer]) else short(said)
            question = question.replace(fact.answer, found)
        said = answer(host, [f"{told(chain)} {question}"], None, MANNER)[0].text
    return said


def told(chain: Chain) -> str:
    """A chain's facts as sentences."""
    return " ".join(f"{fact.prompt} {fact.answer}." for fact in chain.facts)


def says(text: str, answers: Sequence[str]) -> bool:
    """Whether an answer stands in a text, as whole words."""
    return any(re.search(rf"(?<!\w){re.escape(a)}(?!\w)", text) for a in answers)
