"""A run: which suite, how many facts and which methods; read from TOML."""

import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.facts.rules import POSTERIOR
from oneshot.progress import Report, silent
from oneshot.retention.measures.examine import TEXT_TOKENS, Examination, examine
from oneshot.retention.measures.singles import examine_singles
from oneshot.retention.methods.by_name import make_method
from oneshot.retention.suites.by_name import build_suite
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.material import Bare, Material

SINGLES = 25  # facts that are examined one at a time where one fact is asked for


@dataclass(frozen=True)
class Plan:
    """What is run; the defaults are those of `oneshot bench`."""

    suite: str
    """A suite's name, or a JSON file of requests."""
    methods: tuple[str, ...] = (POSTERIOR,)
    """The methods, in this order."""
    facts: int | None = None
    """How many facts; the suite's own number where it is left out."""
    seed: int = 0
    """Of the draw of facts, wordings and probes, and of the order."""
    probes: int = 300
    """At most so many probes an axis."""
    text_tokens: int = TEXT_TOKENS
    """So much running text."""
    text: str | None = None
    """A file of running text, a paragraph a line, instead of the data folder's."""


def read_plan(path: Path) -> dict[str, Any]:
    """The entries of a TOML file for a `Plan`; raises BadInputError for what is no entry of one."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"{path} cannot be read as TOML ({error}); give a run's settings"
        ) from error
    known = {field.name for field in fields(Plan)}
    if unknown := sorted(set(values) - known):
        raise BadInputError(
            f"{path} has {', '.join(unknown)}; give some of {', '.join(sorted(known))}"
        )
    if "methods" in values:
        values["methods"] = tuple(values["methods"])
    return values


def run_plan(
    plan: Plan, bare: Bare, data: DataFolder, progress: Report = silent
) -> Iterator[dict[str, Any]]:
    """Each method's result, as it comes; raises BadInputError for what the plan cannot have."""
    _check(plan)
    if plan.facts == 1:
        suite = build_suite(plan.suite, _material(plan, bare, data, SINGLES))
        for name in plan.methods:
            make = partial(make_method, name, bare.host, progress)
            yield {"method": name} | examine_singles(make, bare, suite, progress)
        return
    suite = build_suite(plan.suite, _material(plan, bare, data, plan.facts))
    for name in plan.methods:
        with closing(make_method(name, bare.host, progress)) as method:
            how = Examination(plan.text_tokens, plan.seed)
            yield {"method": name} | examine(method, bare, suite, how, progress)


def _check(plan: Plan) -> None:
    for name, value in (("facts", plan.facts), ("probes", plan.probes)):
        if value is not None and value < 1:
            raise BadInputError(f"{name} is {value}; give 1 or more")


def _material(plan: Plan, bare: Bare, data: DataFolder, facts: int | None) -> Material:
    text = Path(plan.text) if plan.text else None
    return Material(bare.host, bare, data, facts, plan.probes, plan.seed, text)
