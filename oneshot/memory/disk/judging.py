"""Which segment files are sound, and what is wrong with the others."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from oneshot.errors import BrainError
from oneshot.memory.disk.segment_file import Layout, Segments, damage, layout_of, read_segment

Kept = TypeVar("Kept")


def read_all(paths: Iterator[Path]) -> tuple[dict[Path, Segments], dict[Path, BrainError]]:
    """All sound segments, and what is wrong with others."""
    return judged(paths, lambda segment: segment)


def judged(
    paths: Iterator[Path], keep: Callable[[Segments], Kept]
) -> tuple[dict[Path, Kept], dict[Path, BrainError]]:
    """What is kept of sound segments, read one after the other, and what is wrong with others."""
    sound: dict[Path, Kept] = {}
    forms: dict[Path, tuple[Layout, int]] = {}
    broken: dict[Path, BrainError] = {}
    for path in paths:
        try:
            segment = read_segment(path)
        except BrainError as error:
            broken[path] = error
        else:
            sound[path] = keep(segment)
            forms[path] = layout_of(segment.rows), len(segment.records)
    facts: Counter[Layout] = Counter()
    for layout, count_ in forms.values():
        facts[layout] += count_
    usual = [layout for layout, _ in facts.most_common(1)]
    for path in [path for path in sound if [forms[path][0]] != usual]:
        broken[path] = damage(path, "its tensors disagree with those of the other segments")
        del sound[path]
    return sound, broken
