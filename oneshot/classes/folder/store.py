"""What a folder of classes holds: its examples and the weights that they make."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import UTC, datetime

import torch

from oneshot.classes.folder.files import ClassFolder, Stored
from oneshot.classes.folder.fitted import keep_fitted, read_fitted
from oneshot.classes.folder.journal import Noted
from oneshot.classes.writers.calibration import load_calibration
from oneshot.classes.writers.held_out import Judgement, judge
from oneshot.classes.writers.sharpness import Sharpness
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.core.threads import single_thread
from oneshot.errors import BadInputError

_JUDGED = "judged"


class ClassStore:
    """The weights of a folder, as they are on disk, and every change of them.

    Another process may change the folder: what is held is then read again.
    """

    def __init__(self, folder: ClassFolder, rule: str) -> None:
        self.folder, self.rule = folder, rule
        self.calibration = load_calibration(folder.calibration())
        self._writer = self.calibration.writer(rule)
        self._examples: dict[str, Stored] = {}
        self._names: frozenset[str] | None = None
        self._judgement: Judgement | None = None

    @property
    def writer(self) -> TalliedWriter:
        """The weights that answer."""
        self._refresh()
        return self._writer

    @property
    def examples(self) -> dict[str, Stored]:
        """Every example by its key."""
        self._refresh()
        return self._examples

    @property
    def judgement(self) -> Judgement:
        """How evidence becomes probabilities: the host's way, corrected by what was taught."""
        writer = self.writer
        if self._judgement is None:
            self._judgement = self._kept(writer) or self._judged(writer)
        return self._judgement

    def _kept(self, writer: TalliedWriter) -> Judgement | None:
        """What was fitted to these examples before, the writer's part given to it."""
        if not writer.keeps:
            return None
        found = read_fitted(self.folder.folder, self.rule, self._names or ())
        if found is None or _JUDGED not in found or not writer.take_fitted(found):
            return None
        slope, weight, middle, right, n = found[_JUDGED].tolist()
        return Judgement(Sharpness(slope, weight, middle), int(right), int(n))

    def _judged(self, writer: TalliedWriter) -> Judgement:
        with single_thread():
            found = judge(self.calibration.sharpness[self.rule], writer)
        if writer.keeps and self._names:
            numbers = *astuple(found.sharpness), found.right, found.n
            own = torch.tensor(numbers, dtype=torch.float64)
            tensors = writer.fitted() | {_JUDGED: own}
            keep_fitted(self.folder.folder, self.rule, self._names, tensors)
        return found

    def taught(self) -> TalliedWriter:
        """The weights that answer; BadInputError where nothing was taught."""
        writer = self.writer
        if not writer.names:
            raise BadInputError(f"{self.folder.folder} holds no classes; teach one first")
        return writer

    def add(self, stored: Sequence[Stored], sources: Sequence[str]) -> None:
        """Store new examples durably, then note where they came from."""
        if not stored:
            return
        with self.folder.writing():
            alone = self.folder.store.names() == self._names
            self.folder.append(list(stored))
            if alone:  # nobody else wrote: what is held goes on without being read again
                self._take_in(stored, self.folder.store.names())
        now = _now()
        self.folder.journal.note(
            Noted(e.key, e.name, source, e.digest, now)
            for e, source in zip(stored, sources, strict=True)
        )

    def remove(self, keys: Sequence[str]) -> None:
        """Take examples out of the weights, then note that."""
        with self.folder.writing():
            self.folder.store.remove(list(keys))
        self.folder.journal.strike(keys, _now())

    def keys(self, name: str) -> list[str]:
        """The keys of a class's examples; BadInputError for an unknown class."""
        self.writer.codes(name)
        return [key for key, e in self._examples.items() if e.name == name]

    def _refresh(self) -> None:
        names = self.folder.store.names()
        if names != self._names:
            self._writer, self._examples = self.calibration.writer(self.rule), {}
            self._take_in(self.folder.load(), names)

    def _take_in(self, stored: Sequence[Stored], names: frozenset[str]) -> None:
        """Add what lies on the disk to what is held."""
        self._examples |= {e.key: e for e in stored}
        for name, examples in _by_name(stored).items():
            self._writer.add_codes(name, torch.stack([e.code for e in examples]))
        self._names, self._judgement = names, None


def _by_name(examples: Iterable[Stored]) -> dict[str, list[Stored]]:
    found = dict[str, list[Stored]]()
    for example in examples:
        found.setdefault(example.name, []).append(example)
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
