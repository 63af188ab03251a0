"""Who somebody is to the speaker, as it is said on the way: "my sister Petra"."""

import re
from functools import lru_cache

from oneshot.facts.language.splitting import lexicon as lex

_SMALL = rf"(?!(?:{'|'.join(lex.PREPOSITIONS)}) )[a-z-]+ "
_OURS = re.compile(rf"\b(?:[Mm]y|[Oo]ur) (?:{_SMALL}){{1,3}}$")


@lru_cache(1 << 16)
def kind_before(prompt: str, subject: str) -> str:
    """ "My sister" of "My sister Petra works for"; empty where nothing of that kind is said."""
    before, found, _ = prompt.partition(subject)
    told = _OURS.search(before) if found and subject[:1].isupper() else None
    return told[0].rstrip() if told else ""
