import errno
import hashlib
import json
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor

from oneshot.errors import BrainError
from oneshot.memory.disk.mapped import map_segment
from oneshot.memory.disk.segment_file import Segments
from oneshot.memory.disk.segments import LARGEST, TIERS, SegmentStore, Tier
from oneshot.memory.disk.shelf import Shelf

SMALL = (Tier(facts=4, segments=3), Tier(facts=8, segments=2))
Rows = dict[str, Tensor]
Records = list[dict[str, Any]]


def key_of(number: int) -> str:
    return hashlib.sha256(f"fact {number}".encode()).hexdigest()[:32]


def facts(*numbers: int) -> tuple[Rows, Records]:
    """Rows and records that are functions of the fact alone."""
    keys = [key_of(number) for number in numbers]
    raw = torch.tensor([list(bytes.fromhex(key)) for key in keys], dtype=torch.uint8)
    raw = raw.reshape(len(keys), 16)
    rows = {
        "key": raw,
        "code": raw[:, :6].reshape(-1, 2, 3).float() / 7,
        "half": raw[:, :1].to(torch.bfloat16),
        "token": raw[:, 0].long(),
    }
    return rows, [
        {"key": k, "prompt": f"é {n} \0\ud800"} for k, n in zip(keys, numbers, strict=True)
    ]


def small(folder: Path) -> SegmentStore:
    return SegmentStore(folder, tiers=SMALL, largest=8)


def same(one: Segments, other: Segments) -> bool:
    return (
        one.records == other.records
        and list(one.rows) == list(other.rows)
        and all(torch.equal(one.rows[name], other.rows[name]) for name in one.rows)
    )


def only(folder: Path) -> Path:
    [path] = folder.glob("*.safetensors")
    return path


def forge(path: Path, rows: Rows, metadata: dict[str, str]) -> Path:
    """Replace a segment by another content under a name whose checksum fits."""
    data = save(rows, metadata)
    serial, count, _ = path.stem.split("-")
    path.unlink()
    forged = path.with_name(f"{serial}-{count}-{zlib.crc32(data):08x}.safetensors")
    forged.write_bytes(data)
    return forged


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    return SegmentStore(tmp_path / "weights")


def test_empty_store_gives_empty_rows(store: SegmentStore) -> None:
    loaded = store.load()
    assert (loaded.rows, loaded.records, store.count_bytes()) == ({}, [], 0)
    store.append(*facts())
    assert store.names() == frozenset()


def test_load_is_sorted_by_key_and_keeps_every_bit(store: SegmentStore) -> None:
    numbers = range(20)
    assert sorted(map(key_of, numbers)) != [key_of(n) for n in numbers]
    for number in numbers:
        store.append(*facts(number))
    expected = facts(*sorted(numbers, key=key_of))
    loaded = store.load()
    assert same(loaded, Segments(dict(sorted(expected[0].items())), expected[1]))
    assert loaded.rows["half"].dtype == torch.bfloat16
    assert loaded.names == store.names()
    assert store.count_bytes() == sum(p.stat().st_size for p in store.folder.iterdir())


def test_duplicates_are_dropped_whatever_their_order(tmp_path: Path) -> None:
    rows, early = facts(1)
    late = [early[0] | {"taught_at": "2030"}]
    early = [early[0] | {"taught_at": "2020"}]
    loads = []
    for place, order in enumerate([(early, late), (late, early)]):
        store = SegmentStore(tmp_path / str(place))
        for records in order:
            store.append(rows, records)
        assert len(store.names()) == 2
        loads.append(store.load())
    assert same(*loads)
    assert loads[0].records == early


Step = tuple[str, list[int]]
steps = st.lists(
    st.tuples(st.sampled_from(["append", "append", "remove"]), st.lists(st.integers(0, 30))),
    max_size=25,
)


@given(steps=steps, shuffled=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_any_interleaving_equals_a_store_of_what_remains(steps: list[Step], shuffled: Any) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):
        store, plain = small(Path(folder) / "a"), SegmentStore(Path(folder) / "b")
        there: set[int] = set()
        for action, numbers in steps:
            if action == "append":
                store.append(*facts(*numbers))
                there |= set(numbers)
            else:
                assert store.remove(list(map(key_of, numbers))) == len(there & set(numbers))
                there -= set(numbers)
        remaining = sorted(there)
        shuffled.shuffle(remaining)
        for number in remaining:
            plain.append(*facts(number))
        assert same(store.load(), plain.load())
        assert [r["key"] for r in store.load().records] == sorted(map(key_of, there))


def test_compaction_keeps_files_few_and_small(tmp_path: Path) -> None:
    store = small(tmp_path)
    with mock.patch("os.fsync"):
        for number in range(60):
            store.append(*facts(number))
            counts = [int(name.split("-")[1]) for name in store.names()]
            assert sum(counts) == number + 1
            assert max(counts) <= 8
            assert len([c for c in counts if c < 4]) < 3
            assert len([c for c in counts if 4 <= c < 8]) < 2


def test_default_tiers_keep_the_writing_amortised(store: SegmentStore) -> None:
    assert [tuple(tier) for tier in TIERS] == [(64, 32), (4096, 16)]
    assert LARGEST == 8192
    sizes: list[int] = []
    with mock.patch("os.fsync"):
        for number in range(300):
            store.append(*facts(number))
            sizes.append(len(store.names()))
    assert max(sizes) <= 31 + 300 // 64
    assert len(store.load().records) == 300


def test_append_reads_a_bounded_number_of_files(store: SegmentStore) -> None:
    with mock.patch("os.fsync"):
        for number in range(20):
            store.append(*facts(number))
    with mock.patch.object(Path, "read_bytes", autospec=True, side_effect=Path.read_bytes) as read:
        store.append(*facts(99))
    assert read.call_count == 0


