"""Calibrated hosts of several architectures; nothing is downloaded."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: tests use no network

import torch
from architectures import build_model
from hypothesis import settings

from adapters.address.calibration import Calibration, calibrate
from adapters.address.material import Material, Settings, Worded
from adapters.host.sites import find_sites
from adapters.query.labels import Head
from adapters.write.encode import Encoder
from oneshot.hosts.corpus import background_text
from oneshot.hosts.relations import relations, worded

# The same examples in every run; `make fuzz` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=1000, deadline=None)
settings.load_profile("same")

SETTINGS = Settings(last_depths=(0.5, 0.75), rank=24, cut=60)
RELATIONS, PARAGRAPHS = 60, 40


@dataclass(frozen=True)
class TinyHost:
    """A random frozen model with its calibration, which both precisions share."""

    model: Any
    tokenizer: Any
    calibration: Calibration

    @property
    def encoder(self) -> Encoder:
        return Encoder(self.model, self.tokenizer, self.calibration)

    @property
    def head(self) -> Head:
        sites = find_sites(self.model)
        bias = None if sites.bias is None else sites.bias.detach()
        return Head(sites.head.get_parameter("weight").detach(), bias)


@cache
def packaged_tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(files("oneshot.hosts") / "factual_lm"))


@cache
def small_material() -> Material:
    """Few relations of the bank, from all its rooms, so that a host is calibrated in a second."""
    known = [relation.name for relation in relations() if not relation.held_out]
    chosen = set(known[:: len(known) // RELATIONS])
    wordings = [Worded(r.name, *rest) for r, *rest in worded() if r.name in chosen]
    return Material(wordings, background_text()[:PARAGRAPHS])


@cache
def tiny_host(architecture: str, dtype: torch.dtype = torch.float32) -> TinyHost:
    model, tokenizer = build_model(architecture, dtype), packaged_tokenizer()
    if dtype != torch.float32:
        return TinyHost(model, tokenizer, tiny_host(architecture).calibration)
    made = calibrate(model, tokenizer, small_material(), SETTINGS, lambda *_: None)
    return TinyHost(model, tokenizer, made)


@cache
def packaged_host() -> TinyHost:
    """The model of the package with the calibration that ships with it."""
    return _shipped(None)


@cache
def fetched_host(name: str) -> TinyHost | None:
    """A model that was fetched before, with the calibration that ships; None where it is not."""
    from oneshot.hosts.shelf import kept_hosts

    return _shipped(name) if name in kept_hosts() else None


def _shipped(name: str | None) -> TinyHost:
    from adapters.write.state import load_calibration
    from oneshot.facts.calibrated import calibration_path
    from oneshot.hosts.load import load_host

    host = load_host(name)
    made = load_calibration(calibration_path(host.hash))
    return TinyHost(host.model, host.tokenizer, made)
