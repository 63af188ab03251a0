"""What each fact was taught as, found by key and by name; read when it is asked for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from adapters.text.names import name_key
from oneshot.facts.brain.held import kept
from oneshot.facts.brain.held.kept import statement_of, terms_of
from oneshot.facts.implied.deriving import names_of
from oneshot.facts.implied.passives import may_be_turned
from oneshot.facts.implied.wording import kind_of, meant_by, side_of
from oneshot.facts.types import Statement
from oneshot.memory.disk.shelf import Shelf


class Texts(Mapping[str, Statement]):
    """Statements by key, and by the names that they are about or answer with."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._added: dict[str, Statement] = {}
        self._gone: set[str] = set()  # of the shelf
        self._by_term: dict[int, set[str]] = defaultdict(set)  # of those added

    def __getitem__(self, key: str) -> Statement:
        if key in self._added:
            return self._added[key]
        return statement_of(self._shelf.record(self._row(key)))

    def _row(self, key: str) -> int:
        """The row of a fact on the shelf; KeyError where it is not there."""
        row = self._find(key)
        if row is None:
            raise KeyError(key)
        return row

    def _find(self, key: str) -> int | None:
        return None if key in self._gone else self._shelf.find(bytes.fromhex(key))

    def __contains__(self, key: object) -> bool:
        """Whether a fact is here, without its text."""
        return key in self._added or (isinstance(key, str) and self._find(key) is not None)

    def __iter__(self) -> Iterator[str]:
        there = (self._shelf.key(row).hex() for row in self._shelf.rows())
        yield from (key for key in there if key not in self._gone)
        yield from self._added

    def __len__(self) -> int:
        held = len(self._shelf) - len(self._shelf.doubles)
        return held - len(self._gone) + len(self._added)

    def read(self, keys: Sequence[str]) -> list[Statement]:
        """Many at once, in their order; what is read for it does not stay in memory."""
        found = {key: self._added[key] for key in keys if key in self._added}
        left = [key for key in keys if key not in found]
        rows = np.array([self._row(key) for key in left], dtype=np.int64)
        for here, segment, at in self._shelf.parts(rows):
            for place, row in zip(here.tolist(), at.tolist(), strict=True):
                found[left[place]] = statement_of(segment.record(row))
        return [found[key] for key in keys]

    def add(self, key: str, told: Statement) -> None:
        """Take in one more."""
        self._added[key] = told
        for term in terms_of(told):
            self._by_term[term].add(key)

    def drop(self, keys: Collection[str]) -> None:
        """Take out those that are here."""
        for key in keys:
            told = self._added.pop(key, None)
            if told is not None:
                for term in terms_of(told):
                    self._by_term[term].discard(key)
            elif key in self:
                self._gone.add(key)

    def about(self, name: str) -> dict[str, Statement]:
        """The taught facts about a name."""
        return self._told(kept.about(name))

    def saying(self, name: str) -> dict[str, Statement]:
        """The taught facts that a name answers, alone or among others."""
        return self._told(kept.saying(name))

    def beside(self, told: Statement) -> tuple[Statement | None, Statement | None]:
        """A taught fact that leads to this one, and one that this one leads to."""
        before = self._one(kept.saying(name_key(told.subject or "")))
        return before, self._one(kept.about(name_key(told.answer)))

    def implied(self, name: str) -> set[str]:
        """The keys of what is implied about a name."""
        return self._keys(kept.implied(name))

    def following(self, keys: Collection[str]) -> set[str]:
        """Of what was added, the keys of what is implied by some of these facts."""
        sought = frozenset(keys)
        return {k for k, told in self._added.items() if not sought.isdisjoint(told.origins)}

    def implies(self, subject: str, prompt: str) -> bool:
        """Whether something that is implied about a subject answers a prompt."""
        side = side_of(Statement(prompt, "", subject))
        return any(
            prompt in (told.prompt, *told.asks) or (side and side.name == told.rule)
            for told in self._told(kept.implied(name_key(subject))).values()
        )

    def names(self, *, every: bool) -> set[str]:
        """The names that something is or may be implied about, or with `every` all.

        Without rules of the user's own, only facts of a declared relation imply anything, and
        several facts about one name.
        """
        found = set[str]()
        for told in self._each():
            subject = name_key(told.subject or "")
            if told.origins or self._are_several(subject):
                found.add(subject)
            tells = every or meant_by(told) or kind_of(told) or may_be_turned(told)
            if not told.origins and tells:
                found |= names_of(told)
        return found

    def _are_several(self, name: str) -> bool:
        """Whether there may be several facts about a name."""
        term = kept.about(name)
        return len(self._shelf.with_term(term)) + len(self._by_term.get(term, ())) > 1

    def _each(self) -> Iterator[Statement]:
        """All of them; what is read for it does not stay in memory."""
        found = (self._shelf.find(bytes.fromhex(key)) for key in self._gone)
        gone = {row for row in found if row is not None}
        rows = (row for row in self._shelf.rows() if row not in gone)
        for _, segment, at in self._shelf.parts(np.fromiter(rows, dtype=np.int64)):
            yield from (statement_of(segment.record(row)) for row in at.tolist())
        yield from self._added.values()

    def changing(self) -> dict[str, Statement]:
        """All that decides which facts are silent on a day: those about names of which something
        holds for a time, and those that tell a list.
        """
        timed = self._told(kept.TIMED).values()
        names = sorted({name_key(told.subject or "") for told in timed})
        found = {key: told for name in names for key, told in self.about(name).items()}
        return found | self._told(kept.LISTED)

    def all_implied(self) -> dict[str, Statement]:
        """What follows from others."""
        return self._told(kept.IMPLIED)

    def _told(self, term: int) -> dict[str, Statement]:
        return {key: self[key] for key in sorted(self._keys(term))}

    def _one(self, term: int) -> Statement | None:
        keys = self._keys(term)
        return self[min(keys)] if keys else None

    def _keys(self, term: int) -> set[str]:
        rows = self._shelf.with_term(term)
        there = {self._shelf.key(row).hex() for row in rows} - self._gone
        return there | self._by_term.get(term, set())
