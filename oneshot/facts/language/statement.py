"""Reading a typed sentence as a prompt, an answer and a subject, and checking statements."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from oneshot.errors import BadInputError
from oneshot.facts.language.words import (
    COPULAS,
    FUNCTION_WORDS,
    POSSESSIVE,
    Word,
    kinds_of,
    without_stop,
    words_of,
)
from oneshot.facts.types import Statement

MAX_PROMPT = 2000
MAX_ANSWER = 300
_MAX_SENTENCE = MAX_PROMPT + MAX_ANSWER + 2
_MAX_ANSWER_WORDS = 8
_MAX_SUBJECT_WORDS = 12

_GROUP = re.compile(r"(?:V(?:D*(?:C[Pp]*|E?[Pp]+))?|E[Pp]+|C[Pp]*|P+|\?)A?(?=.)")
_MAIN_VERB = re.compile(r"(?<![RF])V(?:D*(?:C[Pp]*|E?[Pp]+))?A?(?=.)")
_NAME = re.compile(r"(?:(?<=[TA])9)?N[NFTn9]*")
_FUNCTION_NAME = re.compile(r"[TF]F+")  # "The Who"
_ENCLOSED = re.compile(r"""["“«'\u2018(\[](.+)["”»'\u2019)\]]""")


def parse_sentence(sentence: str, templates: Sequence[str] = ()) -> Statement:
    """Split a sentence into a prompt, the answer that ends it, and the subject.

    The longest of `templates` (one `{}` for the subject, the answer after the end) that fits is
    taken; other sentences are split after their main verb or last preposition. BadInputError
    where no split is found or the statement does not pass `check_statement`.
    """
    text = _sentence(sentence)
    found = _from_template(text, templates) or _from_words(text)
    if found is None:
        raise BadInputError(
            f"no prompt and answer found in {_brief(text)}: use teach PROMPT ANSWER --subject S"
        )
    return check_statement(found)


def find_subject(prompt: str, templates: Sequence[str] = ()) -> str | None:
    """Find whom a prompt or question is about, or None; BadInputError for unusable text."""
    text = _sentence(prompt)
    for match in _matches(text, templates):
        if match["answer"] is None and _is_subject(match["subject"]):
            return _bare(match["subject"])
    return _guess_subject(text)


def check_statement(statement: Statement) -> Statement:
    """Return the statement with clean ends, in NFC and without the answer's sentence stop.

    BadInputError for empty, too long or unprintable text, or a subject that the prompt lacks.
    """
    prompt = check_text(statement.prompt.rstrip(), "prompt", MAX_PROMPT)
    answer = statement.answer.strip()
    answer = without_stop(answer) if len(answer) <= MAX_ANSWER + 1 else answer
    answer = check_text(answer, "answer", MAX_ANSWER)
    subject = (statement.subject or "").strip() or None
    if subject is not None:
        subject = check_text(subject, "subject", MAX_PROMPT)
        if subject not in prompt:
            raise BadInputError(
                f"the subject {_brief(subject)} is not in the prompt (upper and lower case count):"
                " write it as the prompt does"
            )
    source = (statement.source or "").strip() or None
    if source is not None:
        source = check_text(source, "source", MAX_PROMPT)
    return replace(statement, prompt=prompt, answer=answer, subject=subject, source=source)


def check_text(text: str, what: str, limit: int) -> str:
    """Return `text` in NFC; BadInputError, naming `what`, if empty, unprintable or too long."""
    if not text.strip():
        raise BadInputError(f"the {what} is empty: give some text")
    if len(text) <= limit:  # before normalising, whose time can grow with the square of the length
        text = unicodedata.normalize("NFC", text)
    if len(text) > limit:
        raise BadInputError(
            f"the {what} {_brief(text)} has {len(text):,} characters: give at most {limit:,}"
        )
    kinds = {unicodedata.category(character) for character in text}
    if "Cs" in kinds:
        raise BadInputError(f"the {what} {_brief(text)} is not valid UTF-8: mend its encoding")
    if kinds & {"Cc", "Zl", "Zp"}:
        raise BadInputError(
            f"the {what} {_brief(text)} has a control character or line break: take it out"
        )
    return text


def _sentence(text: str) -> str:
    return " ".join(check_text(text.strip(), "sentence", _MAX_SENTENCE).split())


def _brief(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _from_template(text: str, templates: Sequence[str]) -> Statement | None:
    for match in _matches(text, templates):
        answer = match["answer"]
        if answer is None or not _is_subject(match["subject"]):
            continue
        words = words_of(without_stop(answer))
        if _is_answer(words) and not any(word.text in COPULAS for word in words):
            return Statement(match["prompt"], answer, _bare(match["subject"]))
    return None


def _matches(text: str, templates: Sequence[str]) -> Iterable[re.Match[str]]:
    found = (pattern.fullmatch(text) for pattern in _patterns(tuple(templates)))
    return (match for match in found if match is not None)


@lru_cache(maxsize=8)
def _patterns(templates: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(_pattern, sorted(set(templates), key=lambda text: (-len(text), text))))


def _pattern(template: str) -> re.Pattern[str]:
    head, hole, tail = template.partition("{}")
    if not hole or not tail.strip() or "{}" in tail:
        raise BadInputError(f"the template {_brief(template)} needs one {{}} with text after it")
    head, tail = (re.escape(part).replace("'", r"['\u2019]") for part in (head, tail.rstrip()))
    if head[:1].isalpha():
        head = f"(?i:{head[0]}){head[1:]}"
    return re.compile(rf"(?P<prompt>{head}(?P<subject>\S.*?){tail})(?: (?P<answer>\S.*))?")


def _is_subject(text: str) -> bool:
    words = words_of(text)
    if "?" in text or text.endswith((",", ";", ":")) or text in FUNCTION_WORDS:
        return False
    sentence = words[-1].kind == "E" or any(word.text in COPULAS for word in words)
    return len(words) <= _MAX_SUBJECT_WORDS and not sentence


def _is_answer(words: Sequence[Word]) -> bool:
    spoken = [word for word in words if any(map(str.isalnum, word.text))]
    return 1 <= len(spoken) <= _MAX_ANSWER_WORDS


def _bare(text: str) -> str:
    enclosed = _ENCLOSED.fullmatch(text)
    return enclosed[1].strip() or text if enclosed else text


def _from_words(text: str) -> Statement | None:
    words = words_of(without_stop(text))
    split = _split(words)
    if split is None:
        return None
    end = words[split - 1].end
    return Statement(text[:end], text[end:], _guess_subject(text[:end]))


def _split(words: Sequence[Word]) -> int | None:
    """Number of words in the prompt: what follows is the answer."""
    code = kinds_of(words)
    main = None if "?" in code else _MAIN_VERB.search(code)
    if main is not None and _is_answer(words[main.end() :]):
        before = words[: main.start()]
        if any(word.kind == "P" or POSSESSIVE.search(word.text) for word in before):
            return main.end()  # "The motto of Utopia is ...": what is told has been named already
    ends = [group.end() for group in _GROUP.finditer(code)]
    ends += [] if ends else [i + 1 for i in range(1, len(words)) if _follows_name(words, i)]
    return next((end for end in reversed(ends) if _is_answer(words[end:])), None)


def _follows_name(words: Sequence[Word], i: int) -> bool:
    """Whether word i looks like an unlisted verb."""
    verb = words[i].kind in "wE" and words[i].text.endswith(("s", "ed"))
    return verb and words[i - 1].kind in "N9"


def _guess_subject(prompt: str) -> str | None:
    words = words_of(prompt)
    code = kinds_of(words)
    quoted = next((word.text for word in words if word.kind == "Q"), None)
    if quoted:
        return _bare(quoted)
    names = list(_NAME.finditer(code)) or list(_FUNCTION_NAME.finditer(code))
    if not names:
        return _noun_phrase(prompt, words)
    name = max(names, key=lambda found: sum(kind != "n" for kind in found[0]))
    text = prompt[words[name.start()].start : words[name.end() - 1].end]
    if code[name.end() : name.end() + 1] not in ("", "V", "P"):  # "Anna's dog", not "Harrod's is"
        text = POSSESSIVE.sub("", text)
    return _bare(text)


def _noun_phrase(prompt: str, words: Sequence[Word]) -> str | None:
    """The words before the first verb, or in a question after it; of these, what follows "of"."""
    code = kinds_of(words)
    verb = code.find("V") if "V" in code else len(code)
    part = list(words[:verb] if _says_something(words[:verb]) else words[verb + 1 :])
    of = max((i for i, word in enumerate(part) if word.text in ("of", "for")), default=-1)
    part = part[of + 1 :]
    owner = next((i for i, word in enumerate(part) if POSSESSIVE.search(word.text)), len(part))
    part = part[: owner + 1]
    while part and part[0].kind in "TAPpC,?":
        part.pop(0)
    while part and part[-1].kind in "PpVAED,?":
        part.pop()
    if not _says_something(part):
        return None
    return POSSESSIVE.sub("", prompt[part[0].start : part[-1].end])


def _says_something(words: Iterable[Word]) -> bool:
    return any(word.kind != "," and word.text.lower() not in FUNCTION_WORDS for word in words)
