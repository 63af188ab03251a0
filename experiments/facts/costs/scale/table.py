"""The records of a brain that grows to a million facts, as a table."""

import json
from pathlib import Path
from typing import Any

from experiments.markdown import head, row

HOST = "packaged"
Metrics = dict[str, Any]
QUERY = "<= 1.15 x to 1,000, then 1.2 x, 1.3 x at a million"
ROWS = (
    ("a question about something else, over the bare model", "{query_ratio:.2f} x", QUERY),
    ("a text with a taught name that asks nothing, over the bare model", "{named_ratio:.2f} x", ""),
    ("a durable write of one fact", "{write_ms:.0f} ms", ""),
    ("the same, over {least:,} facts", "{write_ratio:.2f} x", "<= 2 x"),
    ("taught in one call, in a second", "{taught_per_second:.0f}", ""),
    ("stored with another's codes, in a second", "{enrolled_per_second:,.0f}", ""),
    ("to open", "{open_seconds:.2f} s", "<= 3 s"),
    ("to open and answer once", "{first_answer_seconds:.2f} s", ""),
    ("resident memory over an empty brain's process", "{held_mib:,.0f} MiB", "<= 1,024 MiB"),
    ("the part of it that is no cache of files", "{held_own_mib:,.0f} MiB", ""),
    ("bytes a fact: weights with texts", "{weight_bytes_per_fact:,.0f}", ""),
    ("bytes a fact: journal", "{journal_bytes_per_fact:,.0f}", ""),
    ("`forget`", "{forget_ms:.0f} ms", ""),
    ("`search`", "{search_ms:.1f} ms", ""),
    ("`list`, 100 from the middle", "{list_ms:.1f} ms", ""),
    ("`stats`", "{stats_ms:.1f} ms", ""),
    ("`doctor`", "{doctor_seconds:.2f} s", ""),
    ("`export`, most memory", "{export_seconds:.2f} s, {export_peak_mib:,.0f} MiB", ""),
    ("recall, taught prompts (n = 200, of fewer facts all)", "{recall:.1%}", ""),
    ("the same prompts on other names, unchanged", "{neighbours:.1%}", ""),
    ("a fact speaks in running text, tokens", "{text_fires} of {text_tokens:,}", "<= 2e-5"),
)


def sizes(folder: Path, host: str = HOST) -> list[Metrics]:
    """What was measured at each size, smallest first."""
    paths = folder.glob(f"facts-scale-{host}-*.json")
    found = [json.loads(path.read_text("utf-8"))["metrics"] for path in paths]
    found.sort(key=lambda metrics: metrics["facts"])
    for metrics in found:
        metrics["write_ratio"] = metrics["write_ms"] / found[0]["write_ms"]
        metrics["held_mib"] = metrics["resident_mib"] - metrics["resident_before_mib"]
        if "own_mib" in metrics:
            metrics["held_own_mib"] = metrics["own_mib"] - metrics["own_before_mib"]
    return found


def scale_table(folder: Path, host: str = HOST) -> str:
    """What a brain on a host costs and keeps: one column a size."""
    found = sizes(folder, host)
    if not found:
        return "No record yet."
    lines = head(["facts", *(f"{metrics['facts']:,}" for metrics in found), "aim"])
    for title, form, aim in ROWS:
        cells = [_cell(form, metrics) for metrics in found]
        title = title.format(least=found[0]["facts"])
        lines += [row([title, *cells, aim])] if any(cells) else []
    return "\n".join(lines)


def _cell(form: str, metrics: Metrics) -> str:
    """A cell; empty for what was not measured at this size."""
    try:
        return form.format_map(metrics).replace("%", " %")
    except (KeyError, TypeError):
        return ""
