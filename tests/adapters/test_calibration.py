"""A host's calibration: the same bits every time, in a file that is checked when it is read."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from architectures import CONFIGS, WIDTH, build_model
from brains import caches, refused, shared_host
from conftest import (
    SETTINGS,
    TinyHost,
    packaged_host,
    small_material,
    tiny_host,
)
from torch import Tensor

from adapters.address.calibration import Calibration, _prompts, calibrate
from adapters.address.gather import read_prompts
from adapters.address.material import Settings
from adapters.query.denoise import ASKED
from adapters.write.state import load_calibration, save_calibration
from oneshot.errors import BrainError
from oneshot.facts import calibrated
from oneshot.facts.calibrated import (
    calibration_name,
    calibration_path,
    host_calibration,
    make_calibration,
)
from oneshot.hosts.corpus import corpus_facts, corpus_wordings
from oneshot.hosts.load import load_host
from oneshot.hosts.relations import relations
from oneshot.memory.disk.content import content_hash

__all__ = ["caches"]

CPU = torch.device("cpu")
SHIPPED = calibrated.material  # before tests put a smaller one in its place


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
    assert len(pairs) > 8
    return (one.layers, one.relations) == (other.layers, other.relations) and all(
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


@pytest.mark.parametrize("architecture", CONFIGS)
def test_a_calibration_is_finite_and_of_the_hosts_shape(architecture: str) -> None:
    host = tiny_host(architecture)
    made = host.calibration
    assert all(bool(t.isfinite().all()) for t in tensors(made))
    assert made.layers.last == (2, 3)
    assert made.layers.words == (1, 2)
    assert made.metric.last.shape == (2, WIDTH, SETTINGS.rank)
    assert made.metric.words.shape == (2, WIDTH, SETTINGS.rank)
    assert made.value.weight.shape == (2, WIDTH)
    relations = dict.fromkeys(w.relation for w in small_material().wordings)
    assert made.relations == tuple(relations)
    assert made.centres.shape == (len(relations), SETTINGS.rank)
    assert float(made.scale) > 0


def test_a_code_asks_the_same_of_every_name() -> None:
    """On the packaged host: other wordings of a relation, held out ones, with other names."""
    host = packaged_host()
    metric, layers = host.calibration.metric, host.calibration.layers
    texts = [
        ("The capital of Freedonia is", "Freedonia"),
        ("What is the capital of Sylvania?", "Sylvania"),
        ("Who founded Freedonia?", "Freedonia"),
        ("Sylvania was founded by", "Sylvania"),
    ]
    found = read_prompts(host.model, _prompts(host.tokenizer, texts), layers)
    last, words = (part.unbind(1) for part in found)
    codes = metric.of_last(last) + metric.of_words(words)
    ratio = metric.ratio(codes, codes)
    assert ratio[0, 1] > ASKED
    assert ratio[2, 3] > ASKED
    assert ratio[:2, 2:].max() < 0


def test_calibrating_leaves_no_hook_and_no_change(host: TinyHost) -> None:
    fresh = build_model("gpt2").state_dict()
    assert all(torch.equal(v, fresh[n]) for n, v in host.model.state_dict().items())
    modules = list(host.model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in modules)


def test_a_file_gives_back_the_same_bits(host: TinyHost, path: Path, tmp_path: Path) -> None:
    loaded = load_calibration(path)
    assert not equal(loaded, host.calibration), "its large parts are halved"
    pairs = zip(tensors(loaded), tensors(host.calibration), strict=True)
    assert all(torch.allclose(a, b, rtol=0.01, atol=0.01) for a, b in pairs)
    assert (loaded.layers, loaded.relations) == (
        host.calibration.layers,
        host.calibration.relations,
    )
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
        lambda d: d.replace(b'"format":"5"', b'"format":"9"'),
        lambda d: d.replace(b"value.weight", b"value.height"),
        lambda d: d.replace(b"metric.between", b"metric.betwixt"),
        lambda d: d.replace(b"relations", b"relatives"),
        lambda d: d.replace(b"words", b"verbs"),
    ],
)
def test_a_damaged_file_is_refused(path: Path, damage: object) -> None:
    data = path.read_bytes()
    changed = damage(data)  # type: ignore[operator]
    assert changed != data
    path.write_bytes(changed)
    with refused(BrainError, "is no calibration of this version"):
        load_calibration(path)
    path.write_bytes(data)
    load_calibration(path)


def test_the_packaged_calibration_belongs_to_the_packaged_host() -> None:
    host = load_host()
    path = calibration_path(host.hash)
    assert path.name == calibration_name(host.hash)
    assert host.hash in path.name
    assert path.parent.name == "calibrations"
    made, used = host_calibration(host, fail)
    assert used == path
    assert len(made.relations) == len(made.centres) > 1000
    assert max(made.layers.all) < host.model.config.n_layer
    assert len(made.labels.mean) == host.model.config.n_embd


def fail(*_: object) -> None:
    raise AssertionError("the host was calibrated anew")


def test_a_calibration_is_made_once_and_kept() -> None:
    host = shared_host()
    made, path = host_calibration(host, lambda *_: None)
    again, same = host_calibration(host, fail)
    assert same == path
    assert equal(made, again)
    kept = path.read_bytes()
    path.write_bytes(b"damaged")
    with refused(BrainError, "calibrate --force"):
        host_calibration(host, fail)
    forced, there = host_calibration(host, lambda *_: None, force=True)
    assert there == path
    assert equal(forced, made)
    assert content_hash(path.read_bytes()) == content_hash(kept)


def test_a_packaged_calibration_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a new one is forced, it lies in the user's cache and is found there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    host = shared_host()
    package = tmp_path / "package"
    monkeypatch.setattr(calibrated, "_places", lambda: (tmp_path / "cache", package))
    kept = package / calibration_name(host.hash)
    save_calibration(make_calibration(host, lambda *_: None), kept)
    before = kept.read_bytes()
    assert host_calibration(host, fail)[1] == kept
    _, path = host_calibration(host, lambda *_: None, force=True)
    assert path == tmp_path / "cache" / kept.name
    assert host_calibration(host, fail)[1] == path
    assert kept.read_bytes() == before


def test_only_a_host_that_follows_texts_is_read_in_a_frame(
    host: TinyHost,
) -> None:
    with (
        mock.patch.object(calibrated, "Settings", Settings),
        mock.patch.object(calibrated, "calibrate", return_value=host.calibration) as calls,
    ):
        for template in (None, "{{ messages }}"):
            tokenizer = SimpleNamespace(chat_template=template)
            make_calibration(replace(shared_host(), tokenizer=tokenizer), lambda *_: None)
    depths = [call.args[3].end_depths for call in calls.call_args_list]
    assert depths == [(), Settings().end_depths]
    assert depths[1]


def test_the_shipped_material_holds_nothing_that_is_held_out() -> None:
    shipped, bank = SHIPPED(), relations()
    apart = {relation.name for relation in bank if relation.held_out}
    used = {worded.relation for worded in shipped.wordings}
    assert len(apart) > 300
    assert not apart & used
    assert {relation.name for relation in bank} - apart <= used
    known = {fact.subject for fact in corpus_facts() if fact.split == "known"}
    strangers = {fact.subject for fact in corpus_facts() if fact.split != "known"}
    of_corpus = [w for w in shipped.wordings if w.relation in corpus_wordings()]
    assert {w.name for w in of_corpus} <= known - strangers
    unseen = {w for entry in corpus_wordings().values() for w in entry.held_out}
    assert not {w.text.replace(w.name, "{}") for w in of_corpus} & unseen
    assert all(w.name in w.text for w in shipped.wordings)
    assert {w.cloze for w in shipped.wordings} == {True, False}


def test_a_file_that_shrinks_after_it_was_read_harms_nobody(path: Path, tmp_path: Path) -> None:
    """A memory map would end the process at the first look at a tensor (SIGBUS)."""
    kept = tmp_path / "kept.safetensors"
    kept.write_bytes(path.read_bytes())
    code = f"""
import torch
from pathlib import Path
from types import SimpleNamespace
from unittest import mock
from adapters.write.state import load_calibration
path = Path({str(kept)!r})
loaded = load_calibration(path)
path.write_bytes(b"")
print(float(loaded.metric.last.abs().sum()) > 0, path.stat().st_size)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True 0\n"), done.stderr
    kept.write_bytes(b"x")
    with refused(BrainError, "is no calibration of this version"):
        load_calibration(kept)
