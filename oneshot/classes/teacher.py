"""Teach, guess, forget: a folder of classes on a frozen host."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.calibrated import PORTION
from oneshot.classes.evaluation import SURE_NONE, by_folds, evaluation
from oneshot.classes.examples import Remarks, encode_sources, key_of, read_examples, store_new
from oneshot.classes.folder.files import ClassFolder, Stored, read_other
from oneshot.classes.folder.opening import open_folder
from oneshot.classes.folder.store import ClassStore
from oneshot.classes.hosts.host import ClassHost, Kind
from oneshot.classes.receipts import by_chance, receipt_of
from oneshot.classes.types import ClassEntry, Evaluation, ExampleEntry, Guess, Taught
from oneshot.classes.writers.tallied import TalliedWriter
from oneshot.errors import BadInputError
from oneshot.memory.disk.closing import Closing
from oneshot.progress import Report, silent

LONGEST_NAME = 200


class Classes(Closing):
    """A folder of classes and the frozen host that they were taught to; a context manager.

    The host is opened when something is to be read.
    """

    def __init__(self, folder: ClassFolder, open_host: Callable[[], ClassHost]) -> None:
        self.folder, self._open_host = folder, open_host
        self._store = ClassStore(folder, folder.config.rule)

    @classmethod
    def open(
        cls,
        folder: Path | str,
        kind: Kind | str = Kind.IMAGE,
        *,
        host: str | None = None,
        rule: str | None = None,
        device: str = "cpu",
        report: Report | None = None,
    ) -> "Classes":
        """Open a folder, or found one; BrainError where it is of another kind, host or rule."""
        return cls(*open_folder(Path(folder), Kind(kind), host, rule, device, report or silent))

    @cached_property
    def host(self) -> ClassHost:
        """The frozen host; BrainError where it is not the one that the classes were taught to."""
        return self._open_host()

    def close(self) -> None:
        """Close the folder."""
        self.folder.close()

    @property
    def rule(self) -> str:
        """The writer's rule."""
        return self._store.rule

    def change_rule(self, rule: str) -> None:
        """Let another rule answer from now on; the examples stay as they are."""
        self.folder.change(rule=rule)
        self._store = ClassStore(self.folder, rule)

    def expect_strangers(self, share: float) -> None:
        """Suppose from now on that this share of what is asked is of none of the classes.

        BadInputError for no share.
        """
        self.folder.change(strangers=share)

    def writer(self) -> TalliedWriter:
        """The weights that answer, as they are on disk now."""
        return self._store.writer

    def teach(
        self,
        name: str,
        sources: Sequence[str],
        *,
        skip_bad: bool = False,
        report: Report = silent,
    ) -> Taught:
        """Teach examples of a class, new or known; they are durable when this returns.

        `sources` are files or texts. A content that the class already has counts once. Raises
        BadInputError for one that cannot be read, with nothing of its portion of 64 taught;
        `skip_bad` leaves it out with a warning.
        """
        _check_name(name)
        began, remarks, added = time.perf_counter(), Remarks(skip_bad), list[Stored]()
        for start in range(0, len(sources), PORTION):
            part = sources[start : start + PORTION]
            read = read_examples(self.host, name, part, remarks)
            added += store_new(self._store, self.host, name, read)
            if len(sources) > PORTION:
                report(f"teaching {name}", min(start + PORTION, len(sources)), len(sources))
        writer = self.writer()
        if name not in writer.names:
            raise BadInputError(f"no example of {name!r} could be used; give others")
        receipt = receipt_of(self._store, name, added)
        return replace(
            receipt,
            known=len(sources) - len(added) - len(remarks.left_out),
            seconds=time.perf_counter() - began,
            warnings=(*remarks.lines(), *receipt.warnings),
        )

    def guess(
        self,
        sources: Sequence[str],
        top: int = 5,
        report: Report = silent,
        *,
        none: bool = True,
        remarks: Remarks | None = None,
    ) -> list[Guess]:
        """What each file or text is, the likeliest classes first.

        Without `none` each is taken to be of one of the classes. Raises BadInputError where one
        cannot be read and the `remarks` are not to skip it, nothing was taught, or examples left
        out are told apart by chance alone.
        """
        writer = self._store.taught()
        judgement = self._store.judgement
        if judgement.by_chance(len(writer.names)):
            raise BadInputError(by_chance(judgement, len(writer.names), self.host))
        remarks = remarks or Remarks()
        read, features = encode_sources(self.host, sources, "looking", report, remarks)
        found = self.probabilities(features, none=none)
        return [
            replace(
                _guess(source, row.tolist(), writer.names, top),
                prepared=remarks.seen.get(source, ()),
            )
            for source, row in zip(read, found, strict=True)
        ]

    def probabilities(
        self, features: Float[Tensor, "n raw"], *, none: bool = True
    ) -> Float[Tensor, "n classes_and_none"]:
        """Probabilities of each class, sorted by name, and in the last column of none of them."""
        writer, sharpness = self.writer(), self._store.judgement.sharpness
        strangers = self.folder.config.strangers if none else 0.0
        evidence = writer.evidence(writer.metric.coordinates(features))
        return sharpness.probabilities(evidence, strangers)

    def classes(self) -> list[ClassEntry]:
        """The classes, sorted by name."""
        writer = self.writer()
        return [ClassEntry(name, len(writer.codes(name))) for name in writer.names]

    def show(self, name: str) -> list[ExampleEntry]:
        """The examples of a class; BadInputError for an unknown one."""
        keys, noted = self._store.keys(name), self.folder.noted(name)
        entries = (
            ExampleEntry(key[:8], noted[key].source, noted[key].taught_at)
            if key in noted
            else ExampleEntry(key[:8], "", "")
            for key in keys
        )
        return sorted(entries, key=lambda e: (e.taught_at, e.source, e.id))

    def forget(self, names: Sequence[str]) -> list[ClassEntry]:
        """Take classes out of the weights, as if they had never been taught; those that went."""
        writer = self.writer()
        gone = [ClassEntry(name, len(writer.codes(name))) for name in dict.fromkeys(names)]
        self._store.remove([key for entry in gone for key in self._store.keys(entry.name)])
        return gone

    def remove(self, name: str, ids: Sequence[str]) -> ClassEntry:
        """Take single examples out of the weights, by their ids or files; what is left.

        BadInputError, with nothing removed, for one that the class does not have.
        """
        own = self._store.keys(name)
        doomed = {key_of(own, lambda: self.host, name, id) for id in ids}
        self._store.remove(sorted(doomed))
        return ClassEntry(name, len(own) - len(doomed))

    def evaluate(self) -> Evaluation:
        """Examine the taught examples, each by classes that were taught without it."""
        writer, sharpness = self._store.taught(), self._store.judgement.sharpness
        return by_folds(writer, sharpness, self.folder.config.strangers)

    def evaluate_on(
        self, given: Mapping[str, Sequence[str]], report: Report = silent
    ) -> Evaluation:
        """Examine the classes on other files or texts by class; unknown classes are strangers."""
        writer = self._store.taught()
        found, truth = list[Tensor](), list[int]()
        for name, sources in given.items():
            _, features = encode_sources(self.host, sources, f"examining {name}", report, Remarks())
            found.append(self.probabilities(features))
            place = writer.names.index(name) if name in writer.names else -1
            truth += [place] * len(sources)
        judged = torch.cat(found)
        expected = self.folder.config.strangers
        return evaluation("other examples", writer.names, judged, torch.tensor(truth), expected)

    def export(self, folder: Path) -> int:
        """Write the classes to a new folder, one file for the same classes; how many examples."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInputError(f"{folder} exists already; give a new folder")
        made = ClassFolder.found(folder, self.folder.config, self.folder.calibration())
        examples = list(self._store.examples.values())
        if examples:
            with made.writing():
                made.append(examples)
        return len(examples)

    def import_(self, folder: Path) -> int:
        """Take in the classes of another folder of the same host; how many examples were new."""
        other = read_other(folder, self.folder)
        new = [e for e in other.load() if e.key not in self._store.examples]
        self._store.add(new, [f"from {folder}"] * len(new))
        return len(new)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInputError(
            f"the class name {name[:40]!r} came; give a printable one of 1 to {LONGEST_NAME} "
            "characters"
        )


def _guess(source: str, row: list[float], names: Sequence[str], top: int) -> Guess:
    ranked = sorted(zip(names, row[:-1], strict=True), key=lambda pair: -pair[1])
    best, none = ranked[0], row[-1]
    name, sure = (None, none) if none > SURE_NONE else best
    return Guess(source, name, sure, none, tuple(ranked[:top]))
