"""From facts to rows: one forward pass of the prompts, and one up to the entity layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from adapters.address.calibration import Calibration
from adapters.address.ending import WINDOW
from adapters.address.enrolment import enrolment
from adapters.address.prompts import Prompt, encode_prompts, pad
from adapters.address.windows import window_at
from adapters.host.read import read_states
from adapters.write.rows import (
    ANSWER_TOKENS,
    NO_TOKEN,
    STEPS,
    FactRows,
    content_hash,
    subject_group,
)
from oneshot.errors import BadInputError

TILE = 16  # tokens that a row is padded to whole multiples of
ROWS = 32  # prompts of one forward pass
TOGETHER = 32  # facts whose states are held at a time

States: TypeAlias = dict[int, Tensor]
"""A prompt's states [tokens, width] by layer."""


@dataclass(frozen=True)
class Encoder:
    """Encodes facts for one host, many in the passes of one.

    The last bits of a forward pass can depend on the shape of its batch. Rows are padded to whole
    tiles of the processor's matrix product, so that in practice they do not, and a batch's first
    fact is encoded alone as well: where the bits differ, every fact gets passes of its own.
    """

    model: nn.Module
    tokenizer: Any
    calibration: Calibration

    def encode(self, prompt: str, answer: str, subject: str) -> FactRows:
        """One row; raises BadInputError for an answer or subject that cannot be written."""
        return self._encode_together([(prompt, answer, subject)])[0]

    def encode_all(self, facts: Sequence[tuple[str, str, str]]) -> list[FactRows]:
        """The rows of (prompt, answer, subject) facts, equal to those of `encode` bit for bit."""
        found: list[FactRows] = []
        for start in range(0, len(facts), TOGETHER):
            found += self._encode_chunk(facts[start : start + TOGETHER])
        return found

    def _encode_chunk(self, facts: Sequence[tuple[str, str, str]]) -> list[FactRows]:
        together = self._encode_together(facts)
        if len(facts) == 1:
            return together
        alone = self.encode(*facts[0]).tensors()
        if all(torch.equal(t, alone[name]) for name, t in together[0].tensors().items()):
            return together
        return [self.encode(*fact) for fact in facts]

    def _encode_together(self, facts: Sequence[tuple[str, str, str]]) -> list[FactRows]:
        steps = [answer_tokens(self.tokenizer, prompt, answer) for prompt, answer, _ in facts]
        wordings = self.calibration.wordings
        pairs = [
            pair
            for prompt, _, subject in facts
            for pair in [(prompt, subject), *(enrolment(w, subject) for w in wordings)]
        ]
        prompts = encode_prompts(self.tokenizer, pairs)
        each = 1 + len(wordings)
        groups = [prompts[i : i + each] for i in range(0, len(prompts), each)]
        layer = self.calibration.entity_layer
        layers = sorted({layer, *self.calibration.relation_layers})
        taught = self._read([group[0] for group in groups], layers)
        enrolled = self._read([p for group in groups for p in group[1:]], [layer])
        return [
            self._row(fact, steps[i], group, taught[i], enrolled[i * (each - 1) :][: each - 1])
            for i, (fact, group) in enumerate(zip(facts, groups, strict=True))
        ]

    def _read(self, prompts: Sequence[Prompt], layers: Sequence[int]) -> list[States]:
        """The states of each prompt's own tokens, by layer."""
        found: dict[int, States] = {}
        for length, chosen in self._by_length(prompts).items():
            for start in range(0, len(chosen), ROWS):
                part = chosen[start : start + ROWS]
                ids = pad([prompts[i] for i in part], length).to(self._device())
                states = read_states(self.model, ids, layers)
                for row, i in enumerate(part):
                    size = len(prompts[i].ids)
                    found[i] = {layer: state[row, :size] for layer, state in states.items()}
        return [found[i] for i in range(len(prompts))]

    def _by_length(self, prompts: Sequence[Prompt]) -> dict[int, list[int]]:
        limit = getattr(self.model.config, "max_position_embeddings", None)
        lengths: dict[int, list[int]] = {}
        for i, prompt in enumerate(prompts):
            size = len(prompt.ids)
            padded = -(-size // TILE) * TILE
            length = padded if limit is None else max(size, min(padded, int(limit)))
            lengths.setdefault(length, []).append(i)
        return lengths

    def _row(
        self,
        fact: tuple[str, str, str],
        steps: list[int],
        prompts: Sequence[Prompt],
        taught: States,
        enrolled: Sequence[States],
    ) -> FactRows:
        layer, banks = self.calibration.entity_layer, self.calibration.banks
        size = min(min(p.size for p in prompts), len(self.calibration.metrics))
        windows = [
            self._window(states[layer], prompt.end, size)
            for prompt, states in zip(prompts, [taught, *enrolled], strict=True)
        ]
        metric = self.calibration.metrics[size - 1].metric.to(windows[0].device).flatten(0, 1)
        relation = [taught[depth][-1:] for depth in self.calibration.relation_layers]
        codes = [bank.code(state) for bank, state in zip(banks, relation, strict=True)]
        novel = [bank.novel(code) for bank, code in zip(banks, codes, strict=True)]
        return FactRows(
            torch.frombuffer(bytearray(content_hash(*fact)), dtype=torch.uint8)[None],
            torch.tensor([subject_group(fact[2])]),
            torch.tensor([size]),
            torch.tensor([self._misread(taught[layer], prompts[0])]),
            (torch.cat(windows) @ metric)[None].cpu(),
            torch.stack(codes, 1).cpu(),
            torch.stack(novel, 1).cpu(),
            torch.tensor([steps + [NO_TOKEN] * (STEPS - len(steps))]),
        )

    def _window(self, states: Tensor, end: int, size: int) -> Tensor:
        return window_at(states[None], torch.tensor([end], device=states.device), size)

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _misread(self, states: Tensor, prompt: Prompt) -> bool:
        """Whether the ending detector takes the name to go on, although it ends here."""
        if prompt.end + 1 == len(prompt.ids):
            return False
        window = self._window(states, prompt.end + 1, WINDOW)
        return bool(self.calibration.detector.goes_on(window))


def answer_tokens(tokenizer: Any, prompt: str, answer: str) -> list[int]:
    """The answer's tokens after the prompt, its stop, and the end of the text where there is one.

    Raises BadInputError for an answer that the tokenizer cannot make or that is too long.
    """
    text = f"{answer}." if not answer.endswith((".", "!", "?")) else answer
    before = tokenizer(prompt)["input_ids"]
    whole = tokenizer(f"{prompt} {text}")["input_ids"]
    if tokenizer.eos_token_id is not None and whole[-1] == tokenizer.eos_token_id:
        whole, before = whole[:-1], before[:-1]
    steps = whole[len(before) :]
    made = tokenizer.decode(steps).strip() if whole[: len(before)] == before else None
    if made != text:
        raise BadInputError(
            f"the tokenizer cannot make the answer {answer[:60]!r} after this prompt (it makes "
            f"{(made or '')[:60]!r}); use other words or drop unusual characters"
        )
    if len(steps) > ANSWER_TOKENS + 1:
        raise BadInputError(
            f"the answer {answer[:60]!r} has {len(steps) - 1} tokens; give at most {ANSWER_TOKENS}"
        )
    end = tokenizer.eos_token_id
    return [*steps, *([int(end)] if end is not None else [])]
