"""The records of `experiments.retention.run`, in the order in which tables and page show them."""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from oneshot.core.shares import wilson

Result = dict[str, Any]
Group = tuple[str, bool, int]
"""A suite, whether it was asked in chat, and how many facts were written."""

SUITES = {
    "own": "open relations (own)",
    "hard": "hard cases",
    "counterfact": "CounterFact",
    "zsre": "zsRE",
    "mquake": "MQuAKE",
    "ripple": "KnowEdit / RippleEdits",
    "hallueditbench": "HalluEditBench",
    "lre": "LRE",
}
AXES = {
    "efficacy": "taught prompt",
    "paraphrase": "other wording",
    "question": "question",
    "rephrased": "behind a lead-in",
    "prefixed": "behind 50 tokens",
    "after_50_tokens": "behind 50 tokens",
    "after_200_tokens": "behind 200 tokens",
    "after_500_tokens": "behind 500 tokens",
    "later_turn": "after earlier turns",
    "yes": "yes",
    "no": "no",
    "multiple_choice": "multiple choice",
    "strong_prior": "strong prior",
    "old_answer_first": "old answer in front",
    "subject_aliasing": "alias",
    "logical_generalization": "what follows",
    "reasoning": "reasoning",
    "multi_hop": "several hops",
    "generation": "new answer in free text",
    "neighbours": "neighbours kept",
    "attributes": "attributes kept",
    "other_relation": "other relation kept",
    "relation_specificity": "other relation kept",
    "forgetfulness": "other values kept",
    "near_relation": "near relation kept",
    "middle_relation": "middling relation kept",
    "far_relation": "far relation kept",
    "near_names": "near names kept",
    "other_yes_no": "yes or no of another relation kept",
    "other_choice": "choice of another relation kept",
    "other_after_50_tokens": "another relation behind 50 tokens kept",
    "other_after_200_tokens": "another relation behind 200 tokens kept",
    "other_after_500_tokens": "another relation behind 500 tokens kept",
    "other_later_turn": "another relation after turns kept",
    "deleted": "deleted facts gone",
    "negation": "silent under negation",
    "base": "known kept",
}
OURS = "posterior"
KEPT = ("neighbours", "relation_specificity", "other_relation", "near_relation", "base")


def results(folder: Path) -> list[Result]:
    """What was measured, record by record, every axis with Wilson's interval.

    Older records have the bootstrap's, which is a point where everything is right.
    """
    found = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob("bench-*.json"))]
    return [
        r["metrics"]
        | {"axes": {axis: _sure(f) for axis, f in r["metrics"]["axes"].items()}}
        | {"seed": r["config"]["seed"], "command": r["command"]}
        for r in found
    ]


def _sure(found: dict[str, Any]) -> dict[str, Any]:
    low, high = wilson(float(found["mean"]), found["n"])
    return found | {"low": low, "high": high}


def groups(found: Sequence[Result]) -> dict[Group, list[Result]]:
    """Results of the same facts and questions together, the bare model's first, then the best.

    A group goes whose every method was told more facts of the suite, unless it is one at a time.
    """
    made: dict[Group, list[Result]] = defaultdict(list)
    for result in found:
        made[result["suite"], result["chat"], result["facts"]].append(result)
    most = _most_facts(found)
    left = [g for g, rs in made.items() if g[2] == 1 or any(most[_key(r)] is r for r in rs)]
    order = list(SUITES)
    keys = sorted(left, key=lambda g: (g[2] == 1, order.index(g[0]), g[1], -g[2]))
    return {key: sorted(made[key], key=_rank) for key in keys}


def at_most_facts(found: Sequence[Result], suite: str, *, chat: bool) -> list[Result]:
    """Every method's result with most facts: the more first, of as many the best product."""
    some = [r for r in _most_facts(found).values() if (r["suite"], r["chat"]) == (suite, chat)]
    return sorted(some, key=lambda r: (-r["facts"], _rank(r)))


def _most_facts(found: Sequence[Result]) -> dict[tuple[str, bool, str], Result]:
    return {_key(r): r for r in sorted(found, key=lambda r: int(r["facts"]))}


def _key(result: Result) -> tuple[str, bool, str]:
    return result["suite"], result["chat"], result["method"]


def machines(group: Sequence[Result]) -> str:
    """What the results were measured on where one is of an accelerator, else nothing."""
    on: dict[str, list[str]] = defaultdict(list)
    for result in group:
        on[result.get("accelerator", "CPU")].append(result["title"])
    if set(on) == {"CPU"}:
        return ""
    most = max(on, key=lambda machine: len(on[machine]))
    rest = [f"{', '.join(on[machine])} on {machine}" for machine in on if machine != most]
    return "; ".join([most, *rest])


def _rank(result: Result) -> tuple[bool, float]:
    return result["method"] != "bare", -product(result)


def product(result: Result) -> float:
    """Other wording x the older half of the facts x every kind of thing that should be kept.

    Half and not a tenth: of few questions a tenth is one or two, and one miss would be the product.
    """
    axes = result["axes"]
    told = axes.get("paraphrase", axes["efficacy"])
    cohorts = told.get("cohorts", ())
    older = [share for share in cohorts[: -(-len(cohorts) // 2)] if share is not None]
    kept = [axes[axis]["mean"] for axis in KEPT if axis in axes]
    return float(math.prod([told["mean"], *([fmean(older)] if older else []), *kept]))


def titles(group: Sequence[Result]) -> dict[str, str]:
    """The axes that the group's records have, with their titles."""
    have = {axis for result in group for axis in result["axes"]}
    return {axis: title for axis, title in AXES.items() if axis in have}


def heading(group: Group) -> str:
    """What a group is called."""
    suite, chat, facts = group
    written = "one fact at a time" if facts == 1 else f"{facts:,} facts"
    return f"{SUITES[suite]}, {written}, asked {'in chat' if chat else 'as raw text'}"
