"""From facts to rows: forward passes of a fact's wordings, no further up than is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.address.calibration import Calibration
from adapters.address.framed import cut_out, framed_prompts
from adapters.address.gather import Prompt, encode_ids
from adapters.address.reading import clause_of, window_of
from adapters.host.read import positions
from adapters.text.clauses import Span
from adapters.text.names import (
    closed_keys,
    key_number,
    name_key,
    name_keys,
    person_parts,
    plain_keys,
)
from adapters.text.pieces import Pieces
from adapters.text.table import NameTable, SortedKeys, keys_of_names
from adapters.write.answers import answer_tokens, sentence_tokens
from adapters.write.passes import Item, Passes
from adapters.write.rows import (
    NAMES,
    READINGS,
    SENTENCE,
    STEPS,
    FactRows,
    content_hash,
    padded,
)
from oneshot.errors import BadInputError

TOGETHER = 32  # facts whose states are held at a time


@dataclass(frozen=True)
class Told:
    """A fact to be written: its prompt, answer and subject, other wordings and other names.

    `asks` were given with the fact and belong to it, `made` were made of the prompt; `marks` tell
    it from other facts in the same words. `lead` is the prompt as a sentence begins, where it is a
    question or a label.
    """

    prompt: str
    answer: str
    subject: str
    asks: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    lead: str | None = None

    @property
    def key(self) -> bytes:
        """What tells this fact from all others."""
        further = (*self.asks, *(f"alias {name}" for name in self.aliases))
        return content_hash(self.prompt, self.answer, self.subject, *further, *self.marks)


@dataclass(frozen=True)
class Wording:
    """A wording as it is read, and its clause about the name by itself, with the name's places."""

    prompt: Prompt
    clause: str
    names: list[Span]


@dataclass(frozen=True)
class Encoder:
    """Encodes facts for one host, many in the passes of one.

    Where passes may differ in their rows a batch's first fact is encoded alone as well: where the
    bits differ, every fact gets passes of its own. So it does where a batch's tokens are dealt out
    to experts.
    """

    model: nn.Module
    tokenizer: Any
    calibration: Calibration

    @cached_property
    def pieces(self) -> Pieces:
        """The characters behind the tokens."""
        return Pieces.of(self.tokenizer)

    @cached_property
    def passes(self) -> Passes:
        """The passes that wordings are read by."""
        return Passes(self.model, self.calibration.deepest)

    @cached_property
    def _has_experts(self) -> bool:
        return any("expert" in name for name, _ in self.model.named_modules())

    def encode(self, told: Told) -> FactRows:
        """One row; raises BadInputError for an answer or subject that cannot be written."""
        return self._encode_together([told])[0]

    def encode_all(self, facts: Sequence[Told]) -> list[FactRows]:
        """The rows of facts, equal to those of `encode` bit for bit."""
        if self._has_experts:
            return [self.encode(fact) for fact in facts]
        found: list[FactRows] = []
        for start in range(0, len(facts), TOGETHER):
            found += self._encode_chunk(facts[start : start + TOGETHER])
        return found

    def _encode_chunk(self, facts: Sequence[Told]) -> list[FactRows]:
        together = self._encode_together(facts)
        if len(facts) == 1 or self.passes.rows:
            return together
        alone = self.encode(facts[0]).tensors()
        if all(torch.equal(t, alone[name]) for name, t in together[0].tensors().items()):
            return together
        return [self.encode(fact) for fact in facts]

    def _encode_together(self, facts: Sequence[Told]) -> list[FactRows]:
        said = [
            (
                answer_tokens(self.tokenizer, fact.prompt, fact.answer),
                sentence_tokens(self.tokenizer, fact.lead or fact.prompt, fact.answer),
            )
            for fact in facts
        ]
        groups = [self._items(self._wordings(fact)) for fact in facts]
        codes = iter(self.passes.codes([item for group in groups for item in group]))
        ways = 2 if self.calibration.framed else 1
        found = []
        for fact, tokens, group in zip(facts, said, groups, strict=True):
            own = list(islice(codes, len(group)))
            size = len(own) // ways
            sides = [torch.stack(own[i * size : (i + 1) * size]) for i in range(ways)]
            found.append(_row(fact, *tokens, torch.cat(sides, 1)))
        return found

    def _wordings(self, fact: Told) -> list[Wording]:
        """The fact's wordings with their windows; those without the name are left out."""
        keys = name_keys(fact.subject, fact.aliases)
        if not keys[0] or len(keys) > NAMES:
            raise BadInputError(
                f"the subject {fact.subject[:60]!r} has {len(keys) if keys[0] else 'no'} names; "
                f"give one with letters, and at most {NAMES - 1} aliases"
            )
        names, firsts, longest = keys_of_names(_keys(fact)[:NAMES], NAMES)
        table = NameTable(SortedKeys.build(names, firsts, longest))
        texts = list(dict.fromkeys([fact.prompt, *fact.asks, *fact.made]))[:READINGS]
        ids = encode_ids(self.tokenizer, texts)
        found = [self._wording(text, row, table) for text, row in zip(texts, ids, strict=True)]
        if found[0] is None:
            raise BadInputError(
                f"{fact.subject[:60]!r} does not stand by itself in the prompt "
                f"{fact.prompt[:60]!r} (perhaps as part of a longer name); give that --subject"
            )
        return [wording for wording in found if wording is not None]

    def _wording(self, text: str, ids: tuple[int, ...], table: NameTable) -> Wording | None:
        mentions = [mention for mention, _ in table.mentions(text)]
        if not mentions:
            return None
        shown, tokens = self.pieces.text(ids)
        shift = shown.find(text)  # what the tokenizer put before it
        moved = [(a - shift, b - shift) for a, b in tokens]
        spans = [(m.start, m.end) for m in mentions]
        clause = clause_of(text, spans[-1])
        window = window_of(moved, clause, spans)
        return Wording(Prompt(ids, window), *cut_out(text, clause, spans)) if window else None

    def _items(self, wordings: Sequence[Wording]) -> list[Item]:
        """How wordings are read: where their clauses stand, then with these in the frame."""
        readings = [(w.prompt, self.calibration.plain) for w in wordings]
        if bank := self.calibration.framed:
            clauses = [(w.clause, w.names) for w in wordings]
            framed = framed_prompts(self.tokenizer, self.pieces, clauses, positions(self.model))
            readings += [(prompt, bank) for prompt in framed]
        longest = max(len(prompt.ids) for prompt, _ in readings)
        return [Item(prompt, bank, longest) for prompt, bank in readings]


def _keys(fact: Told) -> list[str]:
    """A fact's names as they are compared, in every spelling."""
    told = name_keys(fact.subject, fact.aliases)
    return [*told, *plain_keys(told), *closed_keys(fact.subject, fact.aliases)]


def _row(
    fact: Told, answer: list[int], sentence: list[int], codes: Float[Tensor, "count rank"]
) -> FactRows:
    keys = [*_keys(fact), *person_parts(fact.subject)]
    names, firsts, longest = keys_of_names(keys[:NAMES], NAMES)
    readings = torch.zeros(1, READINGS, codes.shape[1], dtype=torch.half)
    readings[0, : len(codes)] = codes
    return FactRows(
        torch.frombuffer(bytearray(fact.key), dtype=torch.uint8)[None],
        torch.tensor([key_number(name_key(fact.subject))]),
        names,
        firsts,
        torch.tensor([longest]),
        readings,
        torch.tensor([len(codes)]),
        padded(answer, STEPS),
        padded(sentence, SENTENCE),
    )
