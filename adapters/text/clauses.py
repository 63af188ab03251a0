"""Clauses of a text, and what kind of asking each is: plain, yes or no, denied, or none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

Span = tuple[int, int]

_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Rev|Gen|Col|Capt|Lt|Sen|Gov|No|vs|etc|e\.g|i\.e|Inc|"
    r"Ltd|Co|Corp|Bros|Mt|Ft|Ph\.D|[A-Z]|(?:[A-Z]\.)+[A-Z])$"
)
_BOUNDARY = re.compile(
    r"[.?!\u2026]+[\"')\]\u201d\u2019]*(?=\s|$)|:(?=\s|$)|[\n;]|[\u3002\uff1f\uff01]"
)
_BROKEN_OFF = re.compile(  # a line that goes on in the next one
    r"\b(?:of|the|an?|in|at|on|for|to|from|by|with|and|or|is|was|are|were|does|did)\s*$", re.I
)
_LOWER = re.compile(r"\s[a-z]")
_WH = r"(?:what|who|whom|whose|which|where|when|why|how)"
_AUXILIARY = (
    r"(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|should|may|might|am)"
)
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|well|now|please|sorry|excuse me|thanks|thank you|and|also|but|"
    r"then|yes|no|oh|um|quick question|question|q|by the way|btw|just|actually|good morning|"
    r"good evening|dear assistant|assistant)\b[\s,!.\-\u2013\u2014]*)+",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"^(?:(?:can|could|would|will) you (?:please |kindly |maybe |perhaps )*)?(?:please |kindly )*"
    r"(?:tell|give|name|say|state|remind|show|let me know|find|look up|identify|specify|provide|"
    r"list|mention|recall|complete|finish|fill in|answer|check|ask)\b"
    r"|^(?:do|did|would|does) (?:you|anyone|anybody|someone)(?: (?:at|in|from|of) [^,]*?)? "
    r"(?:happen to )?(?:know|remember|recall|have)\b"
    r"|^is there (?:anyone|anybody|someone|somebody)\b[^,]* who (?:knows|remembers|can tell)\b"
    r"|^(?:any (?:idea|chance|clue)|i (?:(?:need|want|would like|wish)(?! (?:it|that|this)\b)|"
    r"forgot|forget|wonder|am wondering|was wondering|can't remember|cannot remember|"
    r"don't remember|do not remember|don't know|"
    r"do not know|have forgotten|must know|have to know)\b|i'd (?:like|love)\b|i'm (?:wondering|"
    r"curious|looking for|trying to (?:find|remember|recall))\b|curious\b|wondering\b|"
    r"we (?:need|want|forgot) to know\b|help me (?:find|remember|recall)\b|let me know\b)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    rf"^(?:{_AUXILIARY}|isn't|aren't|wasn't|weren't|doesn't|don't|didn't|hasn't)\b", re.I
)
_TRUE = re.compile(r"^(?:is it (?:true|right|correct|so|a fact)|am i right)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|never|no longer|nor|neither)\b|n't\b", re.IGNORECASE)
_TITLED = re.compile(r"(?<=[a-z,] )(?:Not|Never|Nor|Neither)\b|^Never(?= [A-Z])")  # of a name
_CONTRAST = re.compile(  # "A, not B": of whom it is asked, and no denial
    r"(?:^|,|\b(?:and|but))\s*not (?=(?:the|that|those|in|of|at|for|to|from|by|with|on)\b|[A-Z])"
)
_NEITHER = re.compile(r"^neither\b.*?\bnor\b", re.IGNORECASE)  # denies of its names alone
_GOES_ON = re.compile(  # a second verb of the same subject
    r",?\s*\b(?:and|but|yet)\s+(?:(?:then|also|later|now|still|never|always|thus|so) )?"
    rf"(?={_AUXILIARY}\b|(?:its|his|her|their|he|she|it|they)\b)",
    re.IGNORECASE,
)
_PREDICATE = re.compile(  # from a subject to a name that its verb takes along
    r"^\s+(?!(?:and|or|of|in|at|for|to|from|by|with|on)\b)\w+\b"
    r"(?!.*(?:[,;:]|\b(?:that|who|whom|whose|which|where|when|while|because|if|said|says)\b))"
)
_OF_NEXT = re.compile(  # "the capital of", "the code for", whatever stands before it
    r"\b(?:the|an?|its|his|her|their)\s+(?:(?!(?:the|an?)\b)[\w'-]+\s+){1,4}(?:of|at|for)\s+(?:the\s+)?$",
    re.I,
)
_IT = r"(?:it|that|this|he|she|they|one)"
_BARE_REQUEST = re.compile(  # asks for what was told before it
    r"^(?:(?:(?:can|could|would|will) you (?:please |kindly )?)?"
    r"(?:tell|remind|help)(?: me| us)?(?: out)?|"
    r"(?:do|did|would) (?:you|anyone|anybody) (?:happen to )?(?:know|remember|recall)"
    r"(?: it| that)?|any (?:idea|clue)s?)"
    rf"(?: (?:what|who|where|when|which) {_IT} (?:is|was|are|were))?"
    r"(?:,? (?:again|please))*\s*[?.!]*$",
    re.IGNORECASE,
)
_FORGOT = re.compile(
    r"\b(?:can't|cannot|can not|don't|do not|didn't|did not|couldn't) (?:quite |really )?"
    r"(?:remember|recall|know|find|think of)\b",
    re.IGNORECASE,
)
_BRIEF = re.compile(
    r"^(?:answer|reply|respond|in (?:one|a|two|three|few|short|brief|plain)|one word|just|"
    r"only|keep|be (?:brief|short|concise)|give (?:only|just|one|a short)|use|no |thanks|"
    r"short|briefly|as (?:briefly|shortly|one|a (?:single|short))|with |$)",
    re.IGNORECASE,
)
_CHOICES = re.compile(rf"^(?!{_WH}\b|{_AUXILIARY}\b)[^?]*\bor\b[^?]*\?$", re.IGNORECASE)
_OPTIONS = re.compile(r"\(?\b[A-H1-8][).:]\s[^\n?]{1,80}?(?=\s*\(?\b[B-H2-8][).:]\s|\n|$)")
PRONOUN = re.compile(
    r"\b(?:its|it|he|him|his|she|her|hers|they|them|their|theirs|there|this (?:place|person|city|"
    r"country|company|man|woman|book|film)|that (?:place|person|city|country|company|man|woman|"
    r"book|film))\b",
    re.IGNORECASE,
)
BACK = re.compile(  # as well words of a kind, where only one name comes into question
    rf"{PRONOUN.pattern}|\bthe (?:company|firm|city|town|village|country|place|person|man|woman|"
    r"boy|girl|book|novel|film|movie|song|album|band|team|club|school|hotel|restaurant|museum|shop|"
    r"product|project|server|dog|cat)\b(?! (?:of|that|which|where|who|whose|in|for|with|from|named|"
    r"called)\b)",
    re.IGNORECASE,
)


class Asking(Enum):
    """What a clause asks for."""

    NOTHING = "nothing"
    VALUE = "value"
    YES_NO = "yes or no"
    DENIED = "what is not so"


@dataclass(frozen=True)
class Clause:
    """A stretch of text [start, end) between two boundaries; `ended` if a boundary closes it."""

    start: int
    end: int
    ended: bool


def clauses_of(text: str, marks: Iterable[Span] = (), names: Iterable[Span] = ()) -> list[Clause]:
    """The clauses of a text; `marks` are stretches that are no text (tokens of a template), and in
    `names` no clause ends ("Who wrote Sub: Zero?").
    """
    whole = list(names)
    cuts = [
        (m.start(), m.end())
        for m in _BOUNDARY.finditer(text)
        if _ends(text, m) and not any(_belongs(text, m, name) for name in whole)
    ]
    cuts = sorted([*cuts, *marks])
    found: list[Clause] = []
    start = 0
    for begin, end in cuts:
        mark = text[begin:end] in ("\n",) or (begin, end) in marks
        _add(found, text, start, begin if mark else end, ended=True)
        start = end
    _add(found, text, start, len(text), ended=False)
    return found


def _belongs(text: str, found: re.Match[str], name: Span) -> bool:
    """Whether a boundary mark is a name's own: "Who wrote Sub: Zero?", "where Help! was made"."""
    begin, end = name
    own = found[0] == "!" and found.start() == end and bool(_LOWER.match(text, found.end()))
    return own or (begin < found.start() and found.end() < end)


