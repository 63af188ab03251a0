"""Rounds of examinations in the journal: what facts were asked, and what they answered."""

from collections.abc import Iterable

from oneshot.errors import BadInputError
from oneshot.memory.journal.facts import Journal
from oneshot.memory.journal.rows import Examination, Round

_COLUMNS = "fact, kind, probe, answer, correct, margin"


class Examinations:
    """The examinations of one journal; every method raises BrainError as the journal does."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def open_round(self, at: str, seed: int) -> int:
        """Begin a round and return its id."""
        statement = "INSERT INTO rounds (at, seed) VALUES (?, ?) RETURNING id"
        return int(self._journal.run(statement, at, seed)[0][0])

    def time_round(self, round: int, bare_ms: float | None, taught_ms: float | None) -> None:
        """Note how long a question took in a round, of the bare model and with the facts."""
        statement = "UPDATE rounds SET bare_ms = ?, taught_ms = ? WHERE id = ?"
        self._journal.run(statement, bare_ms, taught_ms, round)

    def note(self, round: int, examinations: Iterable[Examination], at: str) -> None:
        """Enter examinations, all or none; BadInputError for an unknown fact."""
        statement = f"INSERT INTO examinations ({_COLUMNS}, round, at) VALUES (?,?,?,?,?,?,?,?)"
        with self._journal.transaction():
            for e in examinations:
                if self._journal.get(e.fact) is None:
                    raise BadInputError(f"there is no fact {e.fact} to examine; give a known id")
                row = e.fact, e.kind, e.question, e.answer, e.correct, e.margin
                self._journal.run(statement, *row, round, at)

    def rounds(self) -> list[Round]:
        """All rounds that asked something, oldest first."""
        statement = """
            SELECT id, at, seed, bare_ms, taught_ms FROM rounds
            WHERE EXISTS (SELECT 1 FROM examinations WHERE round = rounds.id) ORDER BY id
        """
        return [Round(*row) for row in self._journal.run(statement)]

    def of_round(self, round: int) -> list[Examination]:
        """What was asked in a round, in the order asked."""
        return self._select("round = ?", round)

    def of_fact(self, fact: int) -> list[Examination]:
        """How a fact was examined, oldest first."""
        return self._select("fact = ?", fact)

    def outcomes(self, kinds: Iterable[str]) -> dict[int, list[tuple[str, bool]]]:
        """By fact: the time of each of its rounds, and whether all answers of these kinds were
        right in it; oldest first.
        """
        chosen = tuple(kinds)
        marks = ", ".join("?" * len(chosen))
        statement = f"""
            SELECT fact, rounds.at, min(correct)
            FROM examinations JOIN rounds ON rounds.id = examinations.round
            WHERE kind IN ({marks}) GROUP BY fact, rounds.id ORDER BY rounds.id
        """
        found: dict[int, list[tuple[str, bool]]] = {}
        for fact, at, right in self._journal.run(statement, *chosen):
            found.setdefault(fact, []).append((at, bool(right)))
        return found

    def _select(self, condition: str, value: int) -> list[Examination]:
        statement = f"SELECT {_COLUMNS} FROM examinations WHERE {condition} ORDER BY id"
        rows = self._journal.run(statement, value)
        return [Examination(f, k, q, a, bool(right), m) for f, k, q, a, right, m in rows]
