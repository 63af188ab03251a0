"""Tables of made-up names, for the tests of names in texts."""

import torch

from adapters.text.names import closed_keys, name_keys
from adapters.text.table import NameTable, SortedKeys, keys_of_names
from adapters.write.rows import NAMES


def table(*names: str | tuple[str, ...]) -> NameTable:
    """A table of names, each with its aliases."""
    known = [(name,) if isinstance(name, str) else name for name in names]
    parts = [
        keys_of_names([*name_keys(n[0], n[1:]), *closed_keys(n[0], n[1:])], NAMES) for n in known
    ]
    keys, firsts = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    return NameTable(SortedKeys.build(keys, firsts, max(part[2] for part in parts)))


def found(text: str, *names: str | tuple[str, ...]) -> list[str]:
    """The names found in a text, as they stand there."""
    return [text[m.start : m.end] for m, _ in table(*names).mentions(text)]
