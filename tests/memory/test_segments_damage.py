"""Damage to a store of segments, full disks, crashes and permissions."""

import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segments import Records, Rows, facts, forge, key_of, only, small, store
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.memory.disk.segments import SegmentStore

__all__ = ["store"]


def with_value(tensor: Tensor, value: float) -> Tensor:
    tensor = tensor.clone()
    tensor.view(-1)[0] = value
    return tensor


SPOILED_ROWS: dict[str, Callable[[Rows], Rows]] = {
    "nan": lambda rows: rows | {"code": with_value(rows["code"], float("nan"))},
    "infinite": lambda rows: rows | {"half": with_value(rows["half"], float("inf"))},
    "no key": lambda rows: {name: rows[name] for name in rows if name != "key"},
    "narrow key": lambda rows: rows | {"key": rows["key"][:, :15].contiguous()},
    "wide-typed key": lambda rows: rows | {"key": rows["key"].long()},
    "uneven": lambda rows: rows | {"token": rows["token"][:1].clone()},
    "scalar": lambda rows: rows | {"token": torch.tensor(1)},
}
SPOILED_RECORDS: dict[str, Callable[[Records], Records]] = {
    "order": lambda records: records[::-1],
    "count": lambda records: records[:1],
}
SPOILS = [*SPOILED_ROWS, *SPOILED_RECORDS]


def spoiled(name: str, rows: Rows, records: Records) -> tuple[Rows, Records]:
    if name in SPOILED_ROWS:
        return SPOILED_ROWS[name](rows), records
    return rows, SPOILED_RECORDS[name](records)


@pytest.mark.parametrize("spoil", SPOILS)
def test_unsound_rows_are_refused(store: SegmentStore, spoil: str) -> None:
    with pytest.raises(BrainError, match=r"^cannot store these [12] facts: .*$"):
        store.append(*spoiled(spoil, *facts(1, 2)))
    assert list(store.folder.iterdir()) == []
    store.append(*facts(1, 2))
    assert len(store.load().records) == 2


def test_rows_of_another_layout_are_refused(store: SegmentStore) -> None:
    store.append(*facts(1))
    rows, records = facts(2)
    with pytest.raises(BrainError, match="float64"):
        store.append(rows | {"code": rows["code"].double()}, records)
    assert len(store.names()) == 1


@pytest.mark.parametrize("spoil", [*SPOILS, "newer", "truncated", "flipped", "empty", "renamed"])
def test_damage_is_told_and_quarantined_alone(store: SegmentStore, spoil: str) -> None:
    store.append(*facts(1, 2))
    path = only(store.folder)
    data = path.read_bytes()
    if spoil == "newer":
        metadata = {"format": "3", "records": json.dumps(facts(1, 2)[1])}
        path = forge(path, facts(1, 2)[0], metadata)
    elif spoil == "truncated":
        path.write_bytes(data[:-1])
    elif spoil == "flipped":
        path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    elif spoil == "empty":
        path.write_bytes(b"")
    elif spoil == "renamed":
        path = path.rename(path.with_name("copy of weights.safetensors"))
    else:
        rows, records = spoiled(spoil, *facts(1, 2))
        path = forge(path, rows, {"format": "1", "records": json.dumps(records)})
    sound = SegmentStore(store.folder.parent / "sound")
    sound.append(*facts(3, 4, 5))
    only(sound.folder).rename(store.folder / only(sound.folder).name.replace("1-", "7-", 1))
    with pytest.raises(BrainError, match=r"oneshot doctor") as caught:
        store.load()
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert store.damaged() == [(path, message)]
    content = path.read_bytes()
    assert [moved.read_bytes() for moved in store.quarantine()] == [content]
    assert store.damaged() == []
    assert [r["key"] for r in store.load().records] == sorted(map(key_of, (3, 4, 5)))


