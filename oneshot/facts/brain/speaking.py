"""Which facts of a brain are silent on a day: those that are over, and those that a list tells."""

from collections.abc import Mapping
from datetime import UTC, datetime

import torch

from adapters.write.rows import FactRows
from oneshot.facts.implied.deriving import LIST
from oneshot.facts.implied.times import over
from oneshot.facts.types import Statement


def quiet_on(facts: Mapping[str, Statement], day: str) -> set[str]:
    """The keys of facts that are silent on a day ("2019-05-03")."""
    return over(facts, day) | lists(facts).keys()


def speaking(rows: FactRows, facts: Mapping[str, Statement], day: str) -> FactRows:
    """The rows that speak on a day; `facts` are what all of them say, by key."""
    quiet = quiet_on(facts, day)
    if not quiet:
        return rows
    chosen = [i for i, key in enumerate(rows.hex_keys()) if key not in quiet]
    return rows.take(torch.tensor(chosen, dtype=torch.long))


def lists(facts: Mapping[str, Statement]) -> dict[str, str]:
    """The answers of lists, by the keys of the facts that they tell along with others."""
    found = [told for told in facts.values() if told.rule == LIST]
    return {origin: told.answer for told in found for origin in told.origins}


def today() -> str:
    """The day that it is, in UTC."""
    return datetime.now(UTC).date().isoformat()
