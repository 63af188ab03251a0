"""Classes with uneven numbers of pictures: what is drawn, and the table of a record."""

import json
from pathlib import Path

import torch

from experiments.classes.protocols.uneven import few_of_each, tail_counts
from experiments.classes.uneven_tables import uneven_table


def test_a_tail_falls_from_all_to_the_stated_share() -> None:
    assert tail_counts(500, 100, 3) == [500, 50, 5]
    assert tail_counts(20, 100, 2) == [20, 1]


def test_so_many_of_each_class_are_drawn_and_the_seed_decides_which() -> None:
    labels = torch.arange(3).repeat(20)
    rows = few_of_each(labels, {0: 99, 1: 4, 2: 1}, seed=0)
    assert labels[rows].bincount().tolist() == [20, 4, 1]
    assert len(rows.unique()) == 25
    assert torch.equal(rows, few_of_each(labels, {0: 99, 1: 4, 2: 1}, seed=0))
    assert not torch.equal(rows, few_of_each(labels, {0: 99, 1: 4, 2: 1}, seed=1))


def test_the_table_has_means_over_orders(tmp_path: Path) -> None:
    assert uneven_table(tmp_path) == "no record yet"
    few = {"average": 60.0, "last": 50.0, "base": 70.0, "new": 20.0}
    tail = {"last": 40.0}
    metrics = {
        "few_shot_steps": {"0": {"ridge": few}, "1": {"ridge": few | {"last": 52.0}}},
        "long_tail": {"10": {"0": {"ridge": tail, "residual": tail}}},
    }
    record = {"config": {"base": 60, "steps": 8}, "metrics": metrics}
    (tmp_path / "classes-uneven.json").write_text(json.dumps(record))
    lines = uneven_table(tmp_path).splitlines()
    assert lines[2] == "| ridge | 60.0 | 51.0 | 70.0 | 20.0 | 40.0 |  |"
    assert lines[3] == "| residual |  |  |  |  | 40.0 |  |"
