"""The writer's bench runs and names its figures; what they are worth is no test's business."""

from pathlib import Path
from unittest import mock

import torch
from brains import caches, open_tiny

from oneshot.facts.examination import speed
from oneshot.facts.examination.exam import Exam, Probe
from oneshot.facts.types import Statement
from oneshot.hosts.corpus import CorpusFact

__all__ = ["caches"]


def exam(facts: int, known: int, untaught: int, seed: int = 0) -> Exam:
    lands = [CorpusFact(f"Land{i}", "P36", "Paris", "test") for i in range(facts)]
    taught = [Probe(f"The capital of {f.subject} is", f.object, f) for f in lands]
    return Exam({"taught": taught, "known": [taught[0]] * known})


def test_the_bench_reports_every_figure(tmp_path: Path) -> None:
    small = {"SINGLE": 3, "BATCH": 4, "QUERIES": 2, "RECEIPTS": 2, "SMALL": 8, "LARGE": 16}
    small |= {"FEW": 5, "MANY": 10, "ROUNDS": 1}
    steps: list[tuple[str, int, int]] = []
    with (
        open_tiny(tmp_path / "brain") as learner,
        mock.patch.multiple(speed, **small, build_exam=exam, _memory=fixed),
    ):
        timings = list(speed.bench_writer(learner, lambda *step: steps.append(step)))
    assert [t.unit for t in timings] == ["ms"] * 4 + ["/s"] * 2 + ["x", "x", "ms", "x", "x"]
    assert all(t.value > 0 for t in timings if t.what != "write over a forward pass")
    assert steps[-1] == ("stores", 2, 2)


def fixed(_host: str, _fact: Statement) -> speed.Timing:
    """Stands in for the two processes that measure memory."""
    return speed.Timing("peak memory", 1.0, "x")


def test_a_crowd_has_as_many_different_keys_as_asked_for(tmp_path: Path) -> None:
    with open_tiny(tmp_path / "brain") as learner:
        rows = speed._encoded(learner, exam(3, 0, 0).statements)
        crowd = speed._crowd(rows, 50)
    assert len(crowd) == len(set(crowd.hex_keys())) == 50
    assert len(set(crowd.names[:, 0].tolist())) == 50
    assert torch.equal(crowd.readings[:3], rows.readings)
