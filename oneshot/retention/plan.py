"""A run: which suite, how many facts and which methods; read from TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from oneshot.errors import BadInputError
from oneshot.facts.manner import PLAIN_TOKENS, Manner
from oneshot.facts.rules import POSTERIOR
from oneshot.hosts.load import Host
from oneshot.progress import Report, silent
from oneshot.retention.measures.examine import TEXT_TOKENS, Examination, examine
from oneshot.retention.measures.singles import examine_singles
from oneshot.retention.methods.registry import BARE, check_method, make_method
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.registry import build_suite
from oneshot.retention.suites.sampling import Bare, Material, Split

SINGLES = 25  # facts that are examined one at a time where one fact is asked for


@dataclass(frozen=True)
class Plan:
    """What is run; the defaults are those of `oneshot bench`."""

    suite: str
    """A suite's name, or a JSON file of requests."""
    methods: tuple[str, ...] = (BARE, POSTERIOR)
    """The methods, in this order."""
    facts: int | None = None
    """How many facts; the suite's own number where it is left out."""
    seed: int = 0
    """Of the draw of facts, wordings and probes, and of the order."""
    probes: int = 300
    """At most so many probes an axis."""
    text_tokens: int = TEXT_TOKENS
    """So much running text."""
    chat: bool = False
    """Whether to ask through the host's chat template."""
    answer_tokens: int = PLAIN_TOKENS
    """At most so many tokens of an answer."""
    split: Split = "test"
    """Of published sets: `tune` is the part on which settings are chosen."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of rivals, by method, where they are not the defaults."""
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
    known = {entry.name for entry in fields(Plan)}
    if unknown := sorted(set(values) - known):
        raise BadInputError(
            f"{path} has {', '.join(unknown)}; give some of {', '.join(sorted(known))}"
        )
    if "methods" in values:
        values["methods"] = tuple(values["methods"])
    return values


def run_plan(
    plan: Plan, host: Host, data: DataFolder, progress: Report = silent, answers: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Each method's result, as it comes.

    `answers` keeps what the bare model said over runs. Raises BadInputError for what the plan
    cannot have, OneshotError for a method that changed nothing.
    """
    _check(plan, host)
    bare = Bare(host, answers, Manner(raw=not plan.chat, max_new_tokens=plan.answer_tokens))
    single = plan.facts == 1
    suite = build_suite(plan.suite, _material(plan, bare, data, SINGLES if single else plan.facts))
    for name in plan.methods:
        given = plan.settings.get(name)
        make = partial(make_method, name, host, progress, bare.manner, given)
        if single:
            result = examine_singles(make, bare, suite, progress)
        else:
            with closing(make()) as method:
                how = Examination(plan.text_tokens, plan.seed)
                result = examine(method, bare, suite, how, progress)
        yield {"method": name} | result


def _check(plan: Plan, host: Host) -> None:
    if plan.chat and not getattr(host.tokenizer, "chat_template", None):
        raise BadInputError(f"the model {host.name} has no chat template; leave out --chat")
    for name in plan.methods:
        check_method(name, plan.settings.get(name))
    for name in ("facts", "probes", "answer_tokens"):
        value = getattr(plan, name)
        if value is not None and value < 1:
            raise BadInputError(f"{name} is {value}; give 1 or more")


def _material(plan: Plan, bare: Bare, data: DataFolder, facts: int | None) -> Material:
    text = Path(plan.text) if plan.text else None
    return Material(bare.host, bare, data, facts, plan.probes, plan.seed, text, plan.split)
