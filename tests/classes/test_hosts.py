"""Hosts by name or folder, built from configurations and seeds; nothing is downloaded."""

import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import torch
from brains import NAMES
from conftest import packaged_tokenizer
from pictures import write_set

from oneshot.classes.calibrated import (
    calibration_paths,
    host_calibration,
    sentences_of_relations,
)
from oneshot.classes.folder.opening import open_host
from oneshot.classes.hosts.host import Kind
from oneshot.classes.hosts.images import open_image_host
from oneshot.classes.hosts.texts import LONGEST, load_text_model, open_text_host
from oneshot.classes.hosts.twice import SMOLLM2, TwiceHost
from oneshot.classes.writers.calibration import load_calibration
from oneshot.cli.main import main
from oneshot.errors import BadInputError, HostError
from oneshot.hosts.load import PACKAGED
from oneshot.hosts.shelf import Origin, building, keep_origin
from oneshot.images.data import ImageSet
from oneshot.images.kinds import RuleName
from oneshot.images.model import silent
from oneshot.images.rules.ridge import train
from oneshot.images.rules.ridge_settings import RidgeSettings
from oneshot.images.rules.saved import RuleRun, save_model
from oneshot.images.settings import TrainSettings

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
SENTENCES = [f"{name} was born in {place}." for name in NAMES[:9] for place in ("Rome", "Lima")]


def save_text_model(folder: Path, kind: str) -> Path:
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **SMALL, vocab_size=8000, max_position_embeddings=64)
    AutoModel.from_config(config).save_pretrained(folder)
    packaged_tokenizer().save_pretrained(folder)
    return folder


def save_vision_model(folder: Path, kind: str) -> Path:
    from transformers import AutoConfig, AutoModel, ViTImageProcessor

    torch.manual_seed(0)
    small = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
    config = AutoConfig.for_model(
        kind, **(SMALL | {"image_size": 32, "patch_size": 8} if kind == "vit" else small)
    )
    AutoModel.from_config(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_any_text_model_gives_features_of_single_texts(tmp_path: Path, kind: str) -> None:
    host = open_text_host(str(save_text_model(tmp_path / kind, kind)), "cpu")
    together = host.features(SENTENCES)
    assert together.shape == (18, 3 * 32)
    assert together.std(0).min() > 0
    assert torch.equal(together[3:4], host.features([SENTENCES[3]]))
    assert torch.equal(together.flip(0), host.features(SENTENCES[::-1]))
    long = host.features(["word " * 2000])
    assert long.isfinite().all()


@pytest.mark.parametrize("kind", ["vit", "resnet"])
def test_any_vision_model_gives_features_of_single_images(tmp_path: Path, kind: str) -> None:
    host = open_image_host(str(save_vision_model(tmp_path / kind, kind)), "cpu")
    assert host.side == 32
    images = list(torch.randint(0, 255, (6, 3, 32, 32), generator=torch.Generator().manual_seed(0)))
    images = [image.to(torch.uint8) for image in images]
    together = host.features(images)
    assert together.std(0).max() > 0
    assert torch.equal(together[5:6], host.features(images[5:6]))
    norms = together.norm(dim=1)
    assert torch.allclose(norms, torch.full((6,), together.shape[1] ** 0.5), rtol=1e-4)


@pytest.mark.parametrize(("channels", "side"), [(3, 32), (1, 28)])
def test_a_chain_without_gradients_is_a_host(tmp_path: Path, channels: int, side: int) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 4
    noise = torch.randint(0, 99, (40, channels, side, side), generator=generator)
    images = (noise + 39 * labels[:, None, None, None]).to(torch.uint8)
    data = ImageSet("coloured", 4, images, labels, images[:4], labels[:4])
    settings = RidgeSettings(blocks=2, filters=8, sizes=(6,), mirror=False)
    run = RuleRun(RuleName.RIDGE, TrainSettings(), data.inputs)
    save_model(tmp_path / "chain", run, train(data, settings, silent))
    host = open_image_host(str(tmp_path / "chain"), "cpu")
    assert host.side == side
    found = host.features(list(images[:8].expand(-1, 3, -1, -1)))
    assert found.shape == (8, 2 * 4)
    assert found[:, 4:].argmax(1).tolist() == labels[:8].tolist()


def test_a_chain_of_gradient_blocks_is_a_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "exit", lambda *_: None)
    write_set(tmp_path)
    out = tmp_path / "run"
    arguments = ["--dataset", "cifar10", "--T", "2", "--batch", "8", "--epochs", "1"]
    main(["image", "train", *arguments, "--data", str(tmp_path), "--out", str(out)])
    host = open_image_host(str(out), "cpu")
    size = (3, host.side, host.side)
    images = [torch.full(size, v, dtype=torch.uint8) for v in (0, 90, 200)]
    found = host.features(images)
    assert found.shape[0] == 3
    assert found.shape[1] % 2 == 0
    assert found.std(0).max() > 0


