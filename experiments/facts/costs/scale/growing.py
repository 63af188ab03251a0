"""Invented facts without end, and a brain that grows by them.

The first ones are encoded by the host. The others are enrolled: each has its own name, words,
tokens and keys, and the relation codes of an encoded fact of the same wording, since encoding a
million takes hours and a code hardly depends on the name in it.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import torch
from rich.progress import track

from adapters.text.names import key_number, name_key, name_keys, person_parts
from adapters.text.table import keys_of_names
from adapters.write.answers import end_of_text, ended
from adapters.write.rows import NAMES, SENTENCE, STEPS, FactRows, join, padded
from oneshot.facts.brain.planned import taught_record
from oneshot.facts.learner import Learner
from oneshot.facts.told import told_of
from oneshot.facts.types import Statement
from oneshot.hosts.relations import relations
from oneshot.memory.journal.rows import Draft

STARTS, MIDDLES, ENDS = (
    tuple(parts.split())
    for parts in (
        "B Br D Dr F G Gl H K Kr L M N P Pr Q R S Sk St T Tr V W Z",
        "a e i o u ae ei ou ia",
        "l n r s th x m nd rk sh lt v",
    )
)
ENCODED, ENROLLED = 256, 8192  # facts of one step


def invented(draw: random.Random) -> str:
    """A name of two invented words; some 78 billion of them."""
    return " ".join(
        "".join(draw.choice(part) for part in (STARTS, MIDDLES, ENDS, MIDDLES, ENDS))
        for _ in range(2)
    )


@cache
def _clozes() -> tuple[str, ...]:
    return tuple(cloze for relation in relations() for cloze in relation.clozes)


def statement(seed: int, number: int, encoded: int) -> Statement:
    """A fact by its number; those behind the encoded ones repeat their wordings in turn."""
    wording = random.Random(f"{seed} wording {number % encoded}").choice(_clozes())
    draw = random.Random(f"{seed} fact {number}")
    name = invented(draw)
    prompt = wording.replace("{}", name)
    return Statement(prompt[0].upper() + prompt[1:], invented(draw), name)


def statements(seed: int, encoded: int, first: int, last: int) -> list[Statement]:
    """The facts of these numbers, without the last."""
    return [statement(seed, number, encoded) for number in range(first, last)]


def grow(learner: Learner, seed: int, encoded: int, size: int) -> dict[str, float]:
    """Bring a brain up to a size; facts a second, encoded and enrolled ones by themselves."""
    held, rates = learner.stats().live, dict[str, float]()
    if held < (end := min(size, encoded)):
        began = time.perf_counter()
        for start in track(range(held, end, ENCODED), f"{end:,} encoded"):
            learner.write(statements(seed, encoded, start, min(start + ENCODED, end)))
        rates["taught_per_second"] = (end - held) / (time.perf_counter() - began)
        held = end
    if held < size:
        pool = _pool(learner, seed, encoded)
        began = time.perf_counter()
        for start in track(range(held, size, ENROLLED), f"{size:,} enrolled"):
            facts = statements(seed, encoded, start, min(start + ENROLLED, size))
            _enrol(learner, facts, [pool[n % encoded] for n in range(start, start + len(facts))])
        rates["enrolled_per_second"] = (size - held) / (time.perf_counter() - began)
        learner.ledger.refresh()
    return rates


Pooled = tuple[FactRows, str]
"""An encoded fact's row, and its relation."""


def _pool(learner: Learner, seed: int, encoded: int) -> list[Pooled]:
    keys = [told_of(learner.complete(s)).key.hex() for s in statements(seed, encoded, 0, encoded)]
    entries = learner.brain.journal.by_keys(keys)
    return [(learner.ledger.live.get(key), entries[key].relation) for key in keys]


def _enrol(learner: Learner, facts: Sequence[Statement], like: Sequence[Pooled]) -> None:
    """Store facts durably, with the codes of others."""
    complete = [learner.complete(fact) for fact in facts]
    rows, records = [], []
    for told, (row, relation), tokens in zip(
        complete, like, _tokens(learner, complete), strict=True
    ):
        rows.append(_row(told, row, *tokens))
        records.append(taught_record(told, rows[-1].hex_keys()[0], relation))
    names = list(Draft.__dataclass_fields__)
    with learner.brain.writing():
        learner.brain.store.append(join(rows).tensors(), records)
        with learner.brain.journal.transaction():
            learner.brain.journal.add(Draft(**{n: r[n] for n in names}) for r in records)
            learner.brain.journal.trust(learner.brain.store.names())


def _tokens(learner: Learner, facts: Sequence[Statement]) -> Iterator[tuple[list[int], list[int]]]:
    """The tokens of answers behind their prompts, and of whole sentences."""
    tokenizer = learner.host.tokenizer
    whole = [f"{fact.prompt} {ended(fact.answer)}" for fact in facts]
    texts = [*(fact.prompt for fact in facts), *whole]
    ids = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    for prompt, sentence in zip(ids[: len(facts)], ids[len(facts) :], strict=True):
        yield [*sentence[len(prompt) :], *end_of_text(tokenizer)], sentence


def _row(told: Statement, like: FactRows, answer: list[int], sentence: list[int]) -> FactRows:
    subject = told.subject or ""
    keys = [*name_keys(subject), *person_parts(subject)][:NAMES]
    names, firsts, longest = keys_of_names(keys, NAMES)
    return replace(
        like,
        key=torch.frombuffer(bytearray(told_of(told).key), dtype=torch.uint8)[None],
        subject=torch.tensor([key_number(name_key(subject))]),
        names=names,
        firsts=firsts,
        longest=torch.tensor([longest]),
        answer=padded(answer, STEPS),
        sentence=padded(sentence[:SENTENCE], SENTENCE),
    )
