"""The texts that lie beside the weights: what each row was taught as, found by key and by name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from adapters.text.names import name_key
from oneshot.facts.implied.lists import values
from oneshot.facts.implied.wording import side_of
from oneshot.facts.types import Statement


class Texts(dict[str, Statement]):
    """Statements by key, and by the names that they are about or answer with."""

    def __init__(self, records: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__((record["key"], statement_of(record)) for record in records)
        self._indexed = False  # names are read when they are first asked for

    def add(self, key: str, told: Statement) -> None:
        """Take in one more."""
        self[key] = told
        if self._indexed:
            self._enrol(key, told)

    def drop(self, keys: Collection[str]) -> None:
        """Take out those that are here."""
        for key in keys:
            told = self.pop(key, None)
            if told is not None and self._indexed:
                for index, name in self._places(told):
                    index[name].discard(key)

    def about(self, name: str) -> dict[str, Statement]:
        """The taught facts about a name."""
        self._index()
        return {key: self[key] for key in sorted(self._about[name])}

    def saying(self, name: str) -> dict[str, Statement]:
        """The taught facts that a name answers, alone or among others."""
        self._index()
        return {key: self[key] for key in sorted(self._saying[name])}

    def implied(self, name: str) -> set[str]:
        """The keys of what is implied about a name."""
        self._index()
        return set(self._implied[name])

    def implies(self, subject: str, prompt: str) -> bool:
        """Whether something that is implied about a subject answers a prompt."""
        side = side_of(Statement(prompt, "", subject))
        found = (self[key] for key in self.implied(name_key(subject)))
        return any(
            prompt in (told.prompt, *told.asks) or (side and side.name == told.rule)
            for told in found
        )

    def names(self) -> set[str]:
        """All names that facts are about or answer with."""
        self._index()
        return {*self._about, *self._saying, *self._implied}

    def _index(self) -> None:
        if self._indexed:
            return
        self._about = defaultdict[str, set[str]](set)
        self._saying = defaultdict[str, set[str]](set)
        self._implied = defaultdict[str, set[str]](set)
        for key, told in self.items():
            self._enrol(key, told)
        self._indexed = True

    def _enrol(self, key: str, told: Statement) -> None:
        for index, name in self._places(told):
            index[name].add(key)

    def _places(self, told: Statement) -> Iterator[tuple[dict[str, set[str]], str]]:
        subject = name_key(told.subject or "")
        if told.origins:
            yield self._implied, subject
            return
        yield self._about, subject
        for value in values(told):
            yield self._saying, name_key(value)


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
