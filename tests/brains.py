"""Brains on a tiny random host, for tests; a module, so that forked processes can use it too."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from unittest import mock

import pytest
import torch
from conftest import SETTINGS, small_material
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from oneshot.errors import OneshotError
from oneshot.facts import calibrated, manner
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement
from oneshot.hosts.load import Host, load_host

PACKAGED = Path(str(files("oneshot.hosts") / "factual_lm"))
FIRST = "Mar Tel Zan Bor Quel Dru Fen Hol Ix Jor Kel Lum Nor Os Pel Rud Sav Tor Ul Vex"
LAST = "ovia istan land burg aria mont ville shire wick onia ette dale ford ness mere"
NAMES = [first + last for first in FIRST.split() for last in LAST.split()]
TEMPLATES = {
    "capital": "The capital of {} is",
    "language": "In {} people speak",
    "founder": "{} was founded by",
    "river": "The longest river in {} is called",
}
SAID = "Glorp Tarnov Belmor Quist Ostrava Limerick Paris Old Harbour Green Valley"
ANSWERS = SAID.split()
LONGEST = 12  # tokens of what a random host says, which goes on for ever


def make_host(folder: Path, seed: int = 0) -> Path:
    """Save a random GPT-2 with the packaged tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(PACKAGED)
    shape = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=160,
        n_embd=64,
        n_layer=4,
        n_head=2,
        initializer_range=0.1,  # so that tokens are said with a margin
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(seed)
    GPT2LMHeadModel(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextmanager
def quick_calibration(cache_folder: Path) -> Iterator[None]:
    """Calibrate on little, keep the results in this folder, and answer briefly."""
    with (
        mock.patch.object(calibrated, "material", small_material),
        mock.patch.object(calibrated, "Settings", return_value=SETTINGS),
        mock.patch.object(manner, "PLAIN_TOKENS", LONGEST),
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache_folder)}),
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test of the importing module reads or writes the user's cache."""
    with quick_calibration(tmp_path_factory.mktemp("cache")):
        yield


@cache
def _keeper() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="hosts-")


@cache
def host_folder(seed: int = 0) -> Path:
    """A tiny host, made once."""
    return make_host(Path(_keeper().name) / f"tiny-{seed}", seed)


@cache
def shared_host(seed: int = 0) -> Host:
    """A tiny host, loaded once."""
    return load_host(str(host_folder(seed)))


def open_tiny(folder: Path, seed: int = 0, **options: object) -> Learner:
    """A learner on the tiny host, which is not loaded again."""
    with mock.patch("oneshot.facts.brain.opening.load_host", return_value=shared_host(seed)):
        return Learner.open(folder, model=str(host_folder(seed)), **options)  # type: ignore[arg-type]


def statement(number: int, answer: str | None = None) -> Statement:
    """A made-up fact; every number is another question."""
    name = NAMES[number // len(TEMPLATES) % len(NAMES)]
    wording = list(TEMPLATES.values())[number % len(TEMPLATES)]
    return Statement(wording.format(name), answer or ANSWERS[number % len(ANSWERS)], name)


def statements(count: int, start: int = 0) -> list[Statement]:
    """Made-up facts on different questions."""
    return [statement(number) for number in range(start, start + count)]


def answers(learner: Learner, facts: Sequence[Statement]) -> list[str]:
    """What the learner says to the taught prompts."""
    return [reply.answer for reply in learner.ask([fact.prompt for fact in facts])]


def exported(learner: Learner, folder: Path) -> dict[str, bytes]:
    """The files of an export, by name."""
    learner.export(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def live(learner: Learner) -> dict[str, str]:
    """The answers that are live, by prompt."""
    return {fact.prompt: fact.answer for fact in learner.facts()}


@contextmanager
def refused(kind: type[OneshotError], match: str | None = None) -> Iterator[None]:
    """Expect one of the package's errors, in one line that a person can read."""
    with pytest.raises(kind, match=match) as caught:
        yield
    text = str(caught.value)
    assert "\n" not in text
    assert 20 < len(text) < 600


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with open_tiny(tmp_path / "brain") as learner:
        yield learner
