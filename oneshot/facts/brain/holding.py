"""What a brain holds in memory: its live rows and texts, as they were last read from the disk."""

from collections.abc import Collection, Sequence

import torch

from adapters.address.calibration import Calibration
from adapters.write.rows import FactRows
from oneshot.facts.brain.files import Brain
from oneshot.facts.brain.held.kept import statement_of
from oneshot.facts.brain.held.live import LiveRows, no_rows
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.implied.rules import Rule
from oneshot.memory.disk.mapped import Mapped
from oneshot.memory.disk.records import Record
from oneshot.memory.disk.segment_file import count_of, hex_of
from oneshot.memory.disk.shelf import Shelf
from oneshot.memory.examiner.nearest import NearestFacts

MOST_NEW, SHARE_NEW = 8192, 32  # new rows, or one in so many, before the disk is read anew


class Holding:
    """The facts of one brain as they are at `version`; nothing is read before `_read`.

    `live` are the rows, implied ones too, and `texts` what they say. Of segments that the journal
    notes it is known that all facts in them are entered.
    """

    live: LiveRows
    texts: Texts

    def __init__(self, brain: Brain, calibration: Calibration) -> None:
        self.brain, self.calibration = brain, calibration
        self.version = 0
        self._files: frozenset[str] | None = None
        self._near: NearestFacts | None = None

    def __len__(self) -> int:
        """How many taught facts are live."""
        return self.brain.journal.counts()["live"]

    @property
    def near(self) -> NearestFacts:
        """The index of the taught facts' codes, made when it is first needed."""
        if self._near is None:
            rows = self.live.canonical()
            ids = self._ids(rows.hex_keys())
            listed = torch.tensor([key in ids for key in rows.hex_keys()], dtype=torch.bool)
            vectors = self.vectors(rows)
            self._near = NearestFacts(vectors.shape[1])
            self._near.add([ids[k] for k in rows.hex_keys() if k in ids], vectors[listed])
        return self._near

    def sources(self, key: str) -> tuple[int, ...]:
        """The numbers of the taught facts behind a row: its own, or those that it follows from."""
        told = self.texts.get(key)
        entries = self.brain.journal.by_keys((told and told.origins) or (key,))
        return tuple(sorted(entry.id for entry in entries.values()))

    def rules(self) -> list[Rule]:
        """The user's rules."""
        return [Rule(text) for text in self.brain.journal.rules()]

    def vectors(self, rows: FactRows) -> torch.Tensor:
        """Codes to compare facts by: the first reading of each."""
        return torch.nn.functional.normalize(
            self.calibration.plain_of(rows.readings[:, 0].float()), dim=1
        )

    def _read(self) -> list[Record]:
        """Read what the disk holds anew; the records that the journal does not list as live."""
        segments = self.brain.store.open()
        self._shelf = Shelf(segments)
        self.live = LiveRows(self._shelf, no_rows(self.calibration))
        self.texts = Texts(self._shelf)
        return self._taken_in(segments, self._shelf.names)

    def _catch_up(self, names: frozenset[str]) -> list[Record]:
        """The same after others changed these files, without what has not changed."""
        new = names - self._shelf.names
        if sum(map(count_of, new)) > MOST_NEW or self.live.added > MOST_NEW:
            return self._read()
        try:
            segments = self.brain.store.open(new)
        except FileNotFoundError:
            return self._read()
        here = {key: (s, row) for s in segments for row, key in enumerate(hex_of(s.rows["key"]))}
        moved = (s for s in self._shelf.segments if s.name not in names)
        had = self.live.new_keys().union(*(hex_of(s.rows["key"]) for s in moved))
        self._take_out(had - here.keys())
        for key in sorted(key for key in here if key not in self.live):
            segment, row = here[key]
            self.live.add(FactRows.of(segment.row(row)))
            self.texts.add(key, statement_of(segment.record(row)))
        return self._taken_in(segments, names)

    def _taken_in(self, segments: Sequence[Mapped], names: frozenset[str]) -> list[Record]:
        """What the journal does not list of segments that were just read."""
        self._near, self._files = None, names
        self.version += 1
        sure = self.brain.journal.sure()
        return [r for s in segments if s.name not in sure for r in self._unlisted(s)]

    def _unlisted(self, segment: Mapped) -> list[Record]:
        """The records of a segment that the journal does not list, or that follow from none."""
        ids = self._ids(hex_of(segment.rows["key"]))
        records = (segment.record(row) for row in range(len(segment)))
        return [r for r in records if r["key"] not in ids and self._is_lost(r.get("origins"))]

    def _is_lost(self, origins: Collection[str] | None) -> bool:
        """Whether a fact that the journal does not list follows from nothing that is here."""
        return not origins or not all(origin in self.texts for origin in origins)

    def _ids(self, keys: Collection[str]) -> dict[str, int]:
        """The journal's numbers of those facts that it lists as live."""
        entries = self.brain.journal.by_keys(keys)
        return {key: entry.id for key, entry in entries.items() if entry.state == "live"}

    def _take_out(self, keys: Collection[str]) -> None:
        self.live.remove(keys)
        self.texts.drop(keys)

    def _settled(self) -> None:
        """What lies on the disk need not lie in memory."""
        self._files = self.brain.store.names()
        if self.live.added > max(MOST_NEW, len(self.live) // SHARE_NEW):
            self._read()
