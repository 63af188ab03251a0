"""A file of tensors that is written in parts has the bytes of one that is written at once."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.files.durable import replacing
from oneshot.files.tensor_file import map_tensors, write_tensors

SHAPES = {
    "sentence": ((5,), torch.int32),
    "key": ((16,), torch.uint8),
    "count": ((), torch.long),
    "codes": ((2, 3), torch.half),
    "a.texts": ((), torch.uint8),
}


def tensors(rows: int) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(rows)
    return {
        name: torch.randint(0, 200, (rows, *shape), generator=made).to(dtype)
        for name, (shape, dtype) in SHAPES.items()
    }


@given(st.integers(0, 40), st.sets(st.integers(0, 40)))
def test_parts_make_the_bytes_of_the_whole(rows: int, cuts: set[int]) -> None:
    whole = tensors(rows)
    places = sorted({0, rows, *(cut for cut in cuts if cut < rows)}) if rows else [0, 0]
    parts = [{name: t[a:b] for name, t in whole.items()} for a, b in pairwise(places)]
    with TemporaryDirectory() as folder:
        place = Path(folder)
        with replacing(place / "whole") as file:
            write_tensors(file, parts, place)
        assert (place / "whole").read_bytes() == save(whole)
        assert [path.name for path in place.iterdir()] == ["whole"]


@given(st.integers(0, 40))
def test_a_mapped_file_has_the_same_tensors(rows: int) -> None:
    whole = tensors(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "whole"
        path.write_bytes(save(whole, {"format": "2"}))
        found, metadata = map_tensors(path)
        assert metadata == {"format": "2"}
        assert found.keys() == whole.keys()
        assert all(found[name].dtype == whole[name].dtype for name in whole)
        assert all(torch.equal(found[name], whole[name]) for name in whole)


@pytest.mark.parametrize("length", [0, 7, 40, -1])
def test_a_file_that_is_not_whole_is_not_mapped(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut"
    path.write_bytes(save(tensors(9))[:length])
    with pytest.raises((SafetensorError, ValueError)):
        map_tensors(path)


def fill_the_disk(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"new")
        raise OSError("no space left")


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    with pytest.raises(BrainError, match="cannot be written"):
        fill_the_disk(path)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]
