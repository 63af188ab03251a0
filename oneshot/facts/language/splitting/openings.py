"""What stands around the fact in a typed sentence, and sentences that tell no single fact."""

import re
from collections.abc import Sequence

from oneshot.errors import BadInputError
from oneshot.facts.language.splitting import lexicon as lex
from oneshot.facts.language.splitting.doubles import find_double, said_apart
from oneshot.facts.language.splitting.verbs import is_form
from oneshot.facts.language.splitting.words import Word, words_of
from oneshot.facts.language.text import brief, capitalised

_ALSO = re.compile(r"^Also,? |(?<=\w) also(?= \w)|,? (?:too|as well)$")

HOW = "use teach PROMPT ANSWER --subject S"

_KNOWING = (
    r"(?:remember|note|know|keep in mind|bear in mind|be aware|be advised|don['\u2019]t forget|"
    r"do not forget|never forget|memori[sz]e|learn|take note|recall|mind you|rest assured)"
)
_TELLING = (
    rf"(?:please,? )?(?:always )?{_KNOWING}|"
    r"(?:i|we)(?: want| would like|['\u2019]d like) you to (?:know|remember)|"
    r"you (?:should|must|need to|might want to|may want to) (?:know|remember|note)|"
    r"let me tell you|let it be known|i can tell you|as you (?:may )?know|"
    r"it(?: i|['\u2019])s (?:a fact|true|well[- ]known|known|important to (?:know|note|remember)|"
    r"worth (?:noting|knowing))|the fact is|the truth is|(?:everyone|everybody) knows"
)
_REMARKS = (
    r"fyi|f\.y\.i\.|btw|by the way|nb|n\.b\.|ps|p\.s\.|psa|til|just so you know|for the record|"
    r"for your information|for reference|for future reference|as you know|as a reminder|"
    r"(?:just )?a (?:quick )?reminder|reminder|(?:fun|quick|useful) fact|fact|info|heads[- ]up|"
    r"update|correction|in fact|actually|indeed|well|ok|okay|so|hey|hi|hello|oh|also|to be clear|"
    r"no|sorry|wait|i mean|(?:no, )?that(?: i|['\u2019])s (?:wrong|not (?:right|true)|incorrect)|"
    r"important|attention|remember|note|please note|please remember|note to self|basically"
)
_THAT = re.compile(
    rf"(?:(?:{_REMARKS})[,:]? )?(?:{_TELLING})(?: that |(?: this)?: )(?=\S)", re.IGNORECASE
)
_CORRECTION = re.compile(
    r"(?:no|sorry|wait|actually|correction|update|i mean|that(?: i|['\u2019])s \w+(?: \w+)?)[,:] ?",
    re.IGNORECASE,
)
_TIL = re.compile(r"(?:til|psa|reminder|note|a reminder) that (?=\S)", re.IGNORECASE)
_REMARK = re.compile(rf"(?:{_REMARKS})(?:: | ?[-\u2013\u2014] |, )(?=\S)", re.IGNORECASE)
_DID_YOU_KNOW = re.compile(r"did(?: you|n['\u2019]t you) know(?: that|,)? (?=\S)", re.IGNORECASE)
_CAN_YOU = re.compile(
    r"(?:can|could|will|would) you (?:please )?(?:remember|note)(?: that |(?: this)?: )(?=\S)",
    re.IGNORECASE,
)
_OWNED = re.compile(  # but "Remember the Titans is a film"
    r"(?:[Pp]lease )?[Rr]emember (?=(?:my|our) |(?:[A-Z][\w-]* ){0,2}[A-Z][\w-]*['\u2019]s )"
)
_TRAILING = re.compile(
    r",? (?:now|currently|nowadays|these days|at the moment|by the way|btw|fyi|as well|too|"
    r"you know|please|for your information)(?=[.!]?$)",
    re.IGNORECASE,
)
_SHORT = (
    (re.compile(r"^I['\u2019]m ", re.IGNORECASE), "I am "),
    (re.compile(r"^(I|we)['\u2019]ve ", re.IGNORECASE), r"\1 have "),
    (re.compile(r"^(I|we)['\u2019]ll ", re.IGNORECASE), r"\1 will "),
    (re.compile(r"^we['\u2019]re ", re.IGNORECASE), "We are "),
    (
        re.compile(
            r"^((?:my |our |the )?\w+(?: [A-Z]\w+)?)['\u2019]s (?=(?:an?|the|not|called|named|"
            r"married|allergic|afraid|born|based|located) )",
            re.IGNORECASE,
        ),
        r"\1 is ",
    ),
)
_ORDERS = lex.word_set(
    "open close turn tell give show let call make find write list explain buy send go come stop "
    "wait help say put take get bring set check read look try ask add remove delete print use "
    "keep leave move start run play"
)
_ADVERBIAL = lex.word_set(
    "last next first originally previously formerly recently newly currently usually initially "
    "finally partly mainly mostly always never often once twice since lately officially"
)
_OBJECTS = lex.DETERMINERS | lex.PARTICLES | {"me", "us", "it", "him", "them", "on", "off", "to"}


