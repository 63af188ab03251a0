"""Carry facts from one brain to another: export, import, merge."""

from collections.abc import Sequence
from pathlib import Path

import torch

from oneshot.errors import BrainError
from oneshot.facts.brain.export import check_host, check_rows, export_folder, read_folder
from oneshot.facts.brain.files import read_calibration, read_config
from oneshot.facts.changing.ruling import Ruler

AT_ONCE = 16_384  # facts of an export that are in memory together


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
        """Take in the facts of an exported adapter or another brain; how many were new."""
        carried = read_folder(folder)
        check_host(folder, carried.config, self.config)
        if carried.rows is None:
            return 0
        told = [i for i, s in enumerate(carried.statements) if not s.origins]  # the rest follows
        statements = [carried.statements[i] for i in told]
        same = carried.config.calibration_hash == self.config.calibration_hash
        if same:
            check_rows(folder, carried.rows, self.calibration, len(self.lexicon.head.weight))
            rows = [carried.rows.take(torch.tensor([i])) for i in told]
            entered = self.ledger.enter(list(zip(statements, rows, strict=True)), "import")
        else:
            entered = self.write(statements, "import")
        return sum(not e.known for e in entered)

    @classmethod
    def merge(cls, sources: Sequence[Path], target: Path) -> int:
        """Join brains or exported adapters into the brain `target`; how many facts it has then."""
        missing = [source for source in sources if read_config(source) is None]
        if missing or not sources:
            what = missing[0] if missing else "nothing"
            raise BrainError(f"{what} is no brain and no exported adapter; nothing was merged")
        config = next(c for c in map(read_config, [target, *sources]) if c)
        with cls.open(target, model=config.host, rule=config.rule) as learner:
            for source in sources:
                check_host(source, read_folder(source).config, learner.config)
            for source in sources:
                learner.import_(source)
            return len(learner.ledger)