def test_a_large_batch_is_split(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path, largest=8)
    store.append(*facts(*range(20)))
    assert sorted(name.split("-")[1] for name in store.names()) == ["4", "8", "8"]
    assert len(store.load().records) == 20


def test_remove_leaves_no_byte_of_the_fact(store: SegmentStore) -> None:
    store.append(*facts(1, 2, 3))
    store.append(*facts(4))
    (store.folder / "00000009-1-00000000.safetensors.tmp").write_bytes(save(facts(2)[0]))

    def traces(number: int) -> int:
        key = key_of(number)
        found = [path.read_bytes() for path in store.folder.iterdir()]
        return sum((key.encode() in data) + (bytes.fromhex(key) in data) for data in found)

    assert traces(2) == 3
    assert traces(4) == 2
    assert store.remove([key_of(2), key_of(4), key_of(77)]) == 2
    assert traces(2) == traces(4) == 0
    assert len(store.names()) == 1
    assert store.remove([key_of(2)]) == 0


def test_names_change_with_every_change(store: SegmentStore) -> None:
    seen = [store.names()]
    for number in (1, 2):
        store.append(*facts(number))
        seen.append(store.names())
    store.remove([key_of(2)])
    store.append(*facts(3))  # as large as the segment that went, and the same serial number
    seen.append(store.names())
    assert len(set(seen)) == len(seen)


def test_load_new_reads_only_unknown_files(store: SegmentStore) -> None:
    store.append(*facts(1))
    known = store.load().names
    assert store.load_new(known).records == []
    store.append(*facts(2))
    new = store.load_new(known)
    assert [record["key"] for record in new.records] == [key_of(2)]
    assert known | new.names == store.names()


def test_a_reader_survives_a_compaction_under_its_feet(tmp_path: Path) -> None:
    store, writer = small(tmp_path), small(tmp_path)
    store.append(*facts(1))
    store.append(*facts(2))
    before = store.names()
    real, calls = Path.read_bytes, []

    def read(path: Path) -> bytes:
        calls.append(path)
        if len(calls) == 2:
            with mock.patch.object(Path, "read_bytes", real):
                writer.append(*facts(3))
        return real(path)

    with mock.patch.object(Path, "read_bytes", read):
        loaded = store.load()
    assert not before & store.names()
    assert [r["key"] for r in loaded.records] == sorted(map(key_of, (1, 2, 3)))


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


def test_the_file_is_plain_safetensors(store: SegmentStore) -> None:
    store.append(*facts(2, 1))
    data = only(store.folder).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert header["__metadata__"] == {"format": "2"}
    tensors = load(data)
    texts, ends = bytes(tensors["beside.texts"].tolist()), [0, *tensors["beside.ends"].tolist()]
    records = [json.loads(texts[a:b]) for a, b in pairwise(ends)]
    assert [r["key"] for r in records] == [bytes(k.tolist()).hex() for k in tensors["key"]]


def test_files_of_the_first_format_are_read_and_opened(store: SegmentStore) -> None:
    store.append(*facts(1, 2))
    before = store.load()
    metadata = {"format": "1", "records": json.dumps(before.records)}
    forge(only(store.folder), before.rows, metadata)
    assert json.loads(header_of(only(store.folder)))["__metadata__"]["format"] == "1"
    assert same(store.load(), before)
    (opened,) = SegmentStore(store.folder, lambda r: [len(r["prompt"])]).open()
    assert [opened.record(row) for row in range(len(opened))] == before.records
    assert opened.terms.tolist() == [len("é 1 \0\ud800")] * 2


def header_of(path: Path) -> bytes:
    data = path.read_bytes()
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def term_of(record: dict[str, Any]) -> list[int]:
    return [int(record["key"], 16) % 3 - 1]


@given(numbers=st.lists(st.integers(0, 40), max_size=30))
@settings(deadline=None, max_examples=20)
def test_a_shelf_finds_what_is_there_once(numbers: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):
        store = SegmentStore(Path(folder), term_of, SMALL, 8)
        parts = []
        for number in numbers:  # as after a crash between merging files and removing them
            other = SegmentStore(Path(folder) / f"{len(parts)}", term_of)
            other.append(*facts(number, 3))
            parts += other.open()
            store.append(*facts(number, 3))
        for shelf in (Shelf(parts), Shelf(store.open())):
            there = {number for number in (*numbers, 3) if numbers}
            assert {shelf.key(row).hex() for row in shelf.rows()} == set(map(key_of, there))
            assert len(list(shelf.rows())) == len(there)
            for number in range(41):
                row = shelf.find(bytes.fromhex(key_of(number)))
                assert (row is not None) == (number in there)
                if row is not None:
                    assert shelf.record(row) == facts(number)[1][0]
                    assert torch.equal(shelf.tensors(row)["code"], facts(number)[0]["code"])
            found = [row for term in (-1, 0, 1) for row in shelf.with_term(term)]
            assert sorted(found) == sorted(shelf.rows())


def test_a_segment_is_opened_again_or_stays_where_its_file_went(tmp_path: Path) -> None:
    store = small(tmp_path)
    store.append(*facts(1, 2, 3))
    (name,) = store.names()
    first = map_segment(tmp_path / name, store.terms)
    again = first.again()
    assert again is not first
    assert again.name == first.name
    assert again.record(1) == first.record(1)
    (tmp_path / name).unlink()
    assert first.again() is first
    assert torch.equal(first.rows["key"], again.rows["key"])
    assert Shelf([first]).key(0) == bytes(again.rows["key"][0].numpy())
