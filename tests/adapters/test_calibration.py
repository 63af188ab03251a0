"""A host's calibration: the same bits every time, in a file that is checked when it is read."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, build_model
from brains import caches, refused, shared_host
from conftest import (
    SETTINGS,
    TinyHost,
    packaged_tokenizer,
    small_material,
    tiny_host,
)
from torch import Tensor

from adapters.address.calibration import Calibration, calibrate
from adapters.address.material import Material, Prompts, fill
from adapters.write.state import load_calibration, save_calibration
from oneshot.errors import BadInputError, BrainError
from oneshot.facts.calibrated import (
    DEFAULT_SITES,
    DEPTHS,
    calibration_name,
    calibration_path,
    host_calibration,
    material,
)
from oneshot.hosts.corpus import corpus_facts, corpus_wordings
from oneshot.hosts.load import load_host
from oneshot.memory.disk.content import content_hash

__all__ = ["caches"]

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def host() -> TinyHost:
    return tiny_host("gpt2")


@pytest.fixture
def path(host: TinyHost, tmp_path: Path) -> Path:
    path = tmp_path / "calibration.safetensors"
    save_calibration(host.calibration, path)
    return path


def tensors(value: object) -> Iterator[Tensor]:
    """All tensors below, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from tensors(part)
    elif hasattr(value, "__dict__"):
        for part in vars(value).values():
            yield from tensors(part)


def equal(one: Calibration, other: Calibration) -> bool:
    pairs = list(zip(tensors(one), tensors(other), strict=True))
    assert len(pairs) > 20
    settings = ("entity_layer", "relation_layers", "relations", "wordings")
    return all(getattr(one, n) == getattr(other, n) for n in settings) and all(
        torch.equal(a, b) for a, b in pairs
    )


def test_the_same_seed_gives_the_same_bits_without_gradients(host: TinyHost) -> None:
    steps: list[tuple[int, int]] = []
    with torch.inference_mode():
        again = calibrate(
            host.model,
            host.tokenizer,
            small_material(),
            SETTINGS,
            lambda _, done, total: steps.append((done, total)),
        )
    assert equal(again, host.calibration)
    assert not any(t.requires_grad for t in tensors(host.calibration))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]
    assert not equal(tiny_host("llama").calibration, host.calibration)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_calibration_is_finite_and_of_the_hosts_shape(architecture: str) -> None:
    host = tiny_host(architecture)
    made = host.calibration
    assert all(bool(t.isfinite().all()) for t in tensors(made))
    assert len(made.banks) == len(made.relation_layers) == len(SETTINGS.relation_depths)
    assert made.relations == tuple(small_material().templates)
    assert len(set(made.wordings)) == SETTINGS.enrolments
    assert all(float(metric.offset) > 0 for metric in made.metrics)
    assert float(made.scale) > 0


def test_labels_make_the_head_say_their_tokens(host: TinyHost) -> None:
    tokens = torch.arange(0, 8000, 37)
    states = host.calibration.labels(host.head[tokens]) * host.calibration.scale
    assert (states @ host.head.T).argmax(1).eq(tokens).float().mean() > 0.99


def prompts(text: str = "It rained all day, they say", window: int | None = None) -> Prompts:
    drawn_on = Material([], {}, [text] if text else [], [])
    return Prompts(drawn_on, packaged_tokenizer(), window, random.Random(0))


def test_a_share_of_the_prompts_stands_behind_text() -> None:
    made = prompts()
    some = [made.fill("{} is a", "Ann", 0.5) for _ in range(200)]
    assert {name for _, name in some} == {"Ann"}
    behind = [prompt for prompt, _ in some if prompt != "Ann is a"]
    assert 60 < len(behind) < 140
    assert all(p.startswith("It") and p.endswith(". Ann is a") for p in behind)
    assert "It rained all day, they. Ann is a" in behind
    assert {made.fill("{} is a", "Ann", 0.0)[0] for _ in range(50)} == {"Ann is a"}


@pytest.mark.parametrize(
    ("text", "window"), [("It rained all day", 5), ("", None), ("Ann x", None)]
)
def test_text_is_left_out_where_it_does_not_fit_or_has_the_name(
    text: str, window: int | None
) -> None:
    made = prompts(text, window)
    assert {made.fill("{} is a", "Ann", 1.0)[0] for _ in range(50)} == {"Ann is a"}


def test_calibrating_leaves_no_hook_and_no_change(host: TinyHost) -> None:
    fresh = build_model("gpt2").state_dict()
    assert all(torch.equal(v, fresh[n]) for n, v in host.model.state_dict().items())
    modules = list(host.model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in modules)


