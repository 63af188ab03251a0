"""Facts as keys and values in front of a question, for a host to reason with: a record.

    python -m experiments.facts.chains.recalled experiments/configs/facts-recalled-smollm2.toml

Each fact is read once by itself, as when it is taught, and its keys and values are put in front of
whatever names its subject; the adapter is off. Asked are chains of relations that no calibration
saw, their single facts, and the same phrases with relations that nobody taught, which are to be
answered as by the bare host. Beside it stand the same facts as text, and the bare host.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from adapters.host.caches import cache_name
from experiments.facts.chains.material import RELATIONS, Chain, Config, own_chains
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.facts.answering import ids_of, short
from oneshot.facts.manner import CHAT
from oneshot.hosts.load import Host, load_host
from oneshot.retention.measures.scores import interval

TOKENS = 24  # of an answer

Layers = list[tuple[Tensor, Tensor]]
Said = Callable[[Chain, str], str]


def as_text(host: Host, chain: Chain, question: str) -> str:
    """What the host says with the facts as text in front of the question."""
    told = " ".join(f"{f.prompt} {f.answer}." for f in chain.facts)
    return _said(host, ids_of(host, f"{told} {question}", CHAT))


def as_prefix(host: Host, chain: Chain, question: str) -> str:
    """What it says with the keys and values of each fact in front."""
    parts, start = list[Layers](), 0
    for fact in chain.facts:
        ids = host.tokenizer(f"{fact.prompt} {fact.answer}. ")["input_ids"]
        parts.append(_read(host, ids, start))
        start += len(ids)
    return _said(host, ids_of(host, question, CHAT), parts)


def bare(host: Host, _chain: Chain, question: str) -> str:
    """What it says by itself."""
    return _said(host, ids_of(host, question, CHAT))


@torch.inference_mode()
def _read(host: Host, ids: Sequence[int], start: int) -> Layers:
    """A text's keys and values at the positions from `start` on, of each layer."""
    places = torch.arange(start, start + len(ids))[None]
    cache = DynamicCache()
    host.model(torch.tensor([ids]), position_ids=places, **{cache_name(host.model): cache})
    layers: list[Any] = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


@torch.inference_mode()
def _said(host: Host, ids: Sequence[int], parts: Sequence[Layers] = ()) -> str:
    """The answer behind some tokens; what the parts hold stands before them."""
    cache = DynamicCache()
    for number, layers in enumerate(zip(*parts, strict=True)):
        keys, values = (torch.cat(x, 2) for x in zip(*layers, strict=True))
        cache.update(keys, values, number)
    before = cache.get_seq_length()
    given = torch.tensor([[0] * before + list(ids)])  # of what the cache holds no id is read
    made = host.model.generate(
        given,
        attention_mask=torch.ones_like(given),
        **{cache_name(host.model): cache},
        max_new_tokens=TOKENS,
        do_sample=False,
        pad_token_id=host.tokenizer.eos_token_id,
    )
    return short(host.tokenizer.decode(made[0, given.shape[1] :], skip_special_tokens=True))


def counted(host: Host, chains: Sequence[Chain], said: Said) -> dict[str, Any]:
    """Shares of right answers, and of other relations answered as by the bare host."""
    composed = [c.answers[0] in said(c, q) for c in chains for q in c.questions]
    singles = [
        wanted[0] in said(c, q)
        for c in chains
        for q, wanted in zip(c.singles, c.single_answers, strict=True)
    ]
    kept = [said(c, q) == bare(host, c, q) for c in chains for q in c.others]
    rows = {"composed": composed, "singles": singles, "other relation": kept}
    return {name: interval(row) for name, row in rows.items()}


def experiment(config: Config) -> dict[str, Any]:
    """Every way on the same chains."""
    host, chains = load_host(config.host), own_chains(config)
    ways = {"as keys and values": as_prefix, "as text": as_text, "bare": bare}
    return {name: counted(host, chains, partial(way, host)) for name, way in ways.items()}


def main() -> None:
    """Run the configurations of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("configs", nargs="+", type=Path)
    for path in parser.parse_args().configs:
        config = read_plan(path, Config)
        work = partial(experiment, config)
        print(run_recorded(path.stem, asdict(config), [RELATIONS], work))


if __name__ == "__main__":
    main()
