"""Tables are made from records, and records are never overwritten."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import record, tables
from experiments.facts.costs.scale.table import scale_table
from experiments.facts.tables import figures_table, rules_table
from experiments.record import run_recorded
from experiments.templates import fill_template

SHARE = {"mean": 0.9975, "low": 0.99, "high": 1.0, "n": 400}
KINDS = ("taught", "paraphrase", "question", "held_out", "known", "untaught", "other")


def facts_record(name: str, facts: int) -> dict[str, Any]:
    writer = dict.fromkeys(KINDS, SHARE) | {"facts": facts}
    return {
        "name": name,
        "seconds": 120.0,
        "peak_memory_mib": 900.0,
        "metrics": {
            "writer": writer,
            "several_words": writer,
            "novel_relations": writer,
            "host": {"main": SHARE, "held_out": SHARE},
            "text": {"fires": 1, "tokens": 50_000},
        },
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, facts in (("1000", 1000), ("all", 1932)):
        text = json.dumps(facts_record(f"facts-{name}", facts))
        (tmp_path / f"facts-{name}.json").write_text(text)
    rows = [
        {"rule": rule, "sites": 2, "facts": n, "taught": 0.5, "paraphrase": 0.4, "bytes": 10 * n}
        for rule in ("posterior", "ridge")
        for n in (10, 30)
    ]
    (tmp_path / "facts-capacity.json").write_text(json.dumps({"metrics": {"rows": rows}}))
    return tmp_path


def test_facts_stand_in_one_column_a_record(folder: Path) -> None:
    lines = figures_table(folder).splitlines()
    assert lines[0] == "| | 1,000 facts | 1,932 facts | target |"
    assert lines[2].count("99.75 % (99.0-100.0, n = 400)") == 2
    assert any("1 of 50,000" in line for line in lines)
    assert len({line.count("|") for line in lines}) == 1


def test_a_record_of_the_present_writer_takes_the_place_of_earlier_ones(folder: Path) -> None:
    record = facts_record("facts-packaged-1000", 1000)
    (folder / "facts-packaged-1000.json").write_text(json.dumps(record))
    assert figures_table(folder).splitlines()[0] == "| | 1,000 facts | target |"


def test_rules_stand_in_one_row_each(folder: Path) -> None:
    lines = rules_table(folder).splitlines()
    assert lines[2] == "| posterior | 2 | 50.0 / 40.0 % | 50.0 / 40.0 % | 300 |"
    assert len(lines) == 4


def test_sizes_of_a_brain_stand_in_one_column_each(tmp_path: Path) -> None:
    for facts, written in ((1000, 30.0), (100, 20.0)):
        metrics = {"facts": facts, "write_ms": written, "resident_mib": 9, "resident_before_mib": 7}
        path = tmp_path / f"facts-scale-packaged-{facts}.json"
        path.write_text(json.dumps({"metrics": metrics | {"doctor_seconds": None}}))
    lines = scale_table(tmp_path).splitlines()
    assert lines[0] == "| facts | 100 | 1,000 | aim |"
    assert "| the same, over 100 facts | 1.00 x | 1.50 x | <= 2 x |" in lines
    assert "| `doctor` |  |  |  |" in lines
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("part", tables.PARTS)
def test_only_what_stands_between_the_markers_is_replaced(part: str, folder: Path) -> None:
    names = list(tables.PARTS[part])
    sections = "\n".join(f"<!-- {n} -->\nold\n<!-- /{n} -->" for n in names)
    made = tables.filled(f"before\n{sections}\nafter\n", part, folder)
    assert made.startswith(f"before\n<!-- {names[0]} -->\n")
    assert made.endswith(f"<!-- /{names[-1]} -->\nafter\n")
    assert "old" not in made
    assert tables.filled(made, part, folder) == made


def test_a_record_is_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    config = tmp_path / "c.toml"
    config.write_text("a = 1\n")
    path = run_recorded("one", {"a": 1}, [config], lambda: {"found": 2})
    written = json.loads(path.read_text())
    assert written["metrics"] == {"found": 2}
    assert written["config"] == {"a": 1}
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="never overwritten"):
        run_recorded("one", {"a": 1}, [config], lambda: {"found": 3})
    assert path.read_bytes() == before


def test_numbers_of_a_template_are_the_records_means(tmp_path: Path) -> None:
    for seed, value in enumerate((0.5, 0.75)):
        metrics = {"accuracy": {"test": [value, 0.25]}}
        (tmp_path / f"run-seed{seed}.json").write_text(json.dumps({"metrics": metrics, "n": 7}))
    text = "A {run-seed* accuracy/test/0:.1%} of {run-seed0 /n:.0f} and {braces} stay"
    assert fill_template(text, tmp_path) == "A 62.5 % of 7 and {braces} stay"
    with pytest.raises(KeyError, match="no record other"):
        fill_template("{other accuracy:.1%}", tmp_path)
    with pytest.raises(KeyError, match="run-seed1 has nothing at accuracy/train"):
        fill_template("{run-seed1 accuracy/train:.1%}", tmp_path)


def test_the_numbers_of_every_readme_are_those_of_the_records() -> None:
    for path, text in tables.made(record.RESULTS).items():
        assert path.read_text("utf-8") == text, f"{path} is out of date: make docs"


def test_a_section_without_its_record_says_so(tmp_path: Path) -> None:
    text = tables.FRONT.read_text("utf-8")
    assert tables.front_filled(text, tmp_path).count("No record yet.") > len(tables.FRONT_TABLES)


def test_the_map_of_the_experiments_names_every_part() -> None:
    text = (tables.HERE / "README.md").read_text("utf-8")
    assert all(f"]({part}/README.md)" in text for part in tables.PARTS)


def test_a_section_stands_once() -> None:
    with pytest.raises(ValueError, match=r"<!-- \w+ --> and <!-- /\w+ --> stand 0 times"):
        tables.front_filled("no section", record.RESULTS)


def test_every_record_was_made_from_a_commit() -> None:
    records = [json.loads(path.read_text("utf-8")) for path in record.RESULTS.glob("*.json")]
    assert records
    assert [r["name"] for r in records if r["dirty"]] == []