def test_a_file_gives_back_the_same_bits(host: TinyHost, path: Path, tmp_path: Path) -> None:
    loaded = load_calibration(path, CPU)
    assert equal(loaded, host.calibration)
    save_calibration(loaded, tmp_path / "deeper" / "again.safetensors")
    again = (tmp_path / "deeper" / "again.safetensors").read_bytes()
    assert content_hash(again) == content_hash(path.read_bytes())  # headers vary in order
    assert not list(tmp_path.glob(".*"))


def header_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[:8], "little")


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: b"",
        lambda d: d[:100],
        lambda d: d[:-1],
        lambda d: d[: header_end(d)],
        lambda d: d + b"x",
        lambda d: b"x" * len(d),
        lambda d: d.replace(b'"format":"2"', b'"format":"9"'),
        lambda d: d.replace(b"detector.weight", b"detector.height"),
        lambda d: d.replace(b"bank.1.means", b"bank.7.means"),
        lambda d: d.replace(b"relation_layers", b"relation_payers"),
        lambda d: d.replace(b"entity_layer", b"entity_payer"),
    ],
)
def test_a_damaged_file_is_refused(path: Path, damage: object) -> None:
    data = path.read_bytes()
    changed = damage(data)  # type: ignore[operator]
    assert changed != data
    path.write_bytes(changed)
    with refused(BrainError, "is no calibration of this version"):
        load_calibration(path, CPU)
    path.write_bytes(data)
    load_calibration(path, CPU)


def test_the_packaged_calibration_belongs_to_the_packaged_host() -> None:
    host = load_host()
    path = calibration_path(host.hash, DEFAULT_SITES)
    assert path.name == calibration_name(host.hash, DEFAULT_SITES)
    assert host.hash in path.name
    assert path.parent.name == "factual_lm"
    assert list(path.parent.glob("calibration-*")) == [path]
    made, used = host_calibration(host, DEFAULT_SITES, fail)
    assert used == path
    assert made.relations == tuple(corpus_wordings())
    layers = host.model.config.n_layer
    assert made.relation_layers == tuple(round(f * layers) for f in DEPTHS[DEFAULT_SITES])
    assert len(made.labels.mean) == host.model.config.n_embd


def fail(*_: object) -> None:
    raise AssertionError("the packaged host was calibrated anew")


def test_a_calibration_is_made_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    host = shared_host()
    made, path = host_calibration(host, 2, lambda *_: None)
    again, same = host_calibration(host, 2, fail)
    assert same == path
    assert equal(made, again)
    assert host_calibration(host, 1, lambda *_: None)[1] != path
    path.unlink()  # the tensors of `made` are still mapped to it
    path.write_bytes(b"damaged")
    with refused(BrainError, "calibrate --force"):
        host_calibration(host, 2, fail)
    forced, there = host_calibration(host, 2, lambda *_: None, force=True)
    assert there == path
    assert equal(forced, made)
    with refused(BadInputError, "--sites 3 is not offered"):
        host_calibration(host, 3, fail)


def test_the_shipped_material_holds_nothing_that_is_held_out() -> None:
    shipped, wordings = material(), corpus_wordings()
    held_out = {fact.subject for fact in corpus_facts() if fact.split != "known"}
    known = {fact.subject for fact in corpus_facts() if fact.split == "known"}
    assert set(shipped.names) == known
    assert held_out
    assert not held_out & set(shipped.names)
    for relation, used in shipped.templates.items():
        assert not set(used) & set(wordings[relation].held_out)
    everything = [t for used in shipped.templates.values() for t in used]
    assert len(everything) == len(set(everything)) > 200
    assert fill("In {}, {}", "Oz") == "In Oz, Oz"


def test_a_file_that_shrinks_after_it_was_read_harms_nobody(path: Path, tmp_path: Path) -> None:
    """A memory map would end the process at the first look at a tensor (SIGBUS)."""
    kept = tmp_path / "kept.safetensors"
    kept.write_bytes(path.read_bytes())
    code = f"""
import torch
from pathlib import Path
from adapters.write.state import load_calibration
path = Path({str(kept)!r})
loaded = load_calibration(path, torch.device("cpu"))
path.write_bytes(b"")
print(float(loaded.banks[0].means.abs().sum()) > 0, path.stat().st_size)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True 0\n"), done.stderr
    kept.write_bytes(b"x")
    with refused(BrainError, "is no calibration of this version"):
        load_calibration(kept, CPU)
