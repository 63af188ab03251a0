"""The taught model as a model of lm-evaluation-harness, called `oneshot` there.

    python -m oneshot.facts.harness run --model oneshot --model_args brain=DIR \\
        --tasks my_task --include_path FOLDER

The harness keeps its models in a registry that importing this module enters; this module's own
command line is the harness's, with that done. Versions that know plugins find it by themselves.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adapters.attach import Attachment, attach
from oneshot.errors import BrainError, OneshotError
from oneshot.facts.brain.files import read_config
from oneshot.facts.learner import Learner

try:
    from lm_eval.api.registry import register_model
    from lm_eval.models.huggingface import HFLM
except ModuleNotFoundError as missing:
    raise ImportError(
        f"lm-evaluation-harness is not here ({missing}): pip install 'oneshot[harness]'"
    ) from missing


@register_model("oneshot")
class TaughtLM(HFLM):
    """A brain's host with its facts attached, or without them (`adapter=False`).

    `brain` is the folder; other arguments are those of the harness's own Hugging Face model.
    Raises BrainError where there is no brain.
    """

    def __init__(
        self,
        brain: str = "",
        adapter: bool = True,
        device: str | None = "cpu",
        dtype: str = "float32",
        trust_remote_code: bool = False,
        **options: Any,
    ) -> None:
        if not brain:
            raise BrainError("no brain is named; give --model_args brain=DIR")
        folder = Path(brain).expanduser()
        if read_config(folder) is None:
            raise BrainError(f"{folder} is no brain; teach something or give another brain=")
        if device is None or not torch.cuda.is_available():
            device = "cpu"  # the harness asks for "cuda" wherever no device was named
        with Learner.open(
            folder, device=device, dtype=dtype, trust_remote_code=trust_remote_code
        ) as learner:
            self._denoiser = learner.denoiser() if adapter else None
            host = learner.host
        super().__init__(pretrained=host.model, tokenizer=host.tokenizer, **options)

    def _model_call(self, inps: Tensor, *args: Any, **options: Any) -> Tensor:
        with self._taught():
            logits: Tensor = super()._model_call(inps, *args, **options)
            return logits

    def _model_generate(self, context: Tensor, *args: Any, **options: Any) -> Tensor:
        with self._taught():
            made: Tensor = super()._model_generate(context, *args, **options)
            return made

    @contextmanager
    def _taught(self) -> Iterator[Attachment | None]:
        if self._denoiser is None:
            yield None
            return
        with attach(self.model, self._denoiser) as attachment:
            yield attachment


def main() -> None:
    """Run the harness's command line; a `OneshotError` becomes one line and its status."""
    from lm_eval.__main__ import cli_evaluate

    try:
        cli_evaluate()
    except OneshotError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