def test_every_truncation_is_damage(store: SegmentStore) -> None:
    store.append(*facts(1))
    path = only(store.folder)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert len(store.damaged()) == 1, length
    path.write_bytes(data)
    assert store.damaged() == []


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=100)
def test_every_flipped_bit_is_damage(place: int, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SegmentStore(Path(folder))
        store.append(*facts(1, 2))
        path = only(store.folder)
        data = bytearray(path.read_bytes())
        data[place % len(data)] ^= 1 << bit
        path.write_bytes(data)
        assert [damaged for damaged, _ in store.damaged()] == [path]


def test_a_segment_of_another_layout_is_damage_and_the_majority_stays(store: SegmentStore) -> None:
    store.append(*facts(1))
    rows, records = facts(2)
    path = only(store.folder)
    alien = forge(path, {"key": rows["key"]}, {"format": "1", "records": json.dumps(records)})
    sound = SegmentStore(store.folder.parent / "sound")
    sound.append(*facts(3, 4))
    only(sound.folder).rename(store.folder / only(sound.folder).name)
    assert [path for path, _ in store.damaged()] == [alien]


def test_quarantine_overwrites_nothing(store: SegmentStore) -> None:
    for content in (b"one", b"two"):
        (store.folder / "x.safetensors").write_bytes(content)
        assert len(store.quarantine()) == 1
    assert sorted(p.read_bytes() for p in (store.folder / "damaged").iterdir()) == [b"one", b"two"]


def test_compaction_merges_no_damage(tmp_path: Path) -> None:
    store = small(tmp_path)
    store.append(*facts(1))
    store.append(*facts(2))
    path = min(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    other = min((name for name in store.names()), key=lambda name: name == path.name)
    with mock.patch.object(SegmentStore, "_check_layout"):
        store.append(*facts(3))
    assert {path.name, other} < store.names()
    assert [damaged for damaged, _ in store.damaged()] == [path]


def test_leftovers_of_a_crash_are_ignored_then_removed(store: SegmentStore) -> None:
    store.append(*facts(1))
    leftover = store.folder / f"{only(store.folder).name}.tmp"
    leftover.write_bytes(b"half")
    assert len(store.load().records) == 1
    assert store.damaged() == []
    store.append(*facts(2))
    assert not leftover.exists()


def failing(code: int, after: int) -> Any:
    """An os.fsync that fails once, at its call number `after`."""
    real, calls = os.fsync, iter(range(10**6))

    def fsync(descriptor: int) -> None:
        if next(calls) == after:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    return mock.patch("os.fsync", fsync)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, after: int) -> None:
    store = SegmentStore(tmp_path, largest=2)
    store.append(*facts(1))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with failing(errno.ENOSPC, after), pytest.raises(BrainError, match="No space left") as caught:
        store.append(*facts(2, 3, 4, 5, 6))
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with failing(errno.ENOSPC, 0), pytest.raises(BrainError, match="No space left"):
        store.remove([key_of(1)])  # the last fact of its segment: only the folder is synchronised
    store.append(*facts(2, 3, 4, 5, 6))
    assert len(store.load().records) == 5


def test_a_full_disk_during_compaction_does_not_deny_the_append(tmp_path: Path) -> None:
    store = small(tmp_path)
    store.append(*facts(1))
    store.append(*facts(2))
    with failing(errno.ENOSPC, 2):  # file and folder of the append, then the merged file
        store.append(*facts(3))
    assert len(store.names()) == 3
    assert len(store.load().records) == 3
    store.append(*facts(4))
    assert len(store.names()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_told(store: SegmentStore) -> None:
    store.append(*facts(1))
    store.folder.chmod(0o500)
    try:
        with pytest.raises(BrainError, match=r"Permission denied.*mend the permissions"):
            store.append(*facts(2))
        assert len(SegmentStore(store.folder).load().records) == 1
    finally:
        store.folder.chmod(0o700)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("")
    with pytest.raises(BrainError, match="cannot use"):
        SegmentStore(tmp_path / "weights")


@pytest.fixture(params=[0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_permissions(store: SegmentStore, umask: int) -> None:
    store.append(*facts(1, 2))
    assert stat.S_IMODE(only(store.folder).stat().st_mode) == 0o666 & ~umask
    only(store.folder).chmod(0o640)
    store.remove([key_of(1)])
    assert stat.S_IMODE(only(store.folder).stat().st_mode) == 0o640


class CrashError(BaseException):
    pass


def crashing(step: int) -> Any:
    """Every call that touches the disk fails from call number `step` on, as after a crash."""
    calls = iter(range(10**6))

    def wrap(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(calls) >= step:
                raise CrashError
            return real(*arguments, **options)

        return call

    names = ("fsync", "replace", "unlink", "chmod")
    return mock.patch.multiple("os", **{name: wrap(getattr(os, name)) for name in names})


@pytest.mark.parametrize("action", ["append", "remove"])
def test_a_crash_at_any_step_loses_nothing(tmp_path: Path, action: str) -> None:
    before = set(range(10))
    after = before | {10} if action == "append" else before - {0, 5}
    seen = []
    for step in range(200):
        store = small(tmp_path / str(step))
        for numbers in ((0, 1, 2, 3, 4), (5, 6), (7, 8, 9)):
            store.append(*facts(*numbers))
        crashed = False
        try:
            with crashing(step):
                store.append(*facts(10)) if action == "append" else store.remove(
                    [key_of(0), key_of(5)]
                )
        except CrashError:
            crashed = True
        there = {record["key"] for record in store.load().records}
        assert set(map(key_of, before & after)) <= there <= set(map(key_of, before | after))
        assert store.damaged() == []
        seen.append(there)
        store.append(*facts(11))
        assert not list(store.folder.glob("*.tmp"))
        if not crashed:
            break
    assert not crashed
    assert step > 8
    assert seen[0] == set(map(key_of, before))
    assert seen[-1] == set(map(key_of, after))
