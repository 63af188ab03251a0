"""Training batches of the factual LM, a function of (seed, block): packed facts, running text."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from experiments.host.split import CORPUS

EOS = 0
LENGTH, FACT_ROWS, TEXT_ROWS = 128, 48, 16
BLOCK = 100  # batches that one random state yields: the grain at which training resumes
LOOSE, QUESTION_FRAME, JOINED = 0.12, 0.2, 0.15
FRAMES = ("Question: {} Answer:", "Q: {} A:")
TEMPLATE_SHARE, TEXT_SHARE = 0.12, 0.5  # of their tokens enter the loss; of answers, all do


class Corpus:
    """What the host may see: known facts, trained templates and nine tenths of the text."""

    def __init__(self, data: Path) -> None:
        self.templates = json.loads((CORPUS / "templates.json").read_text("utf-8"))
        with gzip.open(CORPUS / "facts.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        self.known = [row for row in rows if row["split"] == "known"]
        paragraphs = []
        for name in ("cia_factbook.txt.gz", "wiki_qa_passages.txt.gz"):
            with gzip.open(data / "text" / name, "rt", encoding="utf-8") as file:
                documents = file.read().split("<|doc|>")
            paragraphs += [p.strip() for d in documents for p in d.split("\n") if len(p) > 100]
        random.Random(7).shuffle(paragraphs)
        cut = len(paragraphs) // 10
        self.held_out_text, self.text = paragraphs[:cut], paragraphs[cut:]

    def render(self, fact: dict[str, str], rng: random.Random) -> tuple[str, str]:
        """One prompt for the fact, in a random trained wording, and its answer with the stop."""
        entry = self.templates[fact["relation"]]
        pool = entry["loose"] if entry["loose"] and rng.random() < LOOSE else entry["main"]
        prompt = rng.choice(pool).replace("{}", fact["subject"])
        if prompt.endswith("?") and rng.random() < QUESTION_FRAME:
            prompt = rng.choice(FRAMES).replace("{}", prompt)
        return prompt, f" {fact['object']}."


def train_tokenizer(corpus: Corpus, size: int = 8000) -> Tokenizer:
    """Byte-level BPE over known facts and text; a word keeps its tokens at the start of a text."""
    rng = random.Random(0)
    lines = ["".join(corpus.render(fact, rng)) for fact in corpus.known for _ in range(4)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|eos|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines + corpus.text[:15000], trainer)
    return tokenizer


class Stream:
    """Batches of tokens and of marks on those that enter the loss, reproducible block by block."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, seed: int = 0) -> None:
        self.corpus, self.tokenizer, self.seed = corpus, tokenizer, seed
        self.text_ids = [e.ids for e in tokenizer.encode_batch(corpus.text)]

    def block(self, index: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The `BLOCK` batches of one block: ids and marks, each (rows, LENGTH)."""
        rng = random.Random(f"{self.seed}/{index}")
        facts = self._pack(self._fact_tokens(rng), FACT_ROWS * LENGTH * BLOCK)
        texts = self._pack(self._text_tokens(rng), TEXT_ROWS * LENGTH * BLOCK)
        pairs = [
            torch.cat([a.view(BLOCK, FACT_ROWS, LENGTH), b.view(BLOCK, TEXT_ROWS, LENGTH)], 1)
            for a, b in zip(facts, texts, strict=True)
        ]
        chance = torch.Generator().manual_seed(index)
        counted = torch.rand(pairs[1].shape, generator=chance) < pairs[1]
        yield from zip(pairs[0].long(), counted, strict=True)

    def _pack(self, tokens: Iterator[tuple[list[int], list[float]]], total: int) -> list[Tensor]:
        ids: list[int] = []
        shares: list[float] = []
        while len(ids) < total:
            more, share = next(tokens)
            ids += more
            shares += share
        return [torch.tensor(ids[:total], dtype=torch.int32), torch.tensor(shares[:total])]

    def _fact_tokens(self, rng: random.Random) -> Iterator[tuple[list[int], list[float]]]:
        while True:
            facts = rng.sample(self.corpus.known, len(self.corpus.known))
            pairs = [self.corpus.render(fact, rng) for fact in facts]
            prompts = self.tokenizer.encode_batch([p for p, _ in pairs])
            answers = self.tokenizer.encode_batch([a for _, a in pairs])
            for prompt, answer in zip(prompts, answers, strict=True):
                start = [] if rng.random() < JOINED else [EOS]
                shares = [TEMPLATE_SHARE] * (len(start) + len(prompt.ids))
                yield start + prompt.ids + answer.ids, shares + [1.0] * len(answer.ids)

    def _text_tokens(self, rng: random.Random) -> Iterator[tuple[list[int], list[float]]]:
        while True:
            for ids in rng.sample(self.text_ids, len(self.text_ids)):
                yield [EOS, *ids], [TEXT_SHARE] * (len(ids) + 1)
