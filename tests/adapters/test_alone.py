"""What is asked behind other text is read as it stands by itself."""

from contextlib import nullcontext
from unittest import mock

import pytest
import torch
from conftest import TinyHost
from tiny import PROMPTS, every_architecture, padded, taught

from adapters.attach import Attachment, attach
from adapters.query.decide import Change
from adapters.query.reader import Reader

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


@every_architecture
def test_what_is_read_ahead_is_what_is_read_alone(architecture: str) -> None:
    host, denoiser = taught(architecture)
    with torch.inference_mode(), attach(host.model, denoiser) as attachment:
        reader = attachment.reader
        apart = [reader.alone(text) for text in PROMPTS[:4]]
        other = Reader(host.model, host.tokenizer, denoiser.calibration, nullcontext)
        other.ahead(reader.ids(PROMPTS[:4]))
        with mock.patch("adapters.query.reader.read_states", side_effect=AssertionError):
            together = [other.alone(text) for text in PROMPTS[:4]]
            assert reader.alone(PROMPTS[0])[1] is apart[0][1], "what was read is remembered"
        with mock.patch("adapters.query.reader.KEPT", 1):
            assert torch.equal(reader.alone(PROMPTS[5])[1], other.alone(PROMPTS[5])[1])
        assert reader.alone(PROMPTS[0])[1] is not apart[0][1], "but not for ever"
        for (ids, traces), (same, near) in zip(apart, together, strict=True):
            assert ids == same
            torch.testing.assert_close(near, traces, atol=1e-3, rtol=1e-3)
