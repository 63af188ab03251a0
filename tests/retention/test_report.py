"""The bench's tables and page, from records made up here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from experiments.retention.records.bench_records import groups, product, results
from experiments.retention.records.bench_tables import costs_table, suites_table
from experiments.retention.report import page


def share(mean: float, **more: Any) -> dict[str, Any]:
    wrong = [["What of <Oslo>?", "Norway", "Sweden & more"]]
    return {"mean": mean, "low": mean / 2, "high": 1.0, "n": 16, "wrong": wrong, "right": []} | more


FIRES = {"threshold": 1.0, "per_1000_tokens": 3.0, "kinds": {"neighbours": {"share": 0.25}}}


def result(method: str, paraphrase: float, neighbours: float) -> dict[str, Any]:
    cohorts = [paraphrase] * 10
    made: dict[str, Any] = {
        "title": f"the {method}",
        "method": method,
        "suite": "zsre",
        "facts": 100,
        "chat": False,
        "memory_mib": [500.0, 900.0],
        "axes": {
            "efficacy": share(1.0, cohorts=cohorts),
            "paraphrase": share(paraphrase, cohorts=cohorts),
            "neighbours": share(neighbours),
        },
        "forced": {"rewrite_acc": share(0.5), "S": 0.25},
    }
    if method == "bare":
        return made
    return made | {
        "cost": {
            "write_seconds_median": 0.1,
            "write_over_forward": 2.0,
            "query_over_bare": 1.1,
            "stored_bytes_per_fact": 3000,
        },
        "text": {"kl": 0.0, "fires_per_token": 0.001},
        "contradictions": {"later_holds": share(1.0)},
        "false_fires": {"50%": FIRES, "70%": FIRES if method == "posterior" else None},
        "stream": {"backward_transfer": 0.0, "at_the_end": cohorts},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shares = {"bare": (0.0, 1.0), "rome": (0.5, 0.5), "posterior": (0.9, 1.0), "lora": (0.6, 0.5)}
    for method, values in shares.items():
        record = {"metrics": result(method, *values), "config": {"seed": 0}, "command": "run"}
        (tmp_path / f"bench-smollm2-zsre-raw-100-{method}-seed0.json").write_text(
            json.dumps(record)
        )
    return tmp_path


def test_the_bare_model_comes_first_and_then_the_best(folder: Path) -> None:
    (found,) = groups(results(folder)).values()
    assert [r["method"] for r in found] == ["bare", "posterior", "lora", "rome"]
    assert product(found[1]) == pytest.approx(0.9 * 0.9 * 1.0)


def test_tables_have_a_row_a_method_with_n_and_interval(folder: Path) -> None:
    table = suites_table(folder).splitlines()
    assert "other wording (n = 16)" in table[2]
    assert table[4].startswith("| the bare | 100 (81-100) | 0 (0-19) | 100 (81-100) | 0 |")
    assert len(table) == 8
    assert len({line.count("|") for line in table[2:]}) == 1
    costs = costs_table(folder).splitlines()
    assert costs[2].startswith("| the posterior | zsre, 100 facts | 0.1 | 2.0 | 1.10 | 3,000 | 0 |")
    assert len({line.count("|") for line in costs}) == 1


def test_bytes_that_were_counted_after_forgetting_are_left_out(folder: Path) -> None:
    for method, no_edit in (("rome", {}), ("lora", {"weights_changed_by_writing": True})):
        path = folder / f"bench-smollm2-zsre-raw-100-{method}-seed0.json"
        record = json.loads(path.read_text())
        del record["metrics"]["cost"]["stored_bytes_per_fact"]
        record["metrics"]["cost"]["bytes_per_fact"] = 64
        record["metrics"]["no_edit"] = no_edit
        path.write_text(json.dumps(record))
    costs = costs_table(folder)
    assert "| the rome | zsre, 100 facts | 0.1 | 2.0 | 1.10 | 64 |" in costs
    assert "| the lora | zsre, 100 facts | 0.1 | 2.0 | 1.10 |  |" in costs


def test_the_page_is_whole_and_escapes_what_was_said(folder: Path) -> None:
    text = page(folder)
    assert "What of &lt;Oslo&gt;?" in text
    assert "<Oslo>" not in text
    assert text.count("<svg") == 4
    assert "where each method answers 50% of the questions" in text
    assert "where each method answers 70%" not in text, "one method alone is no comparison"
    assert "best other method" in text
    assert not re.search(r"(src|href)=\"http", text)


def test_no_record_is_said_so(tmp_path: Path) -> None:
    assert "No record yet" in page(tmp_path)
    assert (suites_table(tmp_path), costs_table(tmp_path)) == ("No record yet.",) * 2
