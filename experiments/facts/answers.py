"""Invented answers of the sort that a relation asks for: a person to "who", a date to "when"."""

import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache

from oneshot.hosts.relations import Relation, names

_ASKED = re.compile(
    r"\b(?P<year>(?:what|which) year|since when)\b|"
    r"\b(?P<hour>(?:what|which) (?:time|hour))\b(?! zone)|"
    r"\b(?P<day>(?:what|which) (?:week)?day)\b|"
    r"\b(?P<date>when|(?:what|which) (?:date|month))\b|"
    r"\b(?P<money>how much (?:is|was|were|does|did|do|money|must|should|can)|what price)\b|"
    r"\b(?P<span>how long|how often)\b|\b(?P<age>how old|what age)\b|"
    r"\b(?P<count>how (?:many|much|big|large|tall|high|deep|wide|far|heavy|fast|hot|cold))\b|"
    r"\b(?P<person>who(?:m|se)?)\b|"
    r"\b(?P<place>where|(?:what|which) (?:town|city|country|village|place|region))\b",
    re.IGNORECASE,
)
_MONTHS = ("January", "March", "April", "May", "June", "July", "August", "October", "November")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@cache
def _pool(kind: str) -> list[str]:
    """The bank's invented proper names of a kind, all where it is empty."""
    pools = (pool for of, pool in names().items() if of.startswith(kind))
    return sorted({name for pool in pools for name in pool if name[0].isupper()})


_SORTS: dict[str, Callable[[random.Random], str]] = {
    "year": lambda draw: str(draw.randint(1100, 2040)),
    "hour": lambda draw: f"{draw.randint(1, 23)}:{draw.choice(('00', '15', '30', '45'))}",
    "day": lambda draw: draw.choice(_DAYS),
    "date": lambda draw: f"{draw.randint(1, 28)} {draw.choice(_MONTHS)}",
    "money": lambda draw: f"{draw.randint(3, 990)} euros",
    "span": lambda draw: f"{draw.randint(2, 60)} {draw.choice(('days', 'weeks', 'months'))}",
    "age": lambda draw: f"{draw.randint(2, 99)} years",
    "count": lambda draw: str(draw.randint(2, 990)),
    "person": lambda draw: draw.choice(_pool("people:")),
    "place": lambda draw: draw.choice(_pool("places:")),
}


def invented_answer(relation: Relation, draw: random.Random) -> str:
    """An answer of the sort that a quarter of its questions name; else any invented name."""
    if relation.clozes[0].endswith(" year"):
        return _SORTS["year"](draw)
    found = (_ASKED.search(question) for question in relation.questions)
    sorts = Counter(match.lastgroup for match in found if match and match.lastgroup)
    sort, times = sorts.most_common(1)[0] if sorts else ("", 0)
    if 4 * times < len(relation.questions):
        return draw.choice(_pool(""))
    return _SORTS["count" if "length" in relation.clozes[0] else sort](draw)
