"""Words that name different things where a host's states tell them hardly apart: mother and father.

A group a line; words that may mean the same have a sense in common.
"""

import re
from collections.abc import Sequence

from adapters.text.words import words_of

_GROUPS = """
mother mum mom mama | father dad papa daddy | son boy | daughter girl | brother | sister | wife |
husband | uncle: uncle | aunt: aunt | cousin: cousin | nephew: nephew son brother sister |
niece: niece daughter brother sister | grandfather granddad grandad grandpa |
grandmother grandma granny | parent parents: mother father | child children kid kids: son daughter |
sibling siblings: brother sister | spouse: wife husband | grandparents: grandfather grandmother
country countries nation | continent | capital | currency | language languages | anthem
maternal | paternal
born birth birthday birthplace | die died dies death dead buried burial
monday mondays | tuesday tuesdays | wednesday wednesdays | thursday thursdays | friday fridays |
saturday saturdays weekend: saturday sunday | sunday sundays
january | february | april | june | july | august | september | october | november | december
spring | summer | autumn fall | winter
north northern | south southern | east eastern | west western
maximum | minimum
upstairs | downstairs
"""
_TURNED = re.compile(r"\b(?:is|was|are|were) (?:the|an?) [\w' -]+ (?:of|to)(?: an?\b.*)?$")
"""A prompt that tells whose noun its name is: "Ann is the mother of" tells a child."""

_KIND = re.compile(r"\ban? [\w-]+", re.IGNORECASE)  # "Zog is a country in" tells a continent

Senses = dict[str, frozenset[str]]


def _read(groups: str) -> list[Senses]:
    found = []
    for group in groups.strip().replace("|\n", "| ").splitlines():
        senses = Senses()
        for part in group.split("|"):
            words, _, meant = part.partition(":")
            senses |= dict.fromkeys(words.split(), frozenset((meant or words.split()[0]).split()))
        found.append(senses)
    return found


_SENSES = _read(_GROUPS)


def contrasted(clause: str, prompt: str) -> bool:
    """Whether a clause without its name asks for a thing that is surely not what a prompt tells."""
    if _TURNED.search(prompt):
        return False
    asked, told = ([w.key for w in words_of(_KIND.sub(" ", text))] for text in (clause, prompt))
    if "law" in (*asked, *told):
        return False
    return any(_apart(senses, asked, told) for senses in _SENSES)


def _apart(senses: Senses, asked: Sequence[str], told: Sequence[str]) -> bool:
    """One word of a group each: "the mother of Ann's wife" may be told in many ways."""
    one, other = ([word for word in words if word in senses] for words in (asked, told))
    return len(one) == len(other) == 1 and not senses[one[0]] & senses[other[0]]
