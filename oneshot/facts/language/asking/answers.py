"""What sort of thing an answer is, as far as its form tells: a person, a date, an amount."""

import re
from enum import Enum

from oneshot.facts.language.asking.names import FIRST_NAMES, LANGUAGES
from oneshot.facts.language.asking.question_words import PERSON_NOUNS
from oneshot.facts.language.splitting.lexicon import NUMBER_WORDS
from oneshot.facts.language.splitting.words import words_of


class Sort(Enum):
    """Sorts of answers; NAME is a name of no known kind, OTHER anything in ordinary words."""

    YEAR = "year"
    DATE = "date"
    CLOCK = "clock"
    DAY = "day"  # other times: Mondays, spring, Monday at 10:00
    MONEY = "money"
    DURATION = "duration"
    TEMPERATURE = "temperature"
    MEASURE = "measure"
    COUNT = "count"
    NUMBER = "number"
    PERSON = "person"
    LANGUAGE = "language"
    NAME = "name"
    OTHER = "other"
    UNKNOWN = "unknown"  # no answer was given


TIMES = frozenset({Sort.YEAR, Sort.DATE, Sort.CLOCK, Sort.DAY})

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NUMBER = rf"(?:\d[\d.,]*|{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})"
_AMOUNT = (
    rf"(?:about |around |nearly |over |some )?{_NUMBER}"
    r"(?: and a half| (?:hundred|thousand|million|billion|dozen))*"
)
_CLOCK = (
    r"(?:\d{1,2}(?:[:.]\d{2})? ?(?:am|pm|a\.m\.|p\.m\.)|\d{1,2}:\d{2}(?: h| o'clock)?|"
    r"\d{1,2} o'clock|noon|midnight)"
)
_CURRENCY = (
    r"(?:euros?|dollars?|pounds?|francs?|crowns?|kroner?|yen|rupees?|pesos?|cents?|pence|"
    r"EUR|USD|GBP|CHF|JPY|NOK|SEK)"
)
_SPAN = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)|min|h)"
_UNIT = (
    r"(?:k?m|cm|mm|metres?|meters?|kilomet(?:re|er)s?|miles?|f(?:oo|ee)t|inch(?:es)?|yards?|"
    r"k?g|mg|grams?|kilos?|kilograms?|tons?|tonnes?|pounds|ounces?|lbs?|ml|l|litres?|liters?|"
    r"[kMGT]B|[kMG]Hz|k?W|k?Wh|V|volts?|watts?|percent|per cent|%|m/s|km/h|mph|hectares?|acres?|K)"
)
_PLURALS = "children|people|men|women|mice|feet|teeth|sheep|fish|police|cattle"
_RULES = [
    (Sort.YEAR, r"(?:the )?(?:1\d{3}|20\d{2}|21\d{2}|\d{1,4} (?:BC|AD|BCE|CE)|\d{3,4}0s)"),
    (Sort.DATE, rf"(?:the )?{_DAY}(?: of)? {_MONTH}(?:,? \d{{4}})?"),
    (
        Sort.DATE,
        rf"{_MONTH} {_DAY}(?:,? \d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}}|"
        r"\d{1,2}[./]\d{1,2}[./]\d{2,4}",
    ),
    (Sort.CLOCK, rf"(?:about |around )?{_CLOCK}"),
    (
        Sort.DAY,
        rf"{_MONTH}(?: \d{{4}})?|(?:{_WEEKDAY}|{_CLOCK})\b.*|"
        r"(?:early |late |mid-)?(?:spring|summer|autumn|winter)(?: .*)?",
    ),
    (Sort.DAY, r"(?:every|each|last|next|this) .*"),
    (Sort.DAY, r"weekdays|weekends|today|tomorrow|yesterday|Christmas|Easter|the weekend"),
    (
        Sort.MONEY,
        rf"(?:about )?[$€£¥]\s?\d.*|{_AMOUNT} ?{_CURRENCY}(?: .*)?|{_AMOUNT} ?[$€£¥](?: .*)?",
    ),
    (
        Sort.TEMPERATURE,
        rf"[-\u2212]?{_AMOUNT} ?(?:°|° ?[CFK]|degrees?|degrees? (?:Celsius|Fahrenheit))",
    ),
    (Sort.DURATION, rf"(?:an?|{_AMOUNT}) {_SPAN}(?: (?:in|at|on|over|under|every|each|per) .*)?"),
    (Sort.MEASURE, rf"{_AMOUNT} ?{_UNIT}(?: .*)?"),
    (Sort.NUMBER, rf"[-\u2212]?{_AMOUNT}|\S*\d\S*"),
    (Sort.COUNT, rf"{_AMOUNT} (?:[a-z][a-z-]* )?[a-z][a-z-]*"),
]
_SORTS = [(sort, re.compile(pattern)) for sort, pattern in _RULES]
_TITLE = re.compile(
    r"(?:Dr|Mr|Mrs|Ms|Prof|Sir|Dame|Lord|Lady|King|Queen|Prince|Princess|Captain|Professor|Doctor|"
    r"President|Saint|St|Pope|Emperor|Empress|Father|Sister|Uncle|Aunt|Auntie|Cousin|"
    r"Miss)\.? [A-Z].*"
)
_OURS = re.compile(  # "my brother Stefan", "our neighbour Mrs Petrakis"
    r"(?:my|our|his|her|their) (?:[a-z]+ )?(?P<who>[a-z]+)(?:-in-law)?(?: [A-Z][\w.'\u2019-]*)*"
)


def sort_of(answer: str) -> Sort:
    """The sort of an answer."""
    text = answer.strip()
    if not text:
        return Sort.UNKNOWN
    found = next((sort for sort, pattern in _SORTS if pattern.fullmatch(text)), None)
    if found is not None:
        return found
    if all(name in LANGUAGES for name in text.split(" and ")):
        return Sort.LANGUAGE
    if _is_person(text):
        return Sort.PERSON
    words = words_of(text)
    named = words[0].kind == "N" and sum(word.kind in "Nn9" for word in words) * 2 > len(words)
    return Sort.NAME if named else Sort.OTHER


def counted(answer: str) -> str:
    """ "students" of "24 students"; empty where the answer counts nothing."""
    found = re.fullmatch(rf"{_AMOUNT} ((?:[a-z][a-z-]* )?(?:[a-z][a-z-]*s|{_PLURALS}))", answer)
    return found[1] if found and sort_of(answer) is Sort.COUNT else ""


def numbered(answer: str) -> str:
    """ "port" of "port 7443", "gate" of "gate B12"; empty for others."""
    found = re.fullmatch(r"(?:the )?([a-z]+) (?:[A-Z]?\d+[A-Za-z]?|[A-Z]\d*)", answer)
    return found[1] if found and found[1] not in NUMBER_WORDS else ""


def _is_person(text: str) -> bool:
    words, ours = text.split(), _OURS.fullmatch(text)
    if ours and ours["who"] in PERSON_NOUNS:
        return True
    names = [word for word in words if word[0].isupper()]
    return bool(_TITLE.fullmatch(text)) or (
        words[0].rstrip(",") in FIRST_NAMES
        and len(words) <= 4
        and all(word[0].isupper() or word in ("van", "von", "de", "der", "and") for word in words)
        and not any(word in ("Street", "Road", "Inc.", "Hotel", "Park") for word in names)
    )