def test_the_packaged_text_host_reads_what_it_is_given() -> None:
    host = open_text_host(None, "cpu")
    assert host.read(" A  line\nwith space. ").content == "A line with space."
    for text, message in (
        ("x" * (LONGEST + 1), "give at most"),
        (" \n", "empty"),
        ("\ud800", "no Un"),
    ):
        with pytest.raises(BadInputError, match=message):
            host.read(text)
    with pytest.raises(BadInputError, match="give sentences"):
        host.features([])
    with pytest.raises(BadInputError, match="give pictures"):
        open_image_host(None, "cpu").features(["text"])


def test_what_is_no_host_is_one_line(tmp_path: Path) -> None:
    for opener in (open_text_host, open_image_host):
        with pytest.raises(HostError, match="safetensors") as found:
            opener(str(tmp_path), "cpu")
        assert "\n" not in str(found.value)


def test_base_sentences_hold_no_wording_that_is_held_out() -> None:
    from oneshot.hosts.corpus import corpus_wordings

    texts, labels = sentences_of_relations()
    assert len(set(labels)) > 30
    held = [p.replace("{}", "").strip() for w in corpus_wordings().values() for p in w.held_out]
    main = [p for w in corpus_wordings().values() for p in (*w.main, *w.loose)]
    strange = [h for h in held if len(h) > 12 and not any(h in m for m in main)]
    assert not [t for t in texts[:500] for h in strange if h in t]


def test_a_text_that_is_read_twice_is_described_alone(tmp_path: Path) -> None:
    model, tokenizer = load_text_model(str(save_text_model(tmp_path / "llama", "llama")), "cpu")
    host = TwiceHost("twice", "hash", model, tokenizer)
    together = host.features(SENTENCES)
    assert together.shape == (18, 2 * 32)
    assert together.std(0).min() > 0
    assert torch.equal(together[3:4], host.features([SENTENCES[3]]))
    swapped = host.features(["Rome was born in Mary.", "Mary was born in Rome."])
    assert not torch.allclose(swapped[0], swapped[1])
    long = host.features(["word " * 900, "word " * 900 + "and more"])
    assert torch.equal(long[0], long[1])
    with pytest.raises(BadInputError, match="give sentences"):
        host.features([torch.zeros(3, 8, 8, dtype=torch.uint8)])


def test_smollm2_is_the_text_host_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_: tmp_path)
    assert open_host(Kind.TEXT, None, "cpu").name == PACKAGED
    with pytest.raises(HostError, match="host fetch smollm2"):
        open_host(Kind.TEXT, SMOLLM2, "cpu")
    with building(SMOLLM2) as folder:
        save_text_model(folder, "llama")
        keep_origin(folder, Origin("a test", "none"))
    general = open_host(Kind.TEXT, None, "cpu")
    assert (general.name, general.general) == (SMOLLM2, True)
    assert open_host(Kind.TEXT, PACKAGED, "cpu").name == PACKAGED
    calibration = load_calibration(host_calibration(general))
    assert calibration.metric.width == 2 * 32
    assert calibration_paths(general.hash)[0].is_file()
