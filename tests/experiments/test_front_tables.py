"""What the front page shows of the bench: every method with most facts, and hard cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.retention.records.bench_records import at_most_facts, groups, machines, results
from experiments.retention.records.bench_tables import costs_table
from experiments.retention.records.front_tables import counterfact_table, hard_table


def share(mean: float, n: int) -> dict[str, Any]:
    return {"mean": mean, "low": mean, "high": mean, "n": n}


def write(
    folder: Path, method: str, facts: int, told: float, suite: str = "counterfact", **more: Any
) -> None:
    axes = {"efficacy": 1.0, "paraphrase": told, "neighbours": 1.0}
    metrics = {
        "method": method,
        "title": method.upper(),
        "suite": suite,
        "facts": facts,
        "chat": False,
        "axes": {axis: share(mean, facts // 10) for axis, mean in axes.items()},
        "false_fires": {},
        "memory_mib": [1.0, 2.0],
    }
    metrics |= {"text": {"perplexity": 30.0, "bare_perplexity": 20.0}} if method != "bare" else {}
    entry = {"config": {"seed": 0}, "command": "", "metrics": metrics | more}
    path = folder / f"bench-smollm2-{suite}-raw-{facts}-{method}-seed0.json"
    path.write_text(json.dumps(entry))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "bare", 1000, 0.0, accelerator="H200")
    write(tmp_path, "rome", 1000, 0.2, accelerator="H200")
    write(tmp_path, "grace", 1000, 0.3, accelerator="H200")
    write(tmp_path, "rome", 100, 0.9)
    write(tmp_path, "lora", 30, 0.8)
    write(tmp_path, "posterior", 30, 0.75)
    return tmp_path


def rows(table: str) -> list[str]:
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]


def test_a_row_has_the_most_facts_that_a_method_was_told_and_says_so(folder: Path) -> None:
    table = counterfact_table(folder)
    fewer = ["LORA; 30 facts, n = 3", "**this package**; 30 facts, n = 3"]
    assert rows(table) == ["BARE", "GRACE", "ROME", *fewer]
    assert "1,000 facts" in table.splitlines()[0]
    assert "| ROME | 20 % | 100 % | 20 % | 100 % | 1.5 |" in table


def test_ours_takes_its_place_when_it_has_as_many_facts(folder: Path) -> None:
    write(folder, "posterior", 1000, 0.9)
    assert rows(counterfact_table(folder))[:2] == ["BARE", "**this package**"]
    found = at_most_facts(results(folder), "counterfact", chat=False)
    assert machines([r for r in found if r["facts"] == 1000]) == "H200; POSTERIOR on CPU"


def test_a_group_is_left_out_where_all_its_methods_were_told_more(folder: Path) -> None:
    assert [facts for _, _, facts in groups(results(folder))] == [1000, 30]
    write(folder, "memit", 100, 0.5)
    assert [facts for _, _, facts in groups(results(folder))] == [1000, 100, 30]
    assert machines(groups(results(folder))["counterfact", False, 30]) == ""


def test_what_an_accelerator_took_is_not_compared(folder: Path) -> None:
    write(folder, "ultraedit", 1000, 0.5, accelerator="H200", cost={"write_seconds_median": 1.0})
    assert costs_table(folder) == "No record yet."


def test_hard_cases_stand_in_rows_and_false_fires_at_the_end(tmp_path: Path) -> None:
    kinds = {"near_names": {"share": 0.5, "n": 10}, "base": {"share": 0.0, "n": 4}}
    write(tmp_path, "rag-copy", 40, 0.5, "hard", false_fires={"50%": {"kinds": kinds}, "70%": None})
    write(tmp_path, "posterior", 40, 0.25, "hard", false_fires={"50%": {"kinds": kinds}})
    lines = hard_table(tmp_path).splitlines()
    assert "40 facts" in lines[0]
    assert lines[0].endswith("| **this package** | RAG-COPY |")
    assert lines[3] == "| other wording (n = 4) | 25 % | 50 % |"
    assert lines[-2].endswith("at a recall of 50 % | 5 of 14 | 5 of 14 |")
    assert lines[-1].endswith("at a recall of 70 % |  |  |")


def test_without_records_the_tables_say_so(tmp_path: Path) -> None:
    assert {counterfact_table(tmp_path), hard_table(tmp_path)} == {"No record yet."}
