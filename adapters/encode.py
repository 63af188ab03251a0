"""From a fact to its row: one forward pass of its prompt, and one up to the entity layer."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from adapters.address.calibration import Calibration
from adapters.address.ending import WINDOW
from adapters.address.enrolment import enrolment
from adapters.address.prompts import Prompt, encode_prompts, pad
from adapters.address.windows import window_at
from adapters.reading import read_states
from adapters.rows import ANSWER_TOKENS, NO_TOKEN, STEPS, FactRows, content_hash, subject_group
from oneshot.errors import BadInputError


@dataclass(frozen=True)
class Encoder:
    """Encodes facts for one host; every fact has forward passes of its own.

    The last bits of a forward pass depend on the shape of its batch. A fact's passes have shapes
    that depend on the fact alone, so that teaching in any order or grouping gives the same bits.
    """

    model: nn.Module
    tokenizer: Any
    calibration: Calibration

    def encode(self, prompt: str, answer: str, subject: str) -> FactRows:
        """One row; raises BadInputError for an answer or subject that cannot be written."""
        steps = answer_tokens(self.tokenizer, prompt, answer)
        pairs = [(prompt, subject)]
        pairs += [enrolment(wording, subject) for wording in self.calibration.wordings]
        prompts = encode_prompts(self.tokenizer, pairs)
        size = min(min(p.size for p in prompts), len(self.calibration.metrics))
        taught, relation, ends_here = self._taught(prompts[0], size)
        entity = torch.cat([taught, self._enrolled(prompts[1:], size)])
        banks = self.calibration.banks
        codes = [bank.code(state) for bank, state in zip(banks, relation, strict=True)]
        novel = [bank.novel(code) for bank, code in zip(banks, codes, strict=True)]
        return FactRows(
            torch.frombuffer(bytearray(content_hash(prompt, answer, subject)), dtype=torch.uint8)[
                None
            ],
            torch.tensor([subject_group(subject)]),
            torch.tensor([size]),
            torch.tensor([ends_here]),
            entity[None].cpu(),
            torch.stack(codes, 1).cpu(),
            torch.stack(novel, 1).cpu(),
            torch.tensor([steps + [NO_TOKEN] * (STEPS - len(steps))]),
        )

    def _taught(self, prompt: Prompt, size: int) -> tuple[Tensor, list[Tensor], bool]:
        layers = {self.calibration.entity_layer, *self.calibration.relation_layers}
        states = read_states(self.model, self._rows([prompt]), sorted(layers))
        entity = states[self.calibration.entity_layer]
        relation = [states[layer][:, -1] for layer in self.calibration.relation_layers]
        return self._code(entity, [prompt], size), relation, self._misread(entity, prompt)

    def _misread(self, states: Tensor, prompt: Prompt) -> bool:
        """Whether the ending detector takes the name to go on, although it ends here."""
        if prompt.end + 1 == len(prompt.ids):
            return False
        after = torch.tensor([prompt.end + 1], device=states.device)
        return bool(self.calibration.detector.goes_on(window_at(states, after, WINDOW)))

    def _enrolled(self, prompts: list[Prompt], size: int) -> Tensor:
        layer = self.calibration.entity_layer
        states = read_states(self.model, self._rows(prompts), [layer])
        return self._code(states[layer], prompts, size)

    def _code(self, states: Tensor, prompts: list[Prompt], size: int) -> Tensor:
        metric = self.calibration.metrics[size - 1].metric.to(states.device)
        ends = torch.tensor([p.end for p in prompts], device=states.device)
        return window_at(states, ends, size) @ metric.flatten(0, 1)

    def _rows(self, prompts: list[Prompt]) -> Tensor:
        return pad(prompts).to(next(self.model.parameters()).device)


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
