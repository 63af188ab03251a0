"""Kill a process that appends and removes facts; what it acknowledged must be there afterwards.

A server imports everything once and forks the processes that are killed, which makes a kill cost
milliseconds.
"""

import hashlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
import torch

from oneshot.memory.disk.segments import SegmentStore, Tier

KILLS, KILLS_PER_STORE = 240, 20
LONGEST_LIFE = 0.06
TIERS = (Tier(facts=4, segments=3), Tier(facts=12, segments=3))


def key_of(number: int) -> str:
    return hashlib.sha256(f"fact {number}".encode()).hexdigest()[:32]


def open_store(folder: Path) -> SegmentStore:
    return SegmentStore(folder, tiers=TIERS, largest=24)


def append(store: SegmentStore, key: str) -> None:
    raw = torch.tensor([list(bytes.fromhex(key))], dtype=torch.uint8)
    store.append({"key": raw, "code": raw.float() / 7}, [{"key": key}])


def work(folder: Path, say: int, there: set[str], life: int) -> None:
    """Announce, do and acknowledge appends and removals, until killed."""
    store, keys, dice = open_store(folder), sorted(there), random.Random(life)
    if life % 2:  # a kill leaves the kernel's cache alone: without syncing a life gets further
        os.fsync = lambda fd: None
    for number in range(10**6):
        if keys and dice.random() < 0.4:
            key, sign = keys.pop(dice.randrange(len(keys))), "-"
            os.write(say, f"?{key}\n".encode())
            store.remove([key])
        else:
            key, sign = key_of(10**6 * life + number), "+"
            keys.append(key)
            os.write(say, f"?{key}\n".encode())
            append(store, key)
        os.write(say, f"{sign}{key}\n".encode())


def live_and_die(folder: Path, there: set[str], life: int, seconds: float) -> list[str]:
    """Fork a worker, kill it `seconds` after its first word, and return its words."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            work(folder, writer, there, life)
        finally:
            os._exit(1)
    os.close(writer)
    select.select([reader], [], [], 30)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader) as words:
        said = words.read().splitlines()
    assert os.WIFSIGNALED(status), f"the worker ended by itself: {status}, {said[-3:]}"
    return said


def check(folder: Path, acknowledged: set[str], doubtful: str | None) -> set[str]:
    """The facts in the store, after proving that they are the acknowledged ones, unharmed."""
    store = open_store(folder)
    assert store.damaged() == []
    loaded = store.load()
    there = {record["key"] for record in loaded.records}
    assert len(there) == len(loaded.records)
    if there:
        assert torch.equal(loaded.rows["code"], loaded.rows["key"].float() / 7)
    assert there ^ acknowledged <= {doubtful}, (there - acknowledged, acknowledged - there)
    return there


def outcome(there: set[str], said: list[str]) -> tuple[set[str], str | None]:
    """What a worker acknowledged to be there, and the fact that it died over."""
    acknowledged = set(there)
    for word in said:
        if word[0] == "+":
            acknowledged.add(word[1:])
        elif word[0] == "-":
            acknowledged.remove(word[1:])
    return acknowledged, said[-1][1:] if said[-1][0] == "?" else None


def serve_store(folder: Path, lives: range, dice: random.Random) -> Counter[str]:
    """Kill workers on one store, one after the other; counts of what happened."""
    there: set[str] = set()
    counts: Counter[str] = Counter()
    for life in lives:
        said = live_and_die(folder, there, life, dice.uniform(0, LONGEST_LIFE))
        there = check(folder, *outcome(there, said))
        counts.update(word[0] for word in said)
        counts["kills"] += 1
        counts["interrupted"] += said[-1][0] == "?"
        counts["leftovers"] += any(folder.glob("*.tmp"))
        counts["merged"] += any(int(name.split("-")[1]) > 1 for name in open_store(folder).names())
    return counts


def serve(seed: int) -> Counter[str]:
    torch.set_num_threads(1)
    counts: Counter[str] = Counter()
    for start in range(0, KILLS, KILLS_PER_STORE):
        with tempfile.TemporaryDirectory() as place:
            lives = range(start, start + KILLS_PER_STORE)
            counts += serve_store(Path(place) / "weights", lives, random.Random(seed + start))
    return counts


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_writers_lose_nothing_that_they_acknowledged() -> None:
    done = subprocess.run(
        [sys.executable, __file__, "7"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["kills"] == KILLS >= 200
    assert all(counts[event] > 0 for event in ("+", "-", "interrupted", "merged")), counts


def test_the_check_notices_losses(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    append(store, key_of(1))
    append(store, key_of(2))
    assert check(tmp_path, {key_of(1)}, key_of(2)) == {key_of(1), key_of(2)}
    with pytest.raises(AssertionError):
        check(tmp_path, {key_of(1)}, None)
    with pytest.raises(AssertionError):
        check(tmp_path, {key_of(1), key_of(2), key_of(3)}, None)
    path = min(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AssertionError):
        check(tmp_path, {key_of(1), key_of(2)}, None)


if __name__ == "__main__":
    print(json.dumps(serve(int(sys.argv[1]))))
