"""Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685) with the `peft` library."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from oneshot.hosts.load import Host
from oneshot.retention.methods.examples import answer_loss, examples_of, shuffled
from oneshot.retention.methods.interface import Method, Request


@dataclass(frozen=True)
class LoraSettings:
    """Adapters on every linear map but the head, scaled by two; epochs are those of a write.

    Defaults were chosen by the record retention-tune.
    """

    rank: int = 16
    learning_rate: float = 1e-3
    epochs: int = 10
    batch: int = 16


class Lora(Method):
    """One adapter that is trained on the facts of each write, from where the last write ended."""

    name = "LoRA"

    def __init__(self, host: Host, settings: LoraSettings | None = None) -> None:
        super().__init__(host)
        self.settings = settings or LoraSettings()
        self.generator = torch.Generator().manual_seed(0)
        self.state: dict[str, Tensor] = {}

    def write(self, requests: Sequence[Request]) -> None:
        """Train on these facts alone."""
        from peft import get_peft_model_state_dict

        settings, examples = self.settings, examples_of(self.host, requests)
        with self.taught() as model:
            trained = [p for name, p in model.named_parameters() if "lora_" in name]
            for parameter in trained:
                parameter.requires_grad_()
            optimizer = torch.optim.AdamW(trained, settings.learning_rate, weight_decay=0.0)
            for batch in shuffled(examples, settings.batch, settings.epochs, self.generator):
                optimizer.zero_grad()
                answer_loss(model, batch).backward()
                optimizer.step()
            state = get_peft_model_state_dict(model)
            self.state = {name: value.detach().clone() for name, value in state.items()}

    @contextmanager
    def taught(self) -> Iterator[Any]:
        """The host's model wrapped by `peft`; the host's own modules are put back after it."""
        from peft import get_peft_model, set_peft_model_state_dict

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = get_peft_model(self.host.model, self._config())
        try:
            if self.state:
                set_peft_model_state_dict(model, self.state)
            yield model.requires_grad_(False).eval()
        finally:
            model.unload()

    def stored_bytes(self) -> int:
        """Bytes of the adapter's matrices."""
        return sum(value.numel() * value.element_size() for value in self.state.values())

    def _config(self) -> Any:
        from peft import LoraConfig

        return LoraConfig(
            task_type="CAUSAL_LM",
            r=self.settings.rank,
            lora_alpha=2 * self.settings.rank,
            target_modules="all-linear",
            fan_in_fan_out=any(isinstance(m, Conv1D) for m in self.host.model.modules()),
        )
