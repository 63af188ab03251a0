"""Random hosts of every architecture are calibrated, taught and answer as they were taught."""

from dataclasses import replace

import pytest
import torch
from architectures import CONFIGS
from conftest import tiny_host
from tiny import FACTS, PROMPTS, SAID, STRANGERS, denoiser_of, encoded, generated, logits

from adapters.attach import attach

every_architecture = pytest.mark.parametrize("architecture", CONFIGS)


@every_architecture
def test_taught_prompts_are_answered_and_strangers_are_not(architecture: str) -> None:
    host = tiny_host(architecture)
    denoiser = denoiser_of(host, encoded(architecture))
    bare = generated(host, PROMPTS)
    assert not any(text.startswith(said) for text, said in zip(bare, SAID, strict=True))
    with attach(host.model, denoiser) as attachment:
        said = generated(host, PROMPTS)
        assert {change.fact for change in attachment.changes} <= set(range(len(FACTS)))
    assert [text[: len(wanted)] for text, wanted in zip(said, SAID, strict=True)] == SAID
    for prompt in STRANGERS[:2]:
        assert torch.equal(logits(host, prompt, denoiser), logits(host, prompt))


@every_architecture
def test_a_question_that_was_given_is_answered_and_forgotten(architecture: str) -> None:
    host = tiny_host(architecture)
    asked = f"What do the people of {FACTS[0].subject} call their home?"
    told = replace(FACTS[0], asks=(asked,))
    row = host.encoder.encode(told)
    with attach(host.model, denoiser_of(host, [row])):
        assert generated(host, [asked])[0].startswith(SAID[0])
    plain = generated(host, [asked])
    with attach(host.model, denoiser_of(host, encoded(architecture)[4:])):
        assert generated(host, [asked]) == plain
