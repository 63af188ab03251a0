"""Memories of mem0: JSON of objects with a text under `memory`, in a list or under `results`."""

from collections.abc import Iterator
from typing import Any

from oneshot.facts.sources.person import by_user
from oneshot.facts.sources.understanding import Content, Item, Understanding, left_out

LISTS = "results", "memories"


def fits(content: Content) -> bool:
    """Whether there is a memory."""
    return any(isinstance(memory.get("memory"), str) for _, memory in _memories(content))


def items(content: Content, understanding: Understanding) -> Iterator[Item]:
    """The facts of each memory, as its user says them; by name where there are several users."""
    found = list(_memories(content))
    users = {memory.get("user_id") for _, memory in found if memory.get("user_id")}
    for place, memory in found:
        text, user = memory.get("memory"), memory.get("user_id")
        if not isinstance(text, str) or not text.strip():
            yield left_out(place, str(memory), "no text under memory")
            continue
        name = str(user) if user and len(users) > 1 else None
        yield from understanding.sentences(place, text.strip(), by_user(name))


def _memories(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, value in content.values or ():
        inner = next((value[k] for k in LISTS if isinstance(value.get(k), list)), None)
        if inner is None:
            yield place, value
            continue
        for number, memory in enumerate(inner, start=1):
            if isinstance(memory, dict):
                yield f"memory {number}", memory
