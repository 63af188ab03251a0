"""One page that compares all methods on SmolLM2: python -m experiments.retention.report.

Self-contained: what it shows are the records of `experiments.retention.run`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from experiments.record import RESULTS
from experiments.retention.records.bench_records import (
    AXES,
    OURS,
    Group,
    Result,
    groups,
    heading,
    machines,
    product,
    results,
    titles,
)
from experiments.retention.report_plots import ages, false_fires, products, shares

PAGE = Path(__file__).parent.parent / "REPORT.html"
LAYOUT = Path(__file__).with_name("report.html")
LEAST_METHODS = 3  # of a group whose methods are ranked in a plot
SAMPLES = 3  # answers of an axis that are shown


def page(folder: Path) -> str:
    """The page of a folder of records."""
    found = groups(results(folder))
    if not found:
        return _filled({"lead": "<p>No record yet.</p>", "wrong": "", "right": "", "plots": ""})
    parts = {
        "lead": _lead(found),
        "wrong": _answers(found, "wrong"),
        "right": _answers(found, "right"),
        "plots": "".join(_section(group, found[group]) for group in found),
    }
    return _filled(parts)


def _filled(parts: dict[str, str]) -> str:
    text = LAYOUT.read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


def _lead(found: dict[Group, list[Result]]) -> str:
    """For every suite with rivals: ours, the best other method, and what the bare model says."""
    rows = [_standing(g, rs) for g, rs in found.items() if len(rs) >= LEAST_METHODS and _ours(rs)]
    heads = ("facts and questions", "oneshot", "best other method", "bare model")
    return _table(heads, rows) if rows else ""


def _standing(group: Group, group_results: Sequence[Result]) -> list[str]:
    ours = _ours(group_results)
    others = [r for r in group_results if r["method"] not in (OURS, "bare")]
    best = max(others, key=product)
    bare = next((r for r in group_results if r["method"] == "bare"), None)
    assert ours
    told = bare["axes"].get("paraphrase", bare["axes"]["efficacy"])["mean"] if bare else 0.0
    return [
        heading(group),
        f"{100 * product(ours):.0f} %",
        f"{best['title']}: {100 * product(best):.0f} %",
        f"{100 * told:.0f} % of other wordings",
    ]


def _ours(found: Sequence[Result]) -> Result | None:
    return next((r for r in found if r["method"] == OURS), None)


def _section(group: Group, found: Sequence[Result]) -> str:
    parts = [f"<h3>{escape(heading(group))}</h3>"]
    if machines(found):
        parts.append(f"<p>Measured on: {escape(machines(found))}.</p>")
    if len(found) >= LEAST_METHODS:
        parts.append(_figure(products(found), "Product of what should be so, by method."))
    parts.append(_figure(shares(found), "Each kind of question; the bar is our 95 % interval."))
    if group[2] >= 100 and sum("stream" in r for r in found) >= LEAST_METHODS:
        parts.append(_figure(ages(found), "Asked in other words after the last fact, by age."))
    for recall in _recalls(found):
        caption = f"False fires, by kind, where each method answers {recall} of the questions."
        parts.append(_figure(false_fires(found, recall), caption))
    parts.append(_shares_table(found))
    return f"<section>{''.join(parts)}</section>"


def _recalls(found: Sequence[Result]) -> list[str]:
    """The recalls that two methods or more reach, where any of them speaks falsely."""
    fired: dict[str, list[bool]] = defaultdict(list)
    for result in found:
        for recall, at in result.get("false_fires", {}).items():
            if at:
                fired[recall].append(any(kind["share"] for kind in at["kinds"].values()))
    return sorted(recall for recall, some in fired.items() if len(some) > 1 and any(some))


def _shares_table(found: Sequence[Result]) -> str:
    names = titles(found)
    rows = []
    for result in found:
        cells = [_cell(result, axis) for axis in names]
        rows.append([result["title"], *cells])
    table = _table(("method", *names.values()), rows)
    return f"<details><summary>the figures, with intervals and n</summary>{table}</details>"


def _cell(result: Result, axis: str) -> str:
    found = result["axes"].get(axis)
    if found is None:
        return ""
    mean, low, high = (100 * found[key] for key in ("mean", "low", "high"))
    return f"{mean:.0f} ({low:.0f}-{high:.0f}, n {found['n']})"


def _answers(found: dict[Group, list[Result]], kind: str) -> str:
    """Some of our own answers, right or wrong, with what was wanted."""
    rows = []
    for group, group_results in found.items():
        ours = _ours(group_results)
        for axis, share in (ours["axes"] if ours else {}).items():
            for prompt, wanted, said in share.get(kind, ())[: SAMPLES if kind == "wrong" else 1]:
                where = f"{heading(group)}: {AXES[axis]}"
                rows.append([where, _tail(prompt), wanted or "(as before)", said or "(nothing)"])
    return _table(("where", "question", "wanted", "said"), rows)


def _tail(prompt: str) -> str:
    return prompt if len(prompt) <= 160 else f"... {prompt[-150:]}"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{escape(h)}">{escape(c)}</td>'
            for h, c in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(RESULTS), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
