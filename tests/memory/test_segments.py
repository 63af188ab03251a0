"""A store of segments: what is appended, removed, compacted and read."""

import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from segments import SMALL, facts, forge, key_of, only, same, small, store

from oneshot.memory.disk.mapped import map_segment
from oneshot.memory.disk.segment_file import Segments
from oneshot.memory.disk.segments import LARGEST, TIERS, SegmentStore
from oneshot.memory.disk.shelf import Shelf

__all__ = ["store"]


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