def without_opening(text: str) -> str:
    """The sentence without "Remember that", "FYI,", "Did you know that ...?" and a last "now".

    Contractions are written out: "I'm" is "I am", "Bob's a carpenter" is "Bob is a carpenter".
    """
    while True:
        asked = _DID_YOU_KNOW.match(text) or _CAN_YOU.match(text)
        found = asked or _kept(text) or _REMARK.match(text)
        if found is None:
            break
        text = capitalised(text[found.end() :])
        text = text.removesuffix("?") if asked else text
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    shorter = _TRAILING.sub("", text)
    return shorter if len(shorter.split()) > 3 else text


def without_also(text: str) -> tuple[str, bool]:
    """The sentence without an "also" in it, or a "too" at its end; and whether there was one."""
    shorter = _ALSO.sub("", text, count=1)
    return (capitalised(shorter), True) if shorter != text else (text, False)


def wants_keeping(text: str) -> bool:
    """Whether a sentence opens as what is to be remembered: "Remember that", "Please note that"."""
    return bool(_kept(text) or _CAN_YOU.match(text))


def _kept(text: str) -> re.Match[str] | None:
    return _THAT.match(text) or _TIL.match(text) or _OWNED.match(text)


def corrects(text: str) -> bool:
    """Whether a sentence opens as what puts something right: "No, ...", "Actually, ..."."""
    return bool(_CORRECTION.match(text)) and not text.endswith("?")


def refuse_untold(text: str) -> None:
    """Raise BadInputError for questions, commands, and two facts in one sentence."""
    words = words_of(text)
    if text.endswith("?") and not any(w.text == "?" for w in words[:-1]):
        raise BadInputError(
            f"{brief(text)} is a question, which tells nothing: give its answer too, or {HOW}"
        )
    if _is_order(words):
        raise BadInputError(f"{brief(text)} is a command, not a fact: say what is so, or {HOW}")
    if find_double(words) is not None:
        apart = " and ".join(map(brief, said_apart(text) or ()))
        raise BadInputError(
            f"{brief(text)} tells more than one fact: say it as two sentences"
            f"{apart and f', {apart}'}, or {HOW}"
        )


def lacks_subject(words: Sequence[Word]) -> bool:
    """Whether a participle follows an opening adverb: "Last reviewed by", "Originally built in"."""
    if len(words) < 3 or words[0].low not in _ADVERBIAL or words[1].kind != "w":
        return False
    done = is_form(words[1].low, "done") or words[1].low.endswith("ed")
    return done and (words[2].low in lex.PREPOSITIONS or words[2].kind in "N9")


def _is_order(words: Sequence[Word]) -> bool:
    low = [word.low for i, word in enumerate(words) if word.kind == "w" or not i]
    low = low[1:] if low[:1] == ["please"] else low
    if low[:1] in (["don't"], ["never"]) or low[:2] == ["do", "not"]:
        return len(low) > 1 and is_form(low[1 + (low[0] == "do")], "base")
    return len(low) > 1 and low[0] in _ORDERS and low[1] in _OBJECTS


def question_mark(words: Sequence[Word]) -> int | None:
    """Place of a question mark that is followed by its answer."""
    places = [i for i, word in enumerate(words[:-1]) if word.text == "?"]
    return places[-1] if places else None
