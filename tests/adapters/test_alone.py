"""What is asked behind other text is read as it stands by itself."""

import pytest
import torch
from conftest import TinyHost
from tiny import PROMPTS, every_architecture, padded, taught

from adapters.attach import Attachment, attach
from adapters.query.decide import Change

IN_FRONT = "The weather was fine all day, and they walked for hours. "


@every_architecture
def test_text_in_front_takes_nothing_from_the_evidence(architecture: str) -> None:
    host, denoiser = taught(architecture)
    with attach(host.model, denoiser) as attachment:
        for prompt in PROMPTS[:2]:
            (alone,) = _heard(attachment, host, prompt)
            (behind,) = _heard(attachment, host, f"{IN_FRONT}{prompt}")
            assert behind.fact == alone.fact
            assert behind.evidence == pytest.approx(alone.evidence, abs=1e-2)


def _heard(attachment: Attachment, host: TinyHost, text: str) -> list[Change]:
    with torch.inference_mode():
        host.model(**padded(host, [text], "left"))
    return attachment.changes
