"""Which facts hold on a day: of those that answer one question, what began last."""

from collections import defaultdict
from collections.abc import Mapping

from adapters.text.names import name_key
from oneshot.facts.implied.wording import question_key
from oneshot.facts.language.dates import holds
from oneshot.facts.types import Statement


def timed(told: Statement) -> bool:
    """Whether a fact says when it holds."""
    return told.since is not None or told.until is not None


def over(facts: Mapping[str, Statement], day: str) -> set[str]:
    """The keys of facts that do not hold on a day ("2019-05-03"), or that a later one replaced."""
    subjects = {name_key(s.subject or "") for s in facts.values() if timed(s)}
    groups: dict[tuple[str, str], dict[str, Statement]] = defaultdict(dict)
    for key, told in facts.items():
        if subjects and not told.origins and (name := name_key(told.subject or "")) in subjects:
            groups[name, question_key(told)][key] = told
    silent = set[str]()
    for group in groups.values():
        if any(map(timed, group.values())):
            silent |= group.keys() - _current(group, day)
    return silent


def _current(group: Mapping[str, Statement], day: str) -> set[str]:
    there = {key: s.since or "" for key, s in group.items() if holds(s.since, s.until, day)}
    latest = max(there.values(), default="")
    return {key for key, since in there.items() if since == latest}
