"""Write the trained host into the package: fp16 weights, tokenizer, configuration and its figures.

python -m experiments.host.export --work build/host
"""

import argparse
import json
import random
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, processors
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

from adapters.write.state import save_calibration
from experiments.host.split import CORPUS
from experiments.host.stream import EOS, LENGTH, Corpus
from experiments.host.train import build_model, recall
from oneshot.facts.calibrated import calibration_name, make_calibration
from oneshot.hosts.load import load_host
from oneshot.progress import silent

TARGET = CORPUS.parent / "factual_lm"
CALIBRATIONS = CORPUS.parent / "calibrations"
SAMPLE = 3000


def export_tokenizer(path: Path, target: Path) -> Tokenizer:
    """A fast tokenizer that starts every text with the separator, as in training."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|eos|> $A", special_tokens=[("<|eos|>", EOS)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|eos|>",
        eos_token="<|eos|>",
        pad_token="<|eos|>",
        model_max_length=LENGTH,
        clean_up_tokenization_spaces=False,
    )
    wrapped.save_pretrained(target)
    return Tokenizer.from_file(str(path))


def write_calibration(target: Path) -> None:
    """Calibrate the exported host and put the result into the package, for its first use."""
    host = load_host(str(target))
    save_calibration(make_calibration(host, silent), CALIBRATIONS / calibration_name(host.hash))


def drop_calibration(target: Path) -> None:
    """Take the packaged calibration of the host that stood there before out of the package."""
    if (target / "config.json").exists():
        (CALIBRATIONS / calibration_name(load_host(str(target)).hash)).unlink(missing_ok=True)


def figures(model: GPT2LMHeadModel, tokenizer: Tokenizer, corpus: Corpus) -> dict[str, float]:
    """Greedy recall, stop included, of known facts on trained and on held-out wordings."""
    rng = random.Random(11)
    result: dict[str, float] = {}
    for kind in ("main", "held_out"):
        facts = [f for f in corpus.known if corpus.templates[f["relation"]][kind]]
        pairs = []
        for fact in rng.sample(facts, min(SAMPLE, len(facts))):
            prompt = rng.choice(corpus.templates[fact["relation"]][kind]).replace(
                "{}", fact["subject"]
            )
            pairs.append((prompt, f" {fact['object']}."))
        result[kind] = recall(model, tokenizer, pairs)
        result[f"{kind}_n"] = len(pairs)
    return result


def main() -> None:
    """Export the last checkpoint and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("build/host"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    drop_calibration(arguments.target)
    tokenizer = export_tokenizer(arguments.work / "tokenizer.json", arguments.target)
    model = build_model(tokenizer.get_vocab_size())
    tensors = load_file(arguments.work / "checkpoint.safetensors")
    model.load_state_dict(
        {n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")},
        strict=False,
    )
    model = model.half()
    model.config.dtype = torch.float16
    model.save_pretrained(arguments.target)
    write_calibration(arguments.target)
    step = json.loads((arguments.work / "step.json").read_text())["step"]
    print(
        json.dumps(
            {"step": step} | figures(model.float().eval(), tokenizer, Corpus(arguments.data))
        )
    )


if __name__ == "__main__":
    main()
