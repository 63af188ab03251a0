"""The facts that a learner holds in memory: appended cheaply, put in canonical order when asked."""

from collections.abc import Collection

import torch
from torch import Tensor

from adapters.address.calibration import Calibration
from adapters.write.rows import FactRows, empty_rows, join


class LiveRows:
    """A set of fact rows; adding costs the same however many there are."""

    def __init__(self, rows: FactRows) -> None:
        self._base = rows
        self._added: dict[str, FactRows] = {}
        self._base_keys = {key: i for i, key in enumerate(rows.hex_keys())}
        self._subjects: dict[int, set[str]] = {}
        for key, subject in zip(rows.hex_keys(), rows.subject.tolist(), strict=True):
            self._subjects.setdefault(subject, set()).add(key)

    def __contains__(self, key: str) -> bool:
        return key in self._added or key in self._base_keys

    def __len__(self) -> int:
        return len(self._added) + len(self._base_keys)

    def add(self, row: FactRows) -> None:
        """Take in one fact; a known one stays as it is."""
        key = row.hex_keys()[0]
        if key not in self:
            self._added[key] = row
            self._subjects.setdefault(int(row.subject), set()).add(key)

    def remove(self, keys: Collection[str]) -> None:
        """Drop facts; unknown keys are ignored."""
        for key in keys:
            if key in self:
                self._subjects[int(self.get(key).subject)].discard(key)
            self._added.pop(key, None)
            self._base_keys.pop(key, None)

    def get(self, key: str) -> FactRows:
        """The row of one fact."""
        if key in self._added:
            return self._added[key]
        return self._base.take(torch.tensor([self._base_keys[key]]))

    def on_subject(self, subject: int) -> list[FactRows]:
        """The facts on one subject."""
        return [self.get(key) for key in sorted(self._subjects.get(subject, ()))]

    def canonical(self) -> FactRows:
        """All rows, sorted by hash: the same set gives the same tensors."""
        kept = self._base.take(_index(list(self._base_keys.values())))
        return join([kept, *self._added.values()]).canonical()


def no_rows(calibration: Calibration) -> FactRows:
    """No facts, in the form that the calibration gives them."""
    return empty_rows(len(calibration.metric.between))


def _index(values: list[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.long)
