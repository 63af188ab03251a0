"""The records of the fact writer as Markdown."""

import json
from pathlib import Path
from typing import Any

from oneshot.facts.examination.titles import TITLES

ROWS = (
    ("taught", "taught prompt, free generation, exact", ">= 99.8 %"),
    ("paraphrase", "another wording that the host was trained on", ">= 99.2 / 99 %"),
    ("question", "questions", ">= 98.5 %"),
    ("held_out", "wordings that the host never saw", ">= 88 / 87 %"),
    ("known", "known facts unchanged", ">= 99.9 %"),
    ("untaught", "untaught subjects, same relations, unchanged", ">= 99.9 / 99.8 %"),
    ("other", "taught subject, other relation, unchanged", ">= 99 %"),
)
RULES = ("posterior", "ridge", "hebbian", "delta", "gradient")


def load(path: Path) -> dict[str, Any] | None:
    """A record, if it is there."""
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def figures_table(folder: Path) -> str:
    """The figures of the writer, or of the one before it: one column a record."""
    present = load(folder / "facts-packaged-1000.json")
    earlier = [load(folder / f"facts-{name}.json") for name in ("1000", "all")]
    records = [present] if present else [record for record in earlier if record]
    counts = [f"{r['metrics']['writer']['facts']:,} facts" for r in records]
    lines = ["| | " + " | ".join(counts) + " | target |", "|---|" + "---|" * (len(counts) + 1)]
    for key, title, target in ROWS:
        cells = [_share(r["metrics"]["writer"][key]) for r in records]
        lines.append(_row(title, cells, target))
    lines.append(_novel(records))
    for key in ("taught", "paraphrase", "question"):
        cells = [_share(r["metrics"]["several_words"][key]) for r in records]
        lines.append(_row(f"answers of two to four words, {key}", cells, ">= 99 %"))
    cells = [
        f"{r['metrics']['text']['fires']} of {r['metrics']['text']['tokens']:,}" for r in records
    ]
    lines.append(_row("false fires on running text, tokens", cells, "<= 2e-5 per token"))
    for key, title in (("main", "trained wordings"), ("held_out", "wordings never seen")):
        cells = [_share(r["metrics"]["host"][key]) for r in records]
        lines.append(_row(f"the bare host on its own facts, {title}", cells, ""))
    cells = [f"{r['seconds'] / 60:.0f} min, {r['peak_memory_mib']:,.0f} MiB" for r in records]
    return "\n".join([*lines, _row("the run", cells, "")])


def capacity_rows(folder: Path) -> list[dict[str, Any]]:
    """What every rule kept, over all records of it, by the number of facts."""
    records = [load(path) for path in sorted(folder.glob("facts-capacity*.json"))]
    rows = [row for record in records if record for row in record["metrics"]["rows"]]
    return sorted(rows, key=lambda row: row["facts"])


def rules_table(folder: Path) -> str:
    """The share of N facts that each local rule answers from weights, by number of sites."""
    rows = capacity_rows(folder)
    if not rows:
        return "No record yet."
    counts = sorted({row["facts"] for row in rows})
    lines = ["| rule | sites | " + " | ".join(f"{n} facts" for n in counts) + " | weights, bytes |"]
    lines.append("|---|---|" + "---|" * (len(counts) + 1))
    for rule, sites in dict.fromkeys((row["rule"], row.get("sites", 1)) for row in rows):
        mine = {r["facts"]: r for r in rows if (r["rule"], r.get("sites", 1)) == (rule, sites)}
        cells = [_pair(mine[n]) if n in mine else "" for n in counts]
        size = f"{mine[max(mine)]['bytes']:,}"
        lines.append(f"| {rule} | {sites} | " + " | ".join(cells) + f" | {size} |")
    return "\n".join(lines)


def _pair(row: dict[str, Any]) -> str:
    return f"{100 * row['taught']:.1f} / {100 * row['paraphrase']:.1f} %"


def speed_table(folder: Path) -> str:
    """What writing and asking cost: two columns a host."""
    named = {n: load(folder / f"facts-speed{n}.json") for n in ("", "-smollm2")}
    hosts = {
        name.removeprefix("-") or "packaged": {t["what"]: t for t in record["metrics"]["timings"]}
        for name, record in named.items()
        if record
    }
    if not hosts:
        return "No record yet."
    lines = [f"| | {' | '.join(f'{n} | aim' for n in hosts)} |", "|---|" + "---|---|" * len(hosts)]
    for what in dict.fromkeys(what for timings in hosts.values() for what in timings):
        cells = [_timing(timings.get(what)) for timings in hosts.values()]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _timing(found: dict[str, Any] | None) -> str:
    return f"{found['value']:.3g} {found['unit']} | {found['target']}" if found else " | "


def examination_table(folder: Path) -> str:
    """Right answers by kind of question: all facts, then those due after a change."""
    record = load(folder / "facts-examination.json")
    if record is None:
        return "No record yet."
    rounds = [record["metrics"][name] for name in ("first", "second")]
    heads = [f"{r['examined']} of {r['live']} facts" for r in rounds]
    lines = [f"| asked | {heads[0]} | {heads[1]}, those due |", "|---|---|---|"]
    lines += [
        f"| {title} | " + " | ".join(_answered(r, kind) for r in rounds) + " |"
        for kind, title in TITLES.items()
    ]
    seconds = [f"{r['seconds']:.0f} s" for r in rounds]
    times = [f"{r['taught_ms']:.1f} ms, bare {r['bare_ms']:.1f} ms" for r in rounds]
    return "\n".join(
        [*lines, f"| a question | {' | '.join(times)} |", f"| the round | {' | '.join(seconds)} |"]
    )


def _answered(sitting: dict[str, Any], kind: str) -> str:
    score = next((s for s in sitting["scores"] if s["kind"] == kind), None)
    if score is None:
        return ""
    own = "" if score["own"] is None else f" (the model's own facts: {100 * score['own']:.1f} %)"
    return f"{100 * score['right'] / score['n']:.1f} % of {score['n']}{own}"


def _novel(records: list[dict[str, Any]]) -> str:
    cells = []
    for record in records:
        found = record["metrics"]["novel_relations"]
        cells.append(f"{_share(found['paraphrase'])}; other relation {_share(found['other'])}")
    return _row("relations that the bank does not know: paraphrase", cells, ">= 93 %")


def _share(found: dict[str, Any]) -> str:
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['mean']:.2f} % ({low:.1f}-{high:.1f}, n = {found['n']:,})"


def _row(title: str, cells: list[str], target: str) -> str:
    return f"| {title} | " + " | ".join(cells) + f" | {target} |"
