"""GGUF files are unpacked once, speak as the model they hold, and are refused where damaged."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from architectures import POSITIONS
from brains import refused
from conftest import packaged_tokenizer
from gguf_files import logits, tiny_llama, write_gguf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

from oneshot.errors import HostError
from oneshot.hosts import gguf, place
from oneshot.hosts.load import Host, host_hash, load_host
from oneshot.hosts.shelf import kept_hosts, read_origin, shelf


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(folder)}):
        yield folder


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("files") / "tiny.gguf")


@pytest.fixture(scope="module")
def host(file: Path) -> Host:
    return load_host(str(file))


def left() -> list[str]:
    """What lies on the shelf."""
    return sorted(path.name for path in shelf().glob("*") if path.name != ".lock")


def test_an_unpacked_host_is_the_model_that_the_file_holds(host: Host, file: Path) -> None:
    assert host.name == str(file)
    assert host.hash == host_hash(tiny_llama())
    assert {p.dtype for p in host.model.parameters()} == {torch.float32}
    assert not hasattr(host.model.config, "quantization_config")
    torch.testing.assert_close(logits(host.model), logits(tiny_llama()), rtol=1e-4, atol=1e-5)


def test_a_file_is_unpacked_once_whatever_its_name(host: Host, file: Path, tmp_path: Path) -> None:
    before = left()
    (tmp_path / "other.gguf").write_bytes(file.read_bytes())
    with mock.patch.object(gguf, "unpack", side_effect=AssertionError("again")):
        assert load_host(str(file)).hash == host.hash
        assert load_host(str(tmp_path / "other.gguf")).hash == host.hash
        assert load_host(str(tmp_path)).hash == host.hash, "the only one of a folder"
    assert left() == before
    (folder,) = (f for name, f in kept_hosts().items() if name.endswith("float32"))
    assert read_origin(folder).source == str(file)
    assert read_origin(folder).licence == "mit"


def test_other_precisions_are_unpacked_beside_it(host: Host, file: Path) -> None:
    half = load_host(str(file), dtype="bfloat16")
    assert {p.dtype for p in half.model.parameters()} == {torch.bfloat16}
    assert half.hash == host.hash
    assert {name.rpartition("-")[2] for name in left()} == {"float32", "bfloat16"}


def test_a_folder_of_several_files_is_refused(file: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(file.read_bytes())
    with refused(HostError, "holds 2 GGUF files; give one of them"):
        load_host(str(tmp_path))
    tiny_llama().save_pretrained(tmp_path)
    packaged_tokenizer().save_pretrained(tmp_path)
    assert load_host(str(tmp_path)).name == str(tmp_path), "safetensors come first"


def test_the_tokenizer_is_the_chats(host: Host) -> None:
    tokenizer = host.tokenizer
    assert tokenizer.model_max_length == POSITIONS
    talk = [{"role": "user", "content": "Where?"}]
    text = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    start = tokenizer.bos_token
    assert text == f"{start}user\nWhere?{start}{start}assistant\n"
    ids = tokenizer.apply_chat_template(talk, add_generation_prompt=True)["input_ids"]
    assert ids == tokenizer(text)["input_ids"], "nothing is put before the first token"
    assert ids.count(tokenizer.bos_token_id) == 3
    assert ids[0] == tokenizer.bos_token_id != ids[1]


@functools.cache
def cutting(*, digits_apart: bool | None = None) -> Tokenizer:
    """The unpacked tokenizer; its way of cutting text is replaced where that is said."""
    (folder, *_) = kept_hosts().values()
    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    plain = ByteLevel(add_prefix_space=False)
    if digits_apart is not None:
        found.pre_tokenizer = Sequence([Digits(individual_digits=True), plain])
    if digits_apart is False:
        found.pre_tokenizer = plain
    return found


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.sampled_from("ab 17\n.'sé日"), max_size=30))
@pytest.mark.usefixtures("host")
def test_texts_are_cut_as_the_model_learned_them(text: str) -> None:
    """Every digit apart and before everything else, as the file says."""
    encoded = cutting().encode(text)
    assert encoded.tokens == cutting(digits_apart=True).encode(text).tokens
    assert cutting().decode(encoded.ids) == text


@pytest.mark.usefixtures("host")
def test_ways_of_cutting_differ() -> None:
    text = "in 1999,\n\n7 more"
    apart, plain = (cutting(digits_apart=d).encode(text).tokens for d in (True, False))
    assert apart != plain


def test_damaged_and_foreign_files_are_refused_in_one_line(file: Path, tmp_path: Path) -> None:
    before, whole = left(), file.read_bytes()
    bad = tmp_path / "bad.gguf"
    damaged = {
        "is not a GGUF file": (b"", b"no model", os.urandom(5000), whole[1:]),
        "cannot read .* damaged": (whole[:4], whole[:3000], whole[: len(whole) // 2], whole[:-1]),
    }
    for why, contents in damaged.items():
        for content in contents:
            bad.write_bytes(content)
            with refused(HostError, why):
                load_host(str(bad))
    write_gguf(bad, "strange")
    with refused(HostError, "the architecture 'strange' or the file is not supported"):
        load_host(str(bad))
    with refused(HostError, r"nothing\.gguf cannot be read"):
        load_host(str(tmp_path / "nothing.gguf"))
    assert left() == before


def test_what_does_not_fit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file, before = write_gguf(tmp_path / "another.gguf"), left()
    file.write_bytes(file.read_bytes() + b"another")  # so that it was never unpacked
    full = SimpleNamespace(free=1000)
    with (
        mock.patch.object(gguf.shutil, "disk_usage", return_value=full),
        refused(HostError, r"unpacked, and 0\.0 GB are free on the disk"),
    ):
        load_host(str(file))
    with (
        mock.patch.object(place, "free_bytes", return_value=1000),
        refused(HostError, "for its weights, and cpu has 0.0 GB free"),
    ):
        load_host(str(file))
    assert left() == before
