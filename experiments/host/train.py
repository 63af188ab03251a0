"""Train the packaged factual language model; resumes from its last checkpoint.

    python -m experiments.host.train --steps 6000 --work build/host

A warm-up, a constant and a decaying phase (the last --decay part of the steps): to train longer
from a checkpoint of the constant phase, raise --steps.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from experiments.host.stream import BLOCK, EOS, LENGTH, Corpus, Stream, train_tokenizer

WARMUP = 100
CHECK_FACTS = 600


@dataclass(frozen=True)
class Rates:
    """Learning rates of the two optimisers: Muon on matrices, AdamW on the rest."""

    muon: float = 0.02
    adamw: float = 2e-3


def build_model(vocabulary: int) -> GPT2LMHeadModel:
    """A GPT-2 shape of 13.8 M parameters, no dropout."""
    config = GPT2Config(
        vocab_size=vocabulary, n_positions=LENGTH, n_embd=384, n_layer=6, n_head=6,
        activation_function="gelu_pytorch_tanh", resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=EOS, eos_token_id=EOS,
        pad_token_id=EOS,
    )  # fmt: skip
    model = GPT2LMHeadModel._from_config(config, attn_implementation="eager")
    assert isinstance(model, GPT2LMHeadModel), "made from its own configuration"
    return model


def build_optimizers(model: nn.Module, rates: Rates) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings, gains and biases."""
    inner = [p for n, p in model.named_parameters() if p.ndim == 2 and ".h." in n]
    outer = [p for n, p in model.named_parameters() if not (p.ndim == 2 and ".h." in n)]
    return [
        torch.optim.Muon(inner, lr=rates.muon, weight_decay=0.01, adjust_lr_fn="original"),
        torch.optim.AdamW(outer, lr=rates.adamw, weight_decay=0.01, betas=(0.9, 0.98), fused=True),
    ]


def schedule(step: int, steps: int, decay: float) -> float:
    """Share of the full rate: linear warm-up, constant, linear decay to zero."""
    return min(1.0, (step + 1) / WARMUP, (steps - step) / (decay * steps))


def loss_of(trunk: Callable[..., Any], head: nn.Module, ids: Tensor, counted: Tensor) -> Tensor:
    """Next-token cross-entropy of the counted positions; `ids` and `counted` are (rows, LENGTH)."""
    with torch.autocast("cpu", torch.bfloat16):
        states = trunk(input_ids=ids, use_cache=False).last_hidden_state
        logits = head(states[:, :-1][counted[:, 1:]])
    return nn.functional.cross_entropy(logits.float(), ids[:, 1:][counted[:, 1:]])


@torch.inference_mode()
def recall(model: nn.Module, tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> float:
    """Share of (prompt, answer) pairs whose whole answer, stop included, is the greedy choice."""
    right = 0
    for start in range(0, len(pairs), 64):
        part = pairs[start : start + 64]
        prompts = [[EOS, *tokenizer.encode(p).ids] for p, _ in part]
        wholes = [p + tokenizer.encode(a).ids for p, (_, a) in zip(prompts, part, strict=True)]
        ids = torch.full((len(part), max(map(len, wholes))), EOS)
        for row, whole in zip(ids, wholes, strict=True):
            row[: len(whole)] = torch.tensor(whole)
        chosen = model(input_ids=ids).logits.argmax(-1)
        for i, (prompt, whole) in enumerate(zip(prompts, wholes, strict=True)):
            right += chosen[i, len(prompt) - 1 : len(whole) - 1].tolist() == whole[len(prompt) :]
    return right / len(pairs)


def check(model: nn.Module, tokenizer: Tokenizer, corpus: Corpus) -> dict[str, float]:
    """Recall of known facts on trained and on held-out templates (a fixed sample of each)."""
    rng = random.Random(5)
    facts = rng.sample(corpus.known, CHECK_FACTS)
    result = {}
    for kind in ("main", "held_out"):
        pairs = []
        for fact in facts:
            pool = corpus.templates[fact["relation"]][kind]
            if pool:
                prompt = rng.choice(pool).replace("{}", fact["subject"])
                pairs.append((prompt, f" {fact['object']}."))
        result[kind] = recall(model, tokenizer, pairs)
    return result


def save(work: Path, step: int, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> None:
    """Write a checkpoint under a temporary name and rename it."""
    tensors = {f"model/{n}": p.detach().contiguous() for n, p in model.named_parameters()}
    for k, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"opt/{k}/{index}/{n}": torch.as_tensor(v) for n, v in state.items()}
    tensors = {n: t.clone() for n, t in tensors.items()}
    save_file(tensors, work / "checkpoint.tmp", {"step": str(step)})
    os.replace(work / "checkpoint.tmp", work / "checkpoint.safetensors")
    (work / "step.json").write_text(json.dumps({"step": step}))


def restore(work: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> int:
    """Load the last checkpoint, if any; the step to go on with."""
    if not (work / "checkpoint.safetensors").exists():
        return 0
    tensors = load_file(work / "checkpoint.safetensors")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model/{name}"])
    for k, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(f"opt/{k}/"):
                _, _, index, key = name.split("/")
                state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return int(json.loads((work / "step.json").read_text())["step"])


def train(work: Path, data: Path, steps: int, decay: float, rates: Rates, seed: int = 0) -> None:
    """Train to `steps`, a checkpoint and a line of figures every block."""
    torch.manual_seed(seed)
    work.mkdir(parents=True, exist_ok=True)
    corpus = Corpus(data)
    if not (work / "tokenizer.json").exists():
        train_tokenizer(corpus).save(str(work / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    model = build_model(tokenizer.get_vocab_size())
    optimizers = build_optimizers(model, rates)
    first = restore(work, model, optimizers)
    trunk, stream, began = (
        torch.compile(model.transformer),
        Stream(corpus, tokenizer, seed),
        time.time(),
    )
    for block in range(first // BLOCK, steps // BLOCK):
        total = 0.0
        for offset, (ids, counted) in enumerate(stream.block(block)):
            share = schedule(block * BLOCK + offset, steps, decay)
            for optimizer, rate in zip(optimizers, (rates.muon, rates.adamw), strict=True):
                optimizer.param_groups[0]["lr"] = rate * share
            loss = loss_of(trunk, model.lm_head, ids, counted)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            total += loss.item()
        save(work, (block + 1) * BLOCK, model, optimizers)
        figures = {
            "step": (block + 1) * BLOCK,
            "loss": round(total / BLOCK, 4),
            "seconds": round(time.time() - began),
        }
        if block % 3 == 2:
            figures |= check(model, tokenizer, corpus)
        with (work / "log.jsonl").open("a") as log:
            log.write(json.dumps(figures) + "\n")
        print(figures, flush=True)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("build/host"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--decay", type=float, default=0.4)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.work, arguments.data, arguments.steps, arguments.decay, Rates())


if __name__ == "__main__":
    main()
