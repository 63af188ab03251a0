"""Whether an answer is of the kind that a question asks for, as far as their words tell."""

import re
from collections.abc import Sequence

from adapters.text.aimed import COPULA
from adapters.text.names import TITLES
from adapters.text.words import Word, set_of, words_of

_WH = re.compile(  # "when" that asks, not "when small"
    r"\b(?P<when>(?:(?:know|me|say|remember|wonder|ask|since|until|till|by|from) when|"
    r"when(?= (?:is|are|was|were|did|does|do|will|has|had|have|can|could|should|must|would|may)\b)|"
    r"when(?='s))|(?:what|which) (?:time|year|date|day|month)\b)|\b(?P<who>who(?:m|se)?)\b|"
    r"\b(?P<where>where|(?:what|which) (?:city|town|village|country|kingdom|state|continent))\b|"
    r"\bhow (?P<amount>many|much|old|tall|high|deep|wide|long|far|heavy|fast)\b",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_TIME = re.compile(  # words of times that begin with a capital letter
    rf"\b(?:{_MONTH}|{_WEEKDAY}s?|christmas|easter|whitsun|"
    r"pentecost|ramadan|eid|diwali|hanukkah|advent|lent|halloween|thanksgiving|epiphany|"
    r"michaelmas|passover|midsummer|spring|summer|autumn|winter|day|eve|night|week|year|age|"
    r"century|period|era|war|bc|ad|am|pm|utc|gmt|o'clock)\b",
    re.IGNORECASE,
)
_NUMBER = (
    r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|a dozen)"
)
_BARE_NUMBER = re.compile(  # no place and nobody: an amount, a date, a time of day
    rf"[$\u20ac\u00a3]?\d[\d.,:/\u00a0 -]*(?:%|am|pm|euros?|dollars?|pounds?|years?|days?|hours?|"
    rf"minutes?|weeks?|months?|{_MONTH}(?: \d{{4}})?)?|"
    rf"(?:(?:every|each|on) )?(?:{_WEEKDAY})s?(?: (?:at|from|between|and|morning|evening)\b.*)?",
    re.IGNORECASE,
)
_PLACE = re.compile(  # numbered, and no time or amount for that
    r"(?:the )?(?:platform|track|gate|terminal|pier|dock|bay|stop|room|hall|floor|building|flat|"
    r"apartment|shelf|drawer|locker|desk|aisle|row|seat)s? [a-z]?\d+[a-z]?",
    re.IGNORECASE,
)
_ABOUT_TIME = re.compile(  # a prompt that a time ends, whatever it is called
    r"\b(?:years?|dates?|days?|times?|months?|seasons?|centur(?:y|ies)|holidays?|when)\b|"
    r"\b(?:on|since|until|till|before|after|during|around)$",
    re.IGNORECASE,
)
_DONE_BY = re.compile(
    r"\b(?:is|was|are|were) (?:\w+ly )?(?!due\b)\w+(?:ed|en|wn|ght|lt|de|ld|t) by$"
)
_SMALL = set_of("the of and de la van von der du at for in")  # of a name's words
_OWNER = re.compile(r"^(?:your|the) ", re.IGNORECASE)  # which may be "my" in the question
_WHETHER = re.compile(
    r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would)\b|\bor\b|, \w+\?$",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"\b(?:before|after|besides|but|except|than|apart from|instead of) $", re.I)
_ASKS = re.compile(
    r"^\W*(?:(?:and|so|but|hey|please|in|on|at|for|from|to|since|until|by|with) )*"
    r"(?:who|whom|whose|what|which|where|when|how)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"{_NUMBER} (?P<noun>[a-z][a-z -]*)", re.IGNORECASE)
_HAVE = re.compile(r"\b(?:has|have|had|owns?|keeps?|needs?|requires?|contains?|uses?)$")
_UNIT = re.compile(
    r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|[kmc]?m|[km]?g|[mc]?l|"
    r"lit(?:re|er)s?|cups?|spoons?|grams?|kilos?|metres?|meters?|miles?|euros?|dollars?|pounds?)\b"
)
_COUNTS = re.compile(r"\bhow (?:many|much|long)\b", re.IGNORECASE)
_HOW_MANY = re.compile(
    rf"\bhow (?:many|much) (?P<noun>[\w -]+?) (?:do|does|did|has|have|had|is|are)\b|"
    rf"\b(?:have|got|own|keep) (?:any |{_NUMBER} )?(?P<any>[a-z][a-z -]*)\W*$",
    re.IGNORECASE,
)


def of_another_kind(clause: str, prompt: str, answer: str) -> bool:
    """Whether an answer can be none to a question: an amount to "who" or "where", somebody or
    somewhere to "when", two cats to "how many dogs", Ann to "who was it before Ann".
    """
    if _has_answer(clause, answer) or (_HAVE.search(prompt) and _counts_others(clause, answer)):
        return True
    groups = (found.groupdict() for found in _WH.finditer(clause))
    asked = {kind for group in groups for kind, word in group.items() if word}
    if len(asked) != 1 or not clause.rstrip().endswith("?"):
        return False
    if asked <= {"who", "where"}:
        return bool(_BARE_NUMBER.fullmatch(answer))
    if _PLACE.fullmatch(answer):
        return True
    if asked == {"amount"} and "number of" in prompt and not _COUNTS.search(clause):
        return True
    if re.match(rf"{_NUMBER}$", answer.split()[0], re.IGNORECASE) and asked == {"amount"}:
        return False
    if _TIME.search(answer):
        return False
    names = [word for word in words_of(answer) if word.key not in _SMALL]
    named = asked == {"when"} and _are_names(names) and not _ABOUT_TIME.search(prompt)
    return named or _is_somebody(clause, prompt, answer)


def _is_somebody(clause: str, prompt: str, answer: str) -> bool:
    """Whether an answer names surely somebody or something, and is no time or amount: by its title
    or address, as the one who did it, or since the question has all that it is told to be.
    """
    words = words_of(answer)
    names = [word for word in words if not word.number]
    if not _are_names(names):
        return False
    address = words[0].number and len(names) > 1
    topic = _OWNER.sub("", COPULA.sub("", prompt)).strip().lower()
    whole = COPULA.search(prompt) and len(topic.split()) > 1 and topic in clause.lower()
    return address or words[0].key in TITLES or bool(whole or _DONE_BY.search(prompt))


def _has_answer(clause: str, answer: str) -> bool:
    """Whether a clause itself has an answer, and so asks for another ("the mayor before Ann") or
    for something else ("how do I write it in Rust"); not where it only asks whether it is so.
    """
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", clause, re.IGNORECASE)
    if not found or _WHETHER.search(clause):
        return False
    beside = _BESIDE.search(clause[: found.start()])
    return bool(beside or (_ASKS.match(clause) and len(answer) > 2 and clause.endswith("?")))


def _are_names(words: Sequence[Word]) -> bool:
    """Whether every word has a capital letter, and none is a number."""
    return bool(words) and all(word.capital and not word.number for word in words)


def _counts_others(clause: str, answer: str) -> bool:
    """Whether an answer counts other things than a question asks to be counted."""
    counted, asked = _COUNTED.fullmatch(answer), _HOW_MANY.search(clause)
    if not counted or not asked:
        return False
    told = counted["noun"]
    if _UNIT.match(told) and "many" not in clause:
        return False
    return _stem(asked["noun"] or asked["any"]) not in map(_stem, (told, *told.split()))


def _stem(noun: str) -> str:
    """The last word of a noun, one or many of it."""
    last = noun.split()[-1].lower()
    return re.sub(r"(?:ies|y|es|s)$", "", last)
