"""What a clause's words aim at, where states cannot tell: which way round, and at what of what."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from adapters.text.clauses import Span
from adapters.text.words import set_of, words_of

_BE = r"(?:is|was|are|were|been|being|got|gets)"
_ADVERB = r"(?:\w+ly |later |then |first |also |once )?"
_GAP = "\x00"  # in a name's place
_IS_OF = re.compile(
    r"^(?P<name>.+?) (?:is|was|are|were|became|remains) (?:(?:also|still|now|once) )?"
    r"(?:the|an?) (?P<noun>[\w' -]+) of(?: the| an?)?$"
)
_IS_IT_OF = re.compile(
    r"^(?:is|was|are|were) (?P<name>.+?) (?:the|an?) (?P<noun>[\w' -]+?) (?:of|to)\b.*\?$", re.I
)
_NOUN_IS = re.compile(r"^(?:the )?(?P<noun>[\w' -]+?) (?:of|to) (?P<name>.+?) (?:is|was) ", re.I)
_EITHER_WAY = set_of(  # of two, each is the other's
    "sibling brother sister twin cousin spouse husband wife partner friend neighbour neighbor "
    "colleague rival opposite town city"
)
_DONE_BY = re.compile(
    rf"\b{_BE} {_ADVERB}(?:{_GAP} )?{_ADVERB}(?P<verb>[\w-]+) by\b", re.IGNORECASE
)
_DOES = re.compile(
    rf"\b(?:do|does|did) {_GAP} {_ADVERB}(?P<did>[\w-]+)|"
    rf"^(?:the )?{_GAP} {_ADVERB}(?P<does>[\w-]+)(?: (?:an?|the))?\W*$",
    re.IGNORECASE,
)
_WHO_DOES = re.compile(
    rf"\b(?:who|what|which \w+|that) {_ADVERB}(?P<verb>[\w-]+) (?:the )?{_GAP}", re.IGNORECASE
)
_LAST = re.compile(r"\b(?P<verb>[\w-]+)$")
_NO_DEED = set_of(  # no verbs, or verbs that say the same both ways round
    "is was are were be been being am has have had do does did can will would may in on at of for "
    "to by from with as about and or marry married marries wed divorced meet met date dated border "
    "borders bordered adjoin adjoins face faces faced fight fought resemble resembles equal equals"
)
_PAIRS = [  # of each, a thing is one
    {"left", "right"},
    {"first", "last"},
    {"front", "back"},
    {"upper", "lower"},
    {"north", "south"},
    {"east", "west"},
    {"oldest", "youngest"},
    {"older", "younger"},
    {"biggest", "smallest"},
    {"highest", "lowest"},
    {"upstairs", "downstairs"},
    {"before", "after"},
    {"morning", "evening"},
    {"day", "night"},
]
_LITTLE = set_of(  # words that ask nothing by themselves
    "do does did is are was were has have had can will would may in on at of for to by from with "
    "as about and the a an my our your his her its their i you we he she it they there ever still "
    "also really already please yes no true that correct"
)
_NAME_OF = re.compile(  # whose answer is what is named: but not "the name of the dog"
    r"^(?:[Tt]he )?[Nn]ames? of (?=the (?:[\w-]+ ){1,3}?(?:of|which|that|who|where|held|[A-Z]))"
)
_WHICH = re.compile(r" (?:which|that|who|whom)(?= [A-Z])")
COPULA = re.compile(r" (?:is|was|are|were)$")  # at the end of a prompt
_NOUN_OF = re.compile(r"the (?P<noun>[\w' -]+?) of (?P<name>.+)", re.IGNORECASE)
_OWNS = re.compile(r"(?P<name>.+)['\u2019]s? (?P<noun>[\w -]+)", re.IGNORECASE)
_BEFORE = re.compile(  # but "nobody speaks of the capital of Zog"
    r"(?:^\W*|(?:\b(?:the|an?|what|which|whose|my|our|your)|['\u2019]s) (?:[\w-]+ ){0,3}?)"
    r"(?P<noun>[\w-]+) of (?:the )?$",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"['\u2019]s? (?:\w+ ){0,2}?(?P<noun>[\w-]+)", re.IGNORECASE)
_PERSONAL = re.compile(r" (?:born|buried|educated|raised|die|died|live|lives|grow|grew|study)\b")
_OWN_NAME = re.compile(
    r"\b(?:my|our) (?:[\w-]+ ){0,2}?(?P<whose>[\w-]+)['\u2019]s (?:full )?name\b", re.IGNORECASE
)
_OURS_DO = re.compile(r"\b(?:do|does|did) (?:my|our) [\w-]+ ", re.IGNORECASE)
_WHO_IT_IS = re.compile(r"^Your [\w-]+(?: [\w-]+)? (?:is|was)$")
_CALLED = re.compile(r"\b(?:is|was|are|were) (?:called|named)$")
_DOES_MORE = re.compile(r"\b(?:do|does|did)\b(?!.*\b(?:call|name|mean|stand for|go by)\b)", re.I)
_FRAMES = set_of("name names title identity rest kind sort type full one best some all")


def turned_round(clause: str, sentence: str) -> bool:
    """Whether an open clause asks what its name is the noun of, where the fact tells its noun.

    "Tarn is the capital of" is no question for the capital of Tarn.
    """
    if asked := _IS_IT_OF.match(clause.strip()):
        told = _NOUN_IS.match(sentence)
        noun = asked["noun"].lower()
        same = bool(told and told["noun"].lower() == noun and told["name"] == asked["name"])
        return same and noun.split()[-1] not in _EITHER_WAY
    found = _IS_OF.match(clause.strip())
    if not found or re.search(r"\bof\b|['\u2019]s\b", found["name"]):
        return False
    noun = found["noun"].split()[-1]
    own = re.search(
        rf"\b(?:is|was|are|were) (?:the|an?) (?:[\w'-]+ )*{re.escape(noun)} of\b", sentence
    )
    return not own and bool(re.search(rf"\b{re.escape(noun)}\b", sentence))


def done_to_it(clause: str, name: str, prompt: str) -> bool:
    """Whether a clause asks for the other side of the deed that a fact's prompt tells.

    Where Ann replaced somebody, "Who replaced Ann?" is no question for whom.
    """
    text = clause.strip().replace(name, _GAP)
    passive, active = _DONE_BY.search(text), _DOES.search(text)
    patient = passive or (None if active else _WHO_DOES.search(text))
    told = _DONE_BY.search(prompt) or _LAST.search(prompt)
    if not told or not (patient or active):
        return False
    if patient:
        return not _DONE_BY.search(prompt) and _same(patient["verb"], told["verb"])
    assert active
    return bool(_DONE_BY.search(prompt)) and _same(active["did"] or active["does"], told["verb"])


def named_is_another(clause: str, prompt: str) -> bool:
    """Whether a clause asks for the name of somebody of the speaker's, whom a prompt says nothing
    of: "My name is" tells no brother's, and "My dog is a" no dog's.
    """
    found = _OWN_NAME.search(clause)
    if found is None:
        return False
    told = {word.key for word in words_of(prompt)}
    return found["whose"].lower() not in told or prompt.endswith((" a", " an"))


def done_by_ours(clause: str, prompt: str) -> bool:
    """Whether a clause asks what somebody of the speaker's does, where a prompt tells what the
    speaker does ("Where does my wife work?") or who that is, or what it is called.
    """
    if _OURS_DO.search(clause) and (prompt.startswith("You ") or _WHO_IT_IS.match(prompt)):
        return True
    return bool(_CALLED.search(prompt) and _DOES_MORE.search(clause))


def whether_only(prompt: str) -> bool:
    """Whether a prompt tells what has become of its name, which is no answer to where or when."""
    return prompt.endswith(" is by now")


def tells_all(clause: str, prompt: str, answer: str) -> bool | None:
    """Whether a fact tells all that a yes-or-no clause asks, which has not its whole answer.

    "Does the club meet on Tuesdays?" of a club that meets on Tuesdays at some place, "Is the car
    green?" of a green Skoda. None where a part of a name is all that is asked of the answer
    ("York" of "New York"). A prompt that ends in "is" tells nothing without its answer.
    """
    told, said = ([word.key for word in words_of(text)] for text in (prompt, answer))
    asked = [word for word in words_of(clause) if word.key not in _LITTLE]
    parts = {word.key for word in asked if word.key in said}
    if not all(word.key in parts or _is_among(word.key, told) for word in asked):
        return False
    deeds = [word for word in asked if not word.capital and word.key not in parts]
    if not (parts or (deeds and not COPULA.search(prompt))):
        return False
    return None if _cuts_a_name(answer, parts) else True


def one_of_each(clause: str, prompt: str) -> bool:
    """Whether a clause says "right" where a prompt says "left": of each such pair only one is."""
    asked, told = ({word.key for word in words_of(text)} for text in (clause, prompt))
    return any(asked & pair and told & pair and not asked & told & pair for pair in _PAIRS)


def _is_among(key: str, told: Sequence[str]) -> bool:
    return any(key == other or _may_be_forms(key, other) for other in told)


def _cuts_a_name(answer: str, parts: Set[str]) -> bool:
    """Whether words are a part of a name in an answer, and not all of it."""
    runs = re.findall(r"[A-Z][\w'\u2019-]*(?: [A-Z][\w'\u2019-]*)*", answer)
    named = [{word.key for word in words_of(run)} for run in runs]
    return any(0 < len(parts & keys) < len(keys) for keys in named)


@lru_cache(1 << 12)  # each fact on a name is held against what the others tell
def beyond(clause: str, prompt: str) -> Span | None:
    """Where in a clause a phrase stands that asks for the fact's answer, if more is asked of it.

    "The gender of Ann's mother" is no question for whom the mother is.
    """
    topic = COPULA.sub("", prompt.strip())
    if topic == prompt.strip():
        return None
    for phrase in _both_ways(_NAME_OF.sub("", topic)):
        for found in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", clause, re.IGNORECASE):
            nouns = [_BEFORE.search(clause[: found.start()]), _BEHIND.match(clause, found.end())]
            asked = [n for n in nouns if n and n["noun"].lower() not in _FRAMES]
            if asked or _PERSONAL.match(clause, found.end()):
                return found.span()
    return None


def unnamed(prompt: str) -> str:
    """A prompt that asks for a name as it asks for whom or what bears it."""
    rest = _NAME_OF.sub("", prompt)
    return rest if rest == prompt else rest[:1].upper() + rest[1:]


def _both_ways(topic: str) -> list[str]:
    """ "The author of Misery" and "Misery's author"; none for what is neither."""
    if (short := _WHICH.sub("", topic)) != topic:
        return [topic, short]
    if found := _NOUN_OF.fullmatch(topic):
        return [topic, f"{found['name']}'s {found['noun']}"]
    if found := _OWNS.fullmatch(topic):
        return [topic, f"the {found['noun']} of {found['name']}"]
    return []


def _same(one: str, other: str) -> bool:
    """Whether two words may be forms of one verb that can be told either way round."""
    one, other = one.lower(), other.lower()
    return not {one, other} & _NO_DEED and _are_forms(one, other)


def _may_be_forms(one: str, other: str) -> bool:
    """Whether two words may be forms of one, short ones of an irregular verb ("pay", "paid")."""
    return _are_forms(one, other) or (one[:2] == other[:2] and max(len(one), len(other)) < 6)


def _are_forms(one: str, other: str) -> bool:
    """Whether two words differ in their ends alone."""
    common = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    kept = min(len(one), len(other)) if common is None else common
    ends = sorted(len(word) - kept for word in (one, other))
    return kept > 2 and ends[0] < 2 and ends[1] < 4
