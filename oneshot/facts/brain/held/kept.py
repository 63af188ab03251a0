"""A fact as it is kept beside its weights, and the numbers that it is found by."""

from typing import Any

from adapters.text.names import key_number, name_key
from oneshot.facts.implied.deriving import LIST
from oneshot.facts.implied.lists import values
from oneshot.facts.implied.times import timed
from oneshot.facts.implied.wording import kind_of
from oneshot.facts.types import Statement

IMPLIED, TIMED, LISTED = map(key_number, ("~ implied", "~ timed", "~ listed"))


def about(name: str) -> int:
    """What taught facts about a name (its key) are found by."""
    return key_number(f"~ about {name}")


def saying(name: str) -> int:
    """What taught facts are found by that a name answers, alone or among others."""
    return key_number(f"~ saying {name}")


def implied(name: str) -> int:
    """What that is found by which is implied about a name."""
    return key_number(f"~ implied {name}")


def terms_of(told: Statement) -> set[int]:
    """All that a statement is found by."""
    subject = name_key(told.subject or "")
    if told.origins:
        return {implied(subject), IMPLIED} | ({LISTED} if told.rule == LIST else set())
    said = filter(None, (*values(told), kind_of(told)))
    found = {about(subject), *(saying(name_key(value)) for value in said)}
    return found | ({TIMED} if timed(told) else set())


def terms_of_record(record: dict[str, Any]) -> set[int]:
    """The same of a record."""
    return terms_of(statement_of(record))


def record_of(told: Statement) -> dict[str, Any]:
    """A statement as it is kept beside its weights."""
    return {
        "prompt": told.prompt,
        "answer": told.answer,
        "subject": told.subject,
        "asks": told.asks,
        "aliases": told.aliases,
        "also": told.also,
        "since": told.since,
        "until": told.until,
        "side": told.side,
        "origins": told.origins,
        "rule": told.rule,
    }


def statement_of(record: dict[str, Any]) -> Statement:
    """The statement in a record; those of earlier versions lack what came since."""
    return Statement(
        record["prompt"],
        record["answer"],
        record["subject"],
        record.get("source") or None,
        tuple(record.get("asks", ())),
        tuple(record.get("aliases", ())),
        bool(record.get("also")),
        record.get("since"),
        record.get("until"),
        record.get("side", ""),
        tuple(record.get("origins", ())),
        record.get("rule", ""),
    )
