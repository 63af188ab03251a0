"""Tables and figures from retention records: what they show, and what they leave out."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.retention import figures, tables
from experiments.retention.records import locality_tables


def share(mean: float, **more: Any) -> dict[str, Any]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "n": 200, **more}


def record(method: str, facts: int, mean: float, seed: int = 0) -> dict[str, Any]:
    told = share(mean, bare=0.3, cohorts=[mean] * 10)
    metrics = {
        "method": method,
        "title": method.upper(),
        "suite": "trex-new",
        "facts": facts,
        "axes": {"efficacy": told, "paraphrase": told, "neighbours": share(0.9), "base": share(1)},
        "forced": {"rewrite_acc": share(mean), "S": 0.5},
        "text": {
            "kl": 0.001,
            "perplexity": 22.0,
            "bare_perplexity": 20.0,
            "tokens": 40_000,
            "fires": 5,
            "fires_right": 2,
        },
        "stream": {"matrix": [[mean], [mean, mean]], "backward_transfer": 0.0},
        "contradictions": {"later_holds": share(1.0), "brought_back": share(1.0)},
        "no_edit": {"a": True, "b": True},
        "cost": {
            "forward_seconds": 0.01,
            "write_seconds_median": 0.018,
            "query_over_bare": 1.1,
            "bytes_per_fact": 4500,
        },
    }
    return {"config": {"seed": seed}, "seconds": 60.0, "metrics": metrics}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    records = [
        record("posterior", 1000, 0.99),
        record("posterior", 999, 0.97, seed=1),
        record("posterior", 100, 1.0),
        record("rome", 1000, 0.2),
    ]
    for number, entry in enumerate(records):
        (tmp_path / f"retention-{number}.json").write_text(json.dumps(entry))
    (tmp_path / "retention-tuning.json").write_text(json.dumps({"metrics": {"grid": []}}))
    return tmp_path


def test_seeds_are_pooled_against_the_targets(folder: Path) -> None:
    lines = tables.targets_table(folder).splitlines()
    assert "1,000 facts, 2 draws and orders" in lines[0]
    assert any("98.00 %" in line and "n = 400" in line and "bare 30 %" in line for line in lines)
    assert any("6 of 80,000 (7.5e-05); right ones 4" in line for line in lines)
    assert any("0.008" in line and "<= 0.010" in line for line in lines)
    assert len({line.count("|") for line in lines}) == 1


def test_the_best_method_stands_first(folder: Path) -> None:
    lines = tables.methods_table(folder).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["POSTERIOR", "ROME"]
    assert "88.2 %" in lines[2]  # 0.99 x 0.9 x 0.99


def test_sizes_stand_in_columns(folder: Path) -> None:
    lines = tables.sizes_table(folder).splitlines()
    assert lines[0] == "| method | 100 facts | 1,000 facts |"
    assert lines[3] == "| ROME |  | 20.0 % / 90.0 % |"


def test_without_records_the_tables_say_so(tmp_path: Path) -> None:
    made = (tables.targets_table, tables.methods_table, tables.sizes_table, tables.suites_table)
    assert {table(tmp_path) for table in made} == {"No record yet."}


def test_every_figure_is_drawn_twice(folder: Path, tmp_path: Path) -> None:
    paths = figures.draw(tmp_path, folder)
    assert {path.suffix for path in paths} == {".png", ".svg"}
    assert all(path.stat().st_size > 1000 for path in paths)
    assert len(paths) == 4


def fires(method: str, **recalls: Any) -> dict[str, Any]:
    metrics = record(method, 30, 0.5)["metrics"] | {"suite": "hard", "chat": False}
    metrics["false_fires"] = recalls
    return {"config": {"seed": 0}, "command": "", "metrics": metrics}


def test_false_fires_stand_by_kind_and_what_is_not_reached_is_said(tmp_path: Path) -> None:
    kinds = {"near_relation": {"share": 0.25, "per_1000_tokens": 9.0, "n": 4}}
    at = {"threshold": 1.0, "per_1000_tokens": 9.0, "kinds": kinds}
    for method in ("posterior", "recite"):
        path = tmp_path / f"bench-{method}.json"
        path.write_text(json.dumps(fires(method, **{"50%": at, "70%": None})))
    lines = locality_tables.false_fires_table(tmp_path).splitlines()
    assert "| POSTERIOR | 50 % | 25 % | 9.0 |" in lines
    assert "| RECITE | 70 % | not reached |  |" in lines


def test_general_tasks_begin_with_the_model_before_any_fact(tmp_path: Path) -> None:
    assert locality_tables.general_table(tmp_path) == "No record yet."
    task = {"follows": {"acc": 0.5, "error": 0.05}, "last_word": {"acc": 0.0, "error": 0.0}}
    other = {"follows": {"acc": 0.5, "error": 0.05}, "last_word": {"acc": 0.25, "error": 0.0655}}
    methods = {"bare": task, "rome": other}
    entry = {"metrics": {"facts": 7, "methods": methods}, "config": {"questions": 999}}
    (tmp_path / "general-smollm2.json").write_text(json.dumps(entry))
    table = locality_tables.general_table(tmp_path)
    assert "follows (n = 101) |" in table.splitlines()[0], "asked, not wished for"
    assert "last word (n = 45) |" in table.splitlines()[0]
    assert "| before any fact | 50 % (40-60) | 0 % (0-8) |" in table
