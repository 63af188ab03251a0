import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pictures import CLASSES, pixels

from oneshot.errors import BadInputError
from oneshot.images.build import load_trainee, new_trainee
from oneshot.images.data import ImageSet
from oneshot.images.kinds import Embedding, Method, Precision
from oneshot.images.model import silent
from oneshot.images.noprop.chain import Part
from oneshot.images.settings import TrainSettings
from oneshot.images.training.beginning import Place
from oneshot.images.training.checkpoint import CheckpointError
from oneshot.images.training.parallel import Rank, local_device
from oneshot.images.training.train import Run

SETTINGS = TrainSettings(T=3, epochs=2, batch=8, precision=Precision.FP32)


def images() -> ImageSet:
    return ImageSet("toy", CLASSES, *pixels(24), *pixels(8))


def train(out: Path, rank: Rank, settings: TrainSettings = SETTINGS) -> None:
    blocks = rank.blocks(settings.T) if rank.world > 1 else ()
    trainee = new_trainee(settings, images(), Part(blocks))
    Run(trainee, images(), settings, Place(rank.folder(out), blocks=blocks)).train(silent)


def test_every_block_has_one_process() -> None:
    shares = [Rank(rank, 3).blocks(10) for rank in range(3)]
    assert sum(shares, ()) == tuple(range(1, 11))
    assert {len(share) for share in shares} == {3, 4}
    with pytest.raises(BadInputError, match="no more"):
        Rank(0, 4).blocks(3)


def test_torchrun_says_the_rank() -> None:
    assert Rank.of_environment({}) == Rank(0, 1)
    assert Rank.of_environment({"RANK": "1", "WORLD_SIZE": "2"}) == Rank(1, 2)
    for wrong in ({"RANK": "2", "WORLD_SIZE": "2"}, {"RANK": "x"}):
        with pytest.raises(BadInputError, match="RANK"):
            Rank.of_environment(wrong)


def test_processes_that_never_speak_train_the_chain_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ranks, one after the other, with no process group: nothing can cross between them."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a process group was asked for")

    monkeypatch.setattr("torch.distributed.init_process_group", forbidden)
    train(tmp_path / "one", Rank(0, 1))
    train(tmp_path / "two", Rank(1, 2))
    assert not Rank(1, 2).finished_last(tmp_path / "two", 6)
    train(tmp_path / "two", Rank(0, 2))
    assert [Rank(rank, 2).finished_last(tmp_path / "two", 6) for rank in (0, 1)] == [True, False]
    _written_at_once(tmp_path / "two")
    assert [Rank(rank, 2).finished_last(tmp_path / "two", 6) for rank in (0, 1)] == [False, True]
    device = torch.device("cpu")
    one, two = (load_trainee(tmp_path / name, device)[2].tensors() for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def _written_at_once(out: Path) -> None:
    for index in out.glob("blocks-*/checkpoint.json"):
        os.utime(index, ns=(0, 0))


def test_missing_blocks_and_parts_of_other_runs_are_named(tmp_path: Path) -> None:
    train(tmp_path, Rank(1, 2))
    with pytest.raises(CheckpointError, match=r"holds blocks \[2, 3\] of \[1, 2, 3\]"):
        load_trainee(tmp_path, torch.device("cpu"))
    train(tmp_path, Rank(0, 2), TrainSettings.from_mapping(SETTINGS.plain() | {"seed": 1}))
    with pytest.raises(CheckpointError, match="not of one run"):
        load_trainee(tmp_path, torch.device("cpu"))


def test_what_is_trained_together_is_not_trained_in_parts() -> None:
    learned = TrainSettings.from_mapping(SETTINGS.plain() | {"embedding": Embedding.LEARNED})
    with pytest.raises(BadInputError, match="one-hot"):
        new_trainee(learned, images(), Part((1,)))
    for method in (Method.BACKPROP, Method.CT, Method.ENSEMBLE):
        with pytest.raises(BadInputError, match="only dt"):
            new_trainee(replace(SETTINGS, method=method), images(), Part((1,)))


def test_each_process_has_a_device_of_its_own() -> None:
    cuda, environment = torch.device("cuda"), {"LOCAL_RANK": "3"}
    assert local_device(cuda, environment) == torch.device("cuda", 3)
    assert local_device(torch.device("cuda", 1), environment) == torch.device("cuda", 1)
    assert local_device(torch.device("cpu"), environment) == torch.device("cpu")
