"""From facts to rows: forward passes of a fact's wordings, no further up than is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from adapters.address.calibration import Bank, Calibration
from adapters.address.framed import cut_out, framed_prompts
from adapters.address.gather import Prompt, encode_ids, picked, rows_of
from adapters.address.reading import clause_of, window_of
from adapters.host.read import positions, read_states
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

TILE = 16  # tokens that a row is padded to whole multiples of
ROWS = 32  # prompts of one forward pass
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

    The last bits of a forward pass can depend on the shape of its batch. Rows are padded to whole
    tiles of the processor's matrix product, so that in practice they do not, and a batch's first
    fact is encoded alone as well: where the bits differ, every fact gets passes of its own. So it
    does where a batch's tokens are dealt out to experts, and on an accelerator, whose products
    are cut up by the shape of a batch.
    """

    model: nn.Module
    tokenizer: Any
    calibration: Calibration

    @cached_property
    def pieces(self) -> Pieces:
        """The characters behind the tokens."""
        return Pieces.of(self.tokenizer)

    @cached_property
    def _has_experts(self) -> bool:
        return any("expert" in name for name, _ in self.model.named_modules())

    def encode(self, told: Told) -> FactRows:
        """One row; raises BadInputError for an answer or subject that cannot be written."""
        return self._encode_together([told])[0]

    def encode_all(self, facts: Sequence[Told]) -> list[FactRows]:
        """The rows of facts, equal to those of `encode` bit for bit."""
        if self._has_experts or self._device().type != "cpu":
            return [self.encode(fact) for fact in facts]
        found: list[FactRows] = []
        for start in range(0, len(facts), TOGETHER):
            found += self._encode_chunk(facts[start : start + TOGETHER])
        return found

    def _encode_chunk(self, facts: Sequence[Told]) -> list[FactRows]:
        together = self._encode_together(facts)
        if len(facts) == 1:
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
        groups = [self._prompts(fact) for fact in facts]
        codes = self._read_both([p for group in groups for p in group])
        split = codes.split([len(group) for group in groups])
        return [
            _row(fact, *tokens, readings)
            for fact, tokens, readings in zip(facts, said, split, strict=True)
        ]

    def _prompts(self, fact: Told) -> list[Wording]:
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

    def _read_both(self, wordings: Sequence[Wording]) -> Float[Tensor, "wordings width"]:
        """The codes of each wording where its clause stands, and with it in the frame."""
        plain = self._read([w.prompt for w in wordings], self.calibration.plain)
        if (bank := self.calibration.framed) is None:
            return plain
        clauses = [(w.clause, w.names) for w in wordings]
        prompts = framed_prompts(self.tokenizer, clauses, positions(self.model))
        return torch.cat([plain, self._read(prompts, bank)], 1)

    def _read(self, prompts: Sequence[Prompt], bank: Bank) -> Float[Tensor, "prompts rank"]:
        """The relation code of each prompt, in half precision."""
        metric, layers = bank.metric, bank.layers
        found: dict[int, Tensor] = {}
        for length, chosen in self._by_length(prompts).items():
            for start in range(0, len(chosen), ROWS):
                part = chosen[start : start + ROWS]
                ids = rows_of([prompts[i].ids for i in part], length).to(self._device())
                states = read_states(self.model, ids, layers.all)
                last, words = picked(states, [prompts[i] for i in part], layers)
                for row, i in enumerate(part):  # row by row: a product's bits may know its shape
                    ends, means = (list(x[row : row + 1].unbind(1)) for x in (last, words))
                    code = metric.of_last(ends) + metric.of_words(means)
                    found[i] = code[0].half()
        return torch.stack([found[i] for i in range(len(prompts))])

    def _by_length(self, prompts: Sequence[Prompt]) -> dict[int, list[int]]:
        limit = positions(self.model)
        lengths: dict[int, list[int]] = {}
        for i, prompt in enumerate(prompts):
            size = len(prompt.ids)
            padded_size = -(-size // TILE) * TILE
            length = padded_size if limit is None else max(size, min(padded_size, limit))
            lengths.setdefault(length, []).append(i)
        return lengths

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


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
