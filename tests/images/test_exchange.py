"""Two real processes: what crosses between them, what comes out, and what a kill leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import one_rank
import pytest
import torch

from oneshot.errors import BadInputError
from oneshot.images.build import load_trainee
from oneshot.images.kinds import LEARNED_SIZE, Embedding
from oneshot.images.settings import TrainSettings
from oneshot.images.training.checkpoint import (
    CheckpointError,
    read_checkpoint,
    step_back,
    write_checkpoint,
)
from oneshot.images.training.exchange import PeerError, exchanging
from oneshot.images.training.parallel import Rank

CPU = torch.device("cpu")
GRADIENT = one_rank.CLASSES * LEARNED_SIZE * 4
HEADERS = 640
"""Bytes of gloo's own about a sum, at most, whatever its size; one image's features have 1,024."""


def free_port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        port: int = end.getsockname()[1]
        return port


def start(
    rank: int,
    port: int,
    out: Path,
    embedding: Embedding,
    *options: str,
    world: int = 2,
    die_at: int = 0,
) -> subprocess.Popen[bytes]:
    script = Path(one_rank.__file__)
    environment: Mapping[str, str] = os.environ | {
        "RANK": str(rank),
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
        "DIE_AT": str(die_at),
        "PYTHONPATH": str(script.parents[1]),
    }
    arguments = [sys.executable, str(script), str(out), embedding, *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, env=environment, stdout=pipe, stderr=pipe)


def finish(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong.decode()
    found: dict[str, Any] = json.loads(said)
    return found


def both(out: Path, embedding: Embedding, *options: str) -> list[dict[str, Any]]:
    port = free_port()
    processes = [start(rank, port, out, embedding, *options) for rank in range(2)]
    return [finish(process) for process in processes]


def same(out: Path, embedding: Embedding) -> bool:
    """A single process with as many threads as each of the two leaves the same bits."""
    alone = out.with_name("alone")
    if not alone.exists():
        finish(start(0, free_port(), alone, embedding, world=1))
    joined, one = (load_trainee(folder, CPU)[2].tensors() for folder in (out, alone))
    assert joined.keys() == one.keys()
    return all(torch.equal(joined[name], one[name]) for name in one)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_with_fixed_embeddings_nothing_crosses_and_a_killed_rank_goes_on_alone(
    tmp_path: Path,
) -> None:
    port, out = free_port(), tmp_path / "joined"
    first = finish(start(0, port, out, Embedding.ONE_HOT))
    assert first == {"sums": [], "received": 0, "connections": 0, "first": 0}
    others = files(out / "blocks-0")
    killed = start(1, port, out, Embedding.ONE_HOT, die_at=5)
    assert killed.wait(120) == -signal.SIGKILL
    assert read_checkpoint(out / "blocks-1").step == 4
    killed.communicate()
    again = finish(start(1, port, out, Embedding.ONE_HOT, "--resume"))
    assert again == first | {"first": 4}
    assert files(out / "blocks-0") == others
    assert same(out, Embedding.ONE_HOT)


def test_learned_embeddings_cost_their_gradient_and_survive_a_kill(tmp_path: Path) -> None:
    """One block a process, so that the sum of two parts is the one process's to the last bit."""
    embedding = Embedding.LEARNED
    for found in both(tmp_path / "whole", embedding):
        assert found["sums"] == [GRADIENT] * one_rank.STEPS
        assert GRADIENT <= found["received"] / one_rank.STEPS <= GRADIENT + HEADERS
    assert same(tmp_path / "whole", embedding)
    port, out = free_port(), tmp_path / "killed"
    # Rank 1 dies before it has saved step 6; rank 0 may have.
    ranks = [start(0, port, out, embedding), start(1, port, out, embedding, die_at=5)]
    assert ranks[1].wait(120) == -signal.SIGKILL
    said = ranks[0].communicate(timeout=120)[1].decode()
    assert ranks[0].returncode != 0
    assert "PeerError: another process of this run has ended; start all of them again" in said
    ranks[1].communicate()
    resumed = both(out, embedding, "--resume")
    assert [found["first"] for found in resumed] == [4, 4]
    assert same(out, embedding)


def test_the_checkpoint_before_the_last_one_is_kept_on_request(tmp_path: Path) -> None:
    for step in (2, 4, 6):
        tensors = {"a": torch.full((2,), float(step))}
        write_checkpoint(tmp_path, step, {}, tensors, keep_previous=True)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    with pytest.raises(CheckpointError, match="holds step 6, and another process step 2"):
        step_back(tmp_path, 2)
    step_back(tmp_path, 6)
    assert read_checkpoint(tmp_path).step == 6
    step_back(tmp_path, 4)
    assert read_checkpoint(tmp_path).tensors["a"].tolist() == [4, 4]
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_processes_that_cannot_find_each_other_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    learned = TrainSettings(embedding=Embedding.LEARNED)
    with (
        pytest.raises(BadInputError, match="start them with torchrun"),
        exchanging(Rank(0, 2), learned, CPU),
    ):
        pass
    with exchanging(Rank(0, 1), learned, CPU) as nobody:
        assert nobody is None
    assert PeerError.exit_code != 0
