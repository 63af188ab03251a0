"""The shipped facts, wordings and running text: what hosts are calibrated and tested on."""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

FOLDER = files("oneshot.hosts") / "corpus"
Split = Literal["known", "tune", "test"]


@dataclass(frozen=True)
class CorpusFact:
    """A T-REx fact with one object; `split` says who may see it."""

    subject: str
    relation: str
    object: str
    split: Split


@dataclass(frozen=True)
class Wordings:
    """The wordings of one relation; the host has never seen `held_out`."""

    label: str
    main: tuple[str, ...]
    held_out: tuple[str, ...]
    loose: tuple[str, ...]


@cache
def corpus_facts() -> tuple[CorpusFact, ...]:
    """All shipped facts."""
    text = gzip.decompress((FOLDER / "facts.jsonl.gz").read_bytes()).decode("utf-8")
    return tuple(CorpusFact(**json.loads(line)) for line in text.split("\n") if line)


@cache
def corpus_wordings() -> dict[str, Wordings]:
    """Wordings by relation id."""
    entries = json.loads((FOLDER / "templates.json").read_text("utf-8"))
    return {
        relation: Wordings(e["label"], tuple(e["main"]), tuple(e["held_out"]), tuple(e["loose"]))
        for relation, e in entries.items()
    }


@cache
def background_text() -> tuple[str, ...]:
    """Public-domain paragraphs of running text."""
    text = gzip.decompress((FOLDER / "background.txt.gz").read_bytes()).decode("utf-8")
    return tuple(text.splitlines())