def _ends(text: str, found: re.Match[str]) -> bool:
    """Whether a boundary mark ends a clause: "Dr. Lee" and "U.S. law" go on, and so does a line
    that breaks off behind "of".
    """
    if found[0] == "\n":
        return not _BROKEN_OFF.search(text[max(0, found.start() - 12) : found.start()])
    return not (
        found[0] == "."
        and _ABBREVIATION.search(text[max(0, found.start() - 12) : found.start()])
        and text[found.end() :].strip()
    )


def _add(found: list[Clause], text: str, start: int, end: int, *, ended: bool) -> None:
    while start < end and text[start].isspace():
        start += 1
    if start < end and any(map(str.isalnum, text[start:end])):
        found.append(Clause(start, end, ended))


def asking(clause: str, *, last_of_turn: bool = False) -> Asking:
    """What a clause asks for; an unfinished one at a turn's end asks to be completed."""
    clause = _straight(clause)
    text = _POLITE.sub("", clause.strip(" \"'\u201c\u2018(*-\u2013>#"))
    question = clause.rstrip(" \"')\u201d\u2019*").endswith(("?", "\uff1f"))
    known = _affirmed(text)
    if _asks_yes_no(text, question):
        return Asking.YES_NO
    if re.match(rf"^(?:.*\b)?{_WH}\b", text, re.IGNORECASE) and question:
        return Asking.DENIED if _NEGATION.search(known) else Asking.VALUE
    behind = text.rpartition(", ")[2]  # "As a citizen, tell me ..."
    requested = _REQUEST.match(text) or _REQUEST.match(_POLITE.sub("", behind))
    asked = question or requested or re.match(rf"^{_WH}\b", text, re.IGNORECASE)
    if not asked and not (last_of_turn and not clause.rstrip().endswith((".", "!"))):
        return Asking.NOTHING
    return Asking.DENIED if _NEGATION.search(known) else Asking.VALUE


