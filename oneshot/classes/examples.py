"""Examples on their way into the weights: read, encoded and stored."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from oneshot.classes.folder.files import Stored, example_key
from oneshot.classes.folder.store import ClassStore
from oneshot.classes.hosts.host import ClassHost, Content, digest
from oneshot.errors import BadInputError, OneshotError


@dataclass(frozen=True, eq=False)
class ReadExample:
    """An example that was read and not yet encoded."""

    key: str
    source: str
    digest: str
    content: Content


def read_examples(
    host: ClassHost, name: str, sources: Iterable[str], left_out: list[str] | None
) -> list[ReadExample]:
    """Files or texts as examples of a class.

    Raises BadInputError for one that cannot be read; where there is a list of what is `left_out`,
    it is added to that with the reason instead.
    """
    found = list[ReadExample]()
    for source in sources:
        try:
            content = host.read(source)
        except BadInputError as error:
            if left_out is None:
                raise
            left_out.append(f"left out: {error}")
            continue
        said = digest(content)
        found.append(ReadExample(example_key(name, said), source, said, content))
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
            key = example_key(name, digest(open_host().read(id)))
            found = [key] if key in own else []
    if len(found) != 1:
        raise BadInputError(
            f"{name!r} has no example {id!r}; give an id that `class show` lists, or its file"
        )
    return found[0]
