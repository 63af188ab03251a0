"""Running text for a host: half prose, half facts that the packaged host was trained on."""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor

from oneshot.hosts.corpus import background_text, corpus_facts, corpus_wordings
from oneshot.hosts.load import Host

LENGTH, ROWS = 96, 16  # tokens of a passage, passages of a batch


def prefixes(count: int) -> list[str]:
    """Openings of running text, each to stand before a prompt."""
    return [" ".join(text.split()[:5]) + "." for text in background_text()[:count]]


def passages(host: Host, tokens: int) -> Iterator[Int[Tensor, "rows seq"]]:
    """About so many tokens of the host's text, in batches of passages of one length."""
    for texts in (background_text(), _known_facts()):
        ids: list[int] = []
        for text in texts:
            if len(ids) >= tokens // 2:
                break
            ids += host.tokenizer(" " + text)["input_ids"]
        rows = [ids[i : i + LENGTH] for i in range(0, len(ids) - LENGTH + 1, LENGTH)]
        for start in range(0, len(rows), ROWS):
            yield torch.tensor(rows[start : start + ROWS], device=host.model.device)


def _known_facts() -> Iterator[str]:
    wordings = corpus_wordings()
    for number, fact in enumerate(f for f in corpus_facts() if f.split == "known"):
        choice = wordings[fact.relation].main
        wording = choice[number % len(choice)].replace("{}", fact.subject)
        yield f"{wording} {fact.object}."
