"""Plain text: a sentence or more in each line; lines that begin with # are remarks."""

from collections.abc import Iterator

from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The facts of each line."""
    for place, line in content.lines():
        if line.startswith("#"):
            yield left_out(place, line, "a remark")
        else:
            yield from understanding.sentences(place, line)