def _asks_yes_no(text: str, question: bool) -> bool:
    if not question or _REQUEST.match(text):
        return False
    if _TRUE.match(text):
        return True
    starts = _YES_NO.match(text)
    tagged = re.search(
        r",\s*(?:right|correct|isn't it|is it not|true|yes|no)\?$", text, re.IGNORECASE
    )
    return bool(tagged) or bool(starts and not re.match(rf"^\w+ (?:you|i) .*\b{_WH}\b", text, re.I))


def is_bare_request(clause: str) -> bool:
    """Whether a clause only asks for what the one before it tells of ("Could you tell me?")."""
    return bool(_BARE_REQUEST.match(_POLITE.sub("", _straight(clause).strip())))


def denies(clause: str) -> bool:
    """Whether a clause says that something is not so."""
    return bool(_NEGATION.search(_affirmed(_straight(clause))))


def _affirmed(text: str) -> str:
    """The text without negations that deny nothing."""
    text = _TITLED.sub(" ", text.strip())
    return _CONTRAST.sub(" ", _FORGOT.sub(" ", _NEITHER.sub(" ", text)))


def second_verb(text: str, subject: Span, taken: Span, end: int) -> Span | None:
    """The words that lead on to a second verb of a subject, behind a name that its first one takes.

    "A is older than B and was born in": the birth is A's, though B stands beside it.
    """
    found = _GOES_ON.match(text, taken[1], end)
    if found and _PREDICATE.match(text[subject[1] : taken[0]]):
        return found.span()
    return None


def before_next(text: str, start: int, end: int) -> int:
    """Where words behind a name end that are not said of the next one, which begins at `end`."""
    found = _OF_NEXT.search(text, start, end)
    return found.start() if found else end


def _straight(text: str) -> str:
    """The text with the apostrophes of typewriters."""
    return text.replace("\u2019", "'")


def offers_choices(clause: str) -> bool:
    """Whether a clause only names what may answer the question before it: "Red or blue?"."""
    return bool(_CHOICES.match(clause.strip()))


def asks_for_answer(rest: str) -> bool:
    """Whether text behind a question only asks how to answer it, lists what to choose from, or
    opens the answer.
    """
    rest = _OPTIONS.sub("", rest)
    return all(
        c.endswith(":") or bool(_BRIEF.match(c) or _BRIEF.match(_POLITE.sub("", c)))
        for c in (rest[k.start : k.end].strip() for k in clauses_of(rest))
    )
