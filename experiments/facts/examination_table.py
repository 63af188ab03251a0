"""The record of `oneshot eval` as Markdown."""

from pathlib import Path
from typing import Any

from experiments.facts.tables import load
from oneshot.facts.examination.titles import TITLES


def examination_table(folder: Path) -> str:
    """Right answers by kind of question: all facts, then those due after a change."""
    record = load(folder / "facts-examination.json")
    if record is None:
        return "No record yet."
    rounds = [record["metrics"][name] for name in ("first", "second")]
    heads = [f"{r['examined']} of {r['live']} facts" for r in rounds]
    lines = [f"| asked | {heads[0]} | {heads[1]}, those due |", "|---|---|---|"]
    lines += [
        f"| {title} | " + " | ".join(_cell(r, kind) for r in rounds) + " |"
        for kind, title in TITLES.items()
    ]
    seconds = [f"{r['seconds']:.0f} s" for r in rounds]
    times = [f"{r['taught_ms']:.1f} ms, bare {r['bare_ms']:.1f} ms" for r in rounds]
    return "\n".join(
        [*lines, f"| a question | {' | '.join(times)} |", f"| the round | {' | '.join(seconds)} |"]
    )


def _cell(sitting: dict[str, Any], kind: str) -> str:
    score = next((s for s in sitting["scores"] if s["kind"] == kind), None)
    if score is None:
        return ""
    own = "" if score["own"] is None else f" (the model's own facts: {100 * score['own']:.1f} %)"
    return f"{100 * score['right'] / score['n']:.1f} % of {score['n']}{own}"
