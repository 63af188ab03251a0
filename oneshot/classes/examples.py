"""Examples on their way into the weights: read, encoded and stored."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from oneshot.classes.calibrated import PORTION
from oneshot.classes.folder.files import Stored, example_key
from oneshot.classes.folder.store import ClassStore
from oneshot.classes.hosts.host import ClassHost, Content, Seen, digest
from oneshot.errors import BadInputError, OneshotError
from oneshot.progress import Report


@dataclass(frozen=True, eq=False)
class ReadExample:
    """An example that was read and not yet encoded."""

    key: str
    source: str
    digest: str
    content: Content


@dataclass(frozen=True)
class Remarks:
    """What is said of sources that were read, and of those that were left out, each in a line.

    With `skip_bad`, a source that cannot be read is left out.
    """

    skip_bad: bool = False
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """All of them, those that were left out first."""
        said = [f"{source}: {', '.join(remarks)}" for source, remarks in self.seen.items()]
        return [f"left out: {reason}" for reason in self.left_out] + said


def read_sources(
    host: ClassHost, sources: Iterable[str], remarks: Remarks
) -> list[tuple[str, Seen]]:
    """What the host sees of files or texts, in their order; a remark on those that need one.

    Raises BadInputError for one that cannot be read, unless the remarks are to skip it.
    """
    found = list[tuple[str, Seen]]()
    for source in sources:
        try:
            seen = host.read(source)
        except BadInputError as error:
            if not remarks.skip_bad:
                raise
            remarks.left_out.append(str(error))
            continue
        found.append((source, seen))
        if seen.remarks:
            remarks.seen[source] = seen.remarks
    return found


def encode_sources(
    host: ClassHost, sources: Sequence[str], what: str, report: Report, remarks: Remarks
) -> tuple[list[str], Float[Tensor, "n raw"]]:
    """Those files or texts that could be read, and their features, with progress.

    They are read as they are encoded, as `read_sources` does; BadInputError where none could be.
    """
    names, parts = list[str](), list[Tensor]()
    for start in range(0, len(sources), PORTION):
        read = read_sources(host, sources[start : start + PORTION], remarks)
        if read:
            names += [source for source, _ in read]
            parts.append(host.features([seen.content for _, seen in read]))
        report(what, min(start + PORTION, len(sources)), len(sources))
    if not parts:
        raise BadInputError(f"none of these could be read: {remarks.left_out[0]}")
    return names, torch.cat(parts)


def read_examples(
    host: ClassHost, name: str, sources: Iterable[str], remarks: Remarks
) -> list[ReadExample]:
    """Files or texts as examples of a class; they are read as `read_sources` does."""
    found = list[ReadExample]()
    for source, seen in read_sources(host, sources, remarks):
        said = digest(seen.content)
        found.append(ReadExample(example_key(name, said), source, said, seen.content))
    return found


def store_new(
    store: ClassStore, host: ClassHost, name: str, read: Iterable[ReadExample]
) -> list[Stored]:
    """Encode and store what the class does not have yet."""
    chosen = list({r.key: r for r in read if r.key not in store.examples}.values())
    if not chosen:
        return []
    codes = store.calibration.metric.codes(host.features([r.content for r in chosen]))
    stored = [Stored(r.key, name, r.digest, code) for r, code in zip(chosen, codes, strict=True)]
    store.add(stored, [r.source for r in chosen])
    return stored


def key_of(own: Sequence[str], open_host: Callable[[], ClassHost], name: str, id: str) -> str:
    """Which of a class's keys is meant by its first digits, or by the file or text it came from.

    Raises BadInputError for none, or several.
    """
    found = [key for key in own if len(id) >= 4 and key.startswith(id.lower())]
    if not found:
        with suppress(OneshotError):
            key = example_key(name, digest(open_host().read(id).content))
            found = [key] if key in own else []
    if len(found) != 1:
        raise BadInputError(
            f"{name!r} has no example {id!r}; give an id that `class show` lists, or its file"
        )
    return found[0]
