"""Carry facts from one brain to another: export, import, merge."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from oneshot.errors import BrainError
from oneshot.facts.brain.carried import Carried, Part, read_folder
from oneshot.facts.brain.export import check_host, check_rows, export_folder
from oneshot.facts.brain.files import read_calibration, read_config
from oneshot.facts.changing.ruling import Ruler
from oneshot.memory.disk.segments import LARGEST

AT_ONCE = 16_384  # facts of an export that are in memory together
TAKEN = LARGEST  # facts of an import that are, and that make a whole segment


class Carrier(Ruler):
    """One whose facts can be carried about in folders."""

    def export(self, folder: Path) -> int:
        """Write the live facts as an adapter folder in canonical form; how many."""
        self.ledger.refresh()
        texts = self.ledger.texts
        parts = ((r, texts.read(r.hex_keys())) for r in self.ledger.live.in_parts(AT_ONCE))
        calibration = read_calibration(self.brain.folder, self.config)
        export_folder(folder, self.config, calibration, parts)
        return len(self.ledger)

    def import_(self, folder: Path) -> int:
        """Take in the facts of an exported adapter or another brain; how many were new.

        All of it is read and checked before anything changes. Where it is stopped half way, what is
        in the brain by then stays, and the next import of it goes on; one undo takes all back.
        """
        return self._take(self._checked(folder))

    def _checked(self, folder: Path) -> Carried:
        """What a folder holds; raises BrainError where any of it does not fit this brain."""
        carried = read_folder(folder)
        check_host(folder, carried.config, self.config)
        vocabulary = len(self.lexicon.head.weight)
        for rows, _ in carried.parts(TAKEN):
            if self._calibrated_as(carried):
                check_rows(folder, rows, self.calibration, vocabulary)
        return carried

    def _take(self, carried: Carried) -> int:
        same = self._calibrated_as(carried)
        with self.brain.writing(), self._one_operation():
            return sum(self._take_part(part, encoded=same) for part in carried.parts(TAKEN))

    def _take_part(self, part: Part, *, encoded: bool) -> int:
        """Enter facts, as they are encoded or anew; how many were new."""
        rows, statements = part
        told = [i for i, s in enumerate(statements) if not s.origins]  # the rest follows
        if encoded:
            facts = [(statements[i], rows.one(i)) for i in told]
            entered = self.ledger.enter(facts, "import")
        else:
            entered = self.write([statements[i] for i in told], "import")
        return sum(not e.known for e in entered)

    def _calibrated_as(self, carried: Carried) -> bool:
        return carried.config.calibration_hash == self.config.calibration_hash

    @contextmanager
    def _one_operation(self) -> Iterator[None]:
        """What is changed inside is one operation in the end, however it ends."""
        journal = self.brain.journal
        last = journal.last_operation()
        try:
            yield
        finally:
            journal.one_operation(last.id if last else 0)

    @classmethod
    def merge(cls, sources: Sequence[Path], target: Path) -> int:
        """Join brains or exported adapters into the brain `target`; how many facts it has then."""
        missing = [source for source in sources if read_config(source) is None]
        if missing or not sources:
            what = missing[0] if missing else "nothing"
            raise BrainError(f"{what} is no brain and no exported adapter; nothing was merged")
        config = next(c for c in map(read_config, [target, *sources]) if c)
        with cls.open(target, model=config.host, rule=config.rule) as learner:
            for carried in [learner._checked(source) for source in sources]:
                learner._take(carried)
            return len(learner.ledger)
