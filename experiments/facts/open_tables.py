"""Records of facts on a real language model as Markdown: open relations, binding, sets, chains."""

from pathlib import Path
from typing import Any

from experiments.facts.tables import load

AXES = (
    ("taught prompt", "100 %", ""),
    ("made question", ">= 99 %", ">= 99 %"),
    ("in other words around it", ">= 98 %", ">= 98 %"),
    ("behind two earlier turns", "", ">= 98 %"),
    ("free cloze", ">= 94 %", ""),
    ("free question", ">= 94 %", ">= 92 %"),
    ("other relation of the subject", ">= 98 %", ">= 98 %"),
    ("other subject", ">= 99.8 %", ">= 99.5 %"),
    ("known fact", ">= 99.8 %", ">= 99.5 %"),
)
TITLES = {
    "made question": "question made of the same words",
    "in other words around it": "the same inside other words",
    "behind two earlier turns": "the same behind two earlier turns",
    "free cloze": "free paraphrase, to be completed",
    "free question": "free paraphrase, a question",
    "other relation of the subject": "taught subject, other relation, unchanged",
    "other subject": "other subject, same relation, unchanged",
    "known fact": "known facts unchanged",
}
NONE = "No record yet."


def open_table(folder: Path) -> str:
    """Facts of left-out relations and of the bank's, plainly and in chat."""
    records = [load(folder / f"facts-open-smollm2{kind}.json") for kind in ("", "-known")]
    found = [r["metrics"] for r in records if r]
    if not found:
        return NONE
    heads = [
        f"{m['facts']:,} facts, {m['relations']} relations {kind}, {manner}"
        for m, kind in zip(found, ("left out of the bank", "of the bank"), strict=False)
        for manner in ("raw", "chat")
    ]
    lines = ["| | " + " | ".join(heads) + " | aims |", "|---|" + "---|" * (len(heads) + 1)]
    for axis, raw, chat in AXES:
        cells = [_cell(m.get(f"{axis}, {manner}")) for m in found for manner in ("raw", "chat")]
        aims = "; ".join(filter(None, (raw and f"raw {raw}", chat and f"chat {chat}")))
        lines.append(f"| {TITLES.get(axis, axis)} | " + " | ".join(cells) + f" | {aims} |")
    return "\n".join(lines)


def binding_table(folder: Path) -> str:
    """Two names in one text."""
    record = load(folder / "facts-binding-smollm2.json")
    if record is None:
        return NONE
    found = record["metrics"]
    lines = [
        f"| {found['texts']} texts, {found['wordings']} wordings | raw | chat | aim |",
        "|---|---|---|---|",
    ]
    for axis, aim in (("right binding kept", ">= 95 %"), ("wrong binding", "<= 2 %")):
        cells = " | ".join(_share(found[manner][axis]) for manner in ("raw", "chat"))
        lines.append(f"| {axis} | {cells} | {aim} |")
    return "\n".join(lines)


PUBLISHED = (
    ("hallueditbench", "HalluEditBench", "question", ""),
    ("hallueditbench", "HalluEditBench", "paraphrase", ">= 96 %"),
    ("hallueditbench", "HalluEditBench", "yes question", ">= 90 %"),
    ("hallueditbench", "HalluEditBench", "no question", ">= 90 %"),
    ("hallueditbench", "HalluEditBench", "locality question", ">= 98 %"),
    ("zsre", "zsRE", "question", ""),
    ("zsre", "zsRE", "paraphrase", ">= 94 %"),
    ("zsre", "zsRE", "locality question", ">= 99 %"),
    ("counterfact", "CounterFact", "taught prompt", ""),
    ("counterfact", "CounterFact", "paraphrase", ">= 94 %"),
    ("counterfact", "CounterFact", "question", ""),
    ("counterfact", "CounterFact", "neighbour", ">= 99 %"),
)


def published_table(folder: Path) -> str:
    """Published sets, and running text with each set's facts taught."""
    records = {name: load(folder / f"facts-{name}-smollm2.json") for name, *_ in PUBLISHED}
    found = {name: record["metrics"] for name, record in records.items() if record}
    if not found:
        return NONE
    lines = ["| set | asked | raw | chat | aim |", "|---|---|---|---|---|"]
    for name, title, axis, aim in PUBLISHED:
        if name not in found:
            continue
        cells = " | ".join(_cell(found[name].get(f"{axis}, {m}")) for m in ("raw", "chat"))
        kept = axis in ("locality question", "neighbour")
        shown = f"{axis}, unchanged" if kept else axis
        lines.append(f"| {title}, {found[name]['facts']} facts | {shown} | {cells} | {aim} |")
    fires, tokens = (sum(m["running text"][k] for m in found.values()) for k in ("fires", "tokens"))
    aim = "<= 2e-5 per token"
    lines.append(f"| all | tokens of running text with a fact | {fires} of {tokens:,} | | {aim} |")
    return "\n".join(lines)


CHAINED = (
    ("composed", "composed question"),
    ("any of a chain's", "any of a case's"),
    ("single, right", "a single fact's question"),
    ("single, not chained", "the same, answered by one fact"),
    ("other relation at the end", "another relation at the end, its answer not said"),
)
CHAINS = (
    ("smollm2", "own"),
    ("mquake", "MQuAKE, case by case"),
    ("mquake-together", "MQuAKE, all that agree at once"),
    ("mquake-edits", "MQuAKE, edits alone"),
)
AIMS = {
    ("smollm2", "composed"): {2: ">= 95 %", 3: ">= 85 %"},
    ("smollm2", "single, not chained"): {2: ">= 99 %", 3: ">= 99 %"},
    ("mquake", "any of a chain's"): {2: ">= 90 %", 3: ">= 70 %", 4: ">= 55 %"},
    ("mquake-together", "any of a chain's"): {2: ">= 75 %", 3: ">= 75 %", 4: ">= 75 %"},
}


def chains_table(folder: Path) -> str:
    """Questions that take several facts: own chains, and MQuAKE's."""
    lines = ["| chains | asked | 2 facts | 3 facts | 4 facts |", "|---|---|---|---|---|"]
    for name, title in CHAINS:
        record = load(folder / f"facts-chains-{name}.json")
        if record is None:
            continue
        for axis, asked in CHAINED:
            shares = {n: record["metrics"].get(f"{axis}, {n} facts") for n in (2, 3, 4)}
            aims = AIMS.get((name, axis), {})
            cells = [_aimed(_cell(found), aims.get(n)) for n, found in shares.items()]
            if any(cells):
                lines.append(f"| {title} | {asked} | " + " | ".join(cells) + " |")
    return "\n".join(lines) if len(lines) > 2 else NONE


def _aimed(cell: str, aim: str | None) -> str:
    return f"{cell}; aim {aim}" if cell and aim else cell


def _cell(found: dict[str, Any] | None) -> str:
    """A share with, beside it, the bare host's and that with the fact in the prompt."""
    if not found:
        return ""
    beside = []
    if found.get("bare", {}).get("n"):
        beside.append(f"bare {100 * found['bare']['mean']:.0f}")
        beside.append(f"fact in the prompt {100 * found['fact in the prompt']['mean']:.0f}")
    if "hop by hop" in found:
        beside.append(f"hop by hop {100 * found['hop by hop']['mean']:.0f}")
    return "; ".join([_share(found), *beside])


def _share(found: dict[str, Any]) -> str:
    low, high = 100 * found["low"], 100 * found["high"]
    return f"{100 * found['mean']:.1f} % ({low:.0f}-{high:.0f}, n = {found['n']})"
