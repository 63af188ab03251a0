"""What a set of taught facts implies about one name: a function of the set, in whatever order."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from adapters.text.names import LONGEST, SPEAKER, name_key
from adapters.text.words import set_of, words_of
from oneshot.facts.implied.inside import inside
from oneshot.facts.implied.lists import counting, listed, ordered, values
from oneshot.facts.implied.passives import passives
from oneshot.facts.implied.rules import Rule
from oneshot.facts.implied.times import timed
from oneshot.facts.implied.wording import kind_of, meant_by, named, question_key, side_of, worded
from oneshot.facts.types import Statement
from oneshot.hosts.sides import Side, sides

LIST, COUNT = "list", "count"  # what several answers to one question imply
CALLED = "called"  # what is said on the way: "my sister Petra"
MOST_ASKS = 7  # wordings beside the prompt
_NO_NAME = set_of("a an my your his her its our their no not none nobody unknown some")

Facts = Mapping[str, Statement]


def implied(name: str, about: Facts, saying: Facts, rules: Sequence[Rule]) -> list[Statement]:
    """What follows about a name (its key) from the facts about it and those that answer with it.

    Facts that hold for a time only imply nothing, and nothing is implied that a fact about the
    name tells itself. What follows answers to all names that those facts answer to.
    """
    own = {key: told for key, told in about.items() if not timed(told)}
    others = {key: told for key, told in saying.items() if not timed(told)}
    asked = {side.name for told in about.values() if (side := meant_by(told))}
    found = [
        *_lists(own),
        *_states(own),
        *inside(own),
        *_inverses(name, others, asked),
        *passives(name, others),
        *_called(name, others),
        *_ruled(name, own, others, rules),
    ]
    if not found:
        return []
    taken = {worded(f, t.subject or "") for t in about.values() for f in (t.prompt, *t.asks)}
    left = [s for s in found if s.rule == LIST or worded(s.prompt, s.subject or "") not in taken]
    aliases = tuple(ordered(alias for told in about.values() for alias in told.aliases))
    return [replace(s, aliases=aliases) for s in left]


def names_of(told: Statement) -> set[str]:
    """The keys of the names that something may be implied about by a fact."""
    texts = (told.subject or "", kind_of(told), *values(told))
    return {name_key(text) for text in texts} - {"", SPEAKER}


def _lists(own: Facts) -> Iterator[Statement]:
    """Several answers to one question: told together, and counted."""
    groups: dict[str, dict[str, Statement]] = defaultdict(dict)
    for key, told in own.items():
        groups[question_key(told)][key] = told
    for group in groups.values():
        if sum(not told.also for told in group.values()) > 1:
            continue  # "is" and "was", say: each answers its own prompt
        side = side_of(next(iter(group.values())))
        found = [value for told in group.values() for value in values(told)]
        if len(group) > 1:
            yield _listing(group, side, found)
        if side and side.several and len(ordered(found)) > 1:
            yield _count(_name(t.subject for t in group.values()), side, found, sorted(group))


def _listing(group: Facts, side: Side | None, found: Sequence[str]) -> Statement:
    prompts = ordered(told.prompt for told in group.values())
    name = _name(told.subject for told in group.values())
    plural = (side.plural.format(name) if side and side.several else "") or prompts[0]
    asks = [ask.format(name) for ask in side.asks] if side else []
    given = ordered(ask for told in group.values() for ask in told.asks)
    further = [text for text in dict.fromkeys([*prompts, *given, *asks]) if text != plural]
    return Statement(
        _capital(plural),
        listed(found),
        name,
        asks=tuple(further[:MOST_ASKS]),
        origins=tuple(sorted(group)),
        rule=LIST,
    )


def _count(name: str, side: Side, found: Sequence[str], origins: Sequence[str]) -> Statement:
    prompt, asks = counting(name, side.several, (ask.format(name) for ask in side.asks))
    number = str(len(ordered(found)))
    return Statement(prompt, number, name, asks=asks, origins=tuple(origins), rule=COUNT)


def _states(own: Facts) -> Iterator[Statement]:
    """What a name is, by facts that tell so: whoever died somewhere is dead."""
    groups: dict[str, dict[str, Statement]] = defaultdict(dict)
    for key, told in own.items():
        side = meant_by(told)
        if side and side.state:
            groups[side.name][key] = told
    for group_name, group in groups.items():
        side, spelled = sides()[group_name], _name(told.subject for told in group.values())
        yield Statement(
            _capital(side.says.format(spelled)),
            side.state,
            spelled,
            asks=tuple(_capital(ask.format(spelled)) for ask in side.asks),
            origins=tuple(sorted(group)),
            rule=group_name,
        )


def _inverses(name: str, others: Facts, asked: set[str]) -> Iterator[Statement]:
    """What the other sides of relations tell of the name, and what its answers are to each other,
    but for what a fact tells itself.
    """
    groups: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for key, told in others.items():
        side, answers = meant_by(told), values(told)
        if side is None or name not in map(name_key, answers):
            continue
        if side.inverse:
            groups[side.inverse][key] = [named(told)]
        if side.among and (rest := [v for v in answers if name_key(v) != name]):
            groups[side.among][key] = rest
    for told_side in groups.keys() - asked:
        group = groups[told_side]
        said = (v for key in group for v in values(others[key]))
        spelled = _name(v for v in said if name_key(v) == name)
        if _may_be_name(spelled):
            with_the = all(others[key].prompt.endswith(" the") for key in group)
            yield from _told_of(spelled, sides()[told_side], group, "the " if with_the else "")


def _told_of(
    name: str, side: Side, group: Mapping[str, Sequence[str]], article: str = ""
) -> Iterator[Statement]:
    """A side as it is told of a name, and the count of its answers, by the facts they come from;
    the article is the one that the facts give the name.
    """
    found = ordered(value for told in group.values() for value in told)
    origins = tuple(sorted(group))
    prompt = side.says if len(found) == 1 else side.plural
    yield Statement(
        _capital(prompt.format(article + name)),
        listed(found),
        name,
        asks=tuple(_capital(ask.format(article + name)) for ask in side.asks),
        origins=origins,
        rule=side.name,
    )
    if side.several and len(found) > 1:
        yield _count(name, side, found, origins)


def _called(name: str, others: Facts) -> Iterator[Statement]:
    """What "my sister" is called, where something was told of "my sister Petra"."""
    told = {key: s for key, s in others.items() if name_key(kind_of(s)) == name}
    if not told:
        return
    spelled = _capital(_name(kind_of(s) for s in told.values()))
    yield Statement(
        f"{spelled} is called",
        listed(s.subject or "" for s in told.values()),
        spelled,
        asks=(f"Who is {spelled[0].lower()}{spelled[1:]}?",),
        origins=tuple(sorted({s.subject: key for key, s in sorted(told.items())}.values())),
        rule=CALLED,
    )


def _ruled(name: str, own: Facts, others: Facts, rules: Sequence[Rule]) -> Iterator[Statement]:
    """What the user's rules let follow; several answers to one question are told together."""
    groups: dict[tuple[str, str], dict[str, Statement]] = defaultdict(dict)
    for rule in rules:
        for key, told in (others if rule.of_answer else own).items():
            if name_key(told.subject or "") == SPEAKER or not rule.fits(told):
                continue
            for value in values(told):
                made = rule.applied(told.subject or "", value)
                if name_key(made.subject or "") == name and _may_be_name(made.subject or ""):
                    groups[rule.text, made.prompt][f"{key} {value}"] = made
    for (rule_text, prompt), group in sorted(groups.items()):
        yield Statement(
            prompt,
            listed(made.answer for made in group.values()),
            next(iter(group.values())).subject,
            origins=tuple(sorted({key.split()[0] for key in group})),
            rule=rule_text,
        )


def _name(spellings: object) -> str:
    """One spelling of a name, the same in whatever order they came."""
    return min(ordered(s for s in spellings if s))  # type: ignore[attr-defined]


def _may_be_name(text: str) -> bool:
    """Whether an answer can be whom or what a fact is about: neither a phrase nor a number."""
    words = words_of(text)
    if not words or len(words) > LONGEST or words[0].key in _NO_NAME:
        return False
    return any(word.capital for word in words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
