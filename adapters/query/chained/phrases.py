"""Which runs of words around a name may stand for another name, and which leave nothing to ask."""

from collections.abc import Iterator, Sequence

from adapters.query.listening.asked import Asked
from adapters.text.clauses import Span
from adapters.text.names import DETERMINERS, OPENERS, Mention
from adapters.text.words import Word, set_of, words_of

BEFORE, BEHIND = 8, 4  # words on either side of a name that a phrase may have
BARE = set_of("who whom what which is are was were be a an the of what's who's")  # ask nothing more
ASKS = set_of(  # nor do these, however politely
    "name names called title know tell give remember remind say can could would may please again "
    "exactly currently now full me us one thing city town country place person man woman company "
    "kind serves serve located situated found lies held there i'm i'd i've forgot forget recall "
    "wonder wondering want need like ask question answer idea help let look find word briefly just "
    "only really actually hi hello thanks well curious anyone somebody happen don't can't cannot"
)
PLAIN = BARE | OPENERS | ASKS
RELATIVE = set_of("who whom whose which that where")
DIRECT = set_of("of in at on for to from with by")  # before a name that nothing else is said of


def phrases(asked: Asked, name: Mention) -> Iterator[Span]:
    """The runs of words around a name, and no other, that say something of it and leave something
    to be asked.
    """
    for first, last in _runs(asked, name):
        if says_more(rest_of(asked, first, last), BARE):
            yield _span(asked, first, last)


def noun_phrases(asked: Asked, name: Mention) -> Iterator[Span]:
    """Those that are whole by grammar ("the author of X", "X's doctor", "the town X lives in")
    where what is left asks for more than a name.
    """
    words = asked.view.words
    for first, last in _runs(asked, name):
        owns = words[name.last].possessive
        begins = words[first].key in DETERMINERS or (first == name.first and owns)
        before = words[first : name.first]
        told = owns or any(w.key in RELATIVE for w in before)
        told = told or bool(before and before[-1].key not in DIRECT | DETERMINERS)
        if begins and (told or last == name.last) and says_more(rest_of(asked, first, last), PLAIN):
            yield _span(asked, first, last)


def nested(text: str) -> bool:
    """Whether a text may have one phrase inside another, by its words alone."""
    words = words_of(text)
    marks = [w for w in words[1:] if w.key in RELATIVE | DIRECT or w.possessive]
    more = [w for w in words if not (w.capital or w.key in PLAIN)]
    return bool(marks) and len(more) > 1


def _runs(asked: Asked, name: Mention) -> Iterator[tuple[int, int]]:
    """The words [first, last] around a name, and no other, that say something of it."""
    words, inside = asked.view.words, _inside(asked)
    others = [n for n, _ in asked.named if n.key != name.key]
    for first in range(max(inside[0], name.first - BEFORE), name.first + 1):
        for last in range(name.last, min(inside[-1], name.last + BEHIND) + 1):
            around = [*words[first : name.first], *words[name.last + 1 : last + 1]]
            free = not any(n.first <= last and n.last >= first for n in others)
            if free and says_more(around, OPENERS):
                yield first, last


def _inside(asked: Asked) -> list[int]:
    begin, end = asked.within
    words = asked.view.words
    return [i for i, word in enumerate(words) if begin <= word.start and word.end <= end]


def rest_of(asked: Asked, first: int, last: int) -> list[Word]:
    """The words of a clause without the words [first, last]."""
    return [asked.view.words[i] for i in _inside(asked) if not first <= i <= last]


def _span(asked: Asked, first: int, last: int) -> Span:
    return asked.view.words[first].start, asked.view.words[last].end


def says_more(words: Sequence[Word], than: frozenset[str]) -> bool:
    """Whether any word is none of these."""
    return any(word.key not in than for word in words)
