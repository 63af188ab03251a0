"""Two general tasks under lm-evaluation-harness, before and after facts were written.

python -m experiments.retention.general experiments/configs/general-smollm2.toml --model smollm2

The tasks are made here of the package's running text, so that nothing is fetched: which of four
sentences follows another, and the last word of a sentence. The facts are CounterFact's.
"""

import json
import random
import re
import tempfile
import tomllib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from experiments.record import run_recorded
from experiments.retention.command import command
from oneshot.hosts.corpus import background_text
from oneshot.hosts.load import Host, load_host
from oneshot.retention.methods.interface import Method
from oneshot.retention.methods.registry import BARE, make_method
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.registry import build_suite
from oneshot.retention.suites.sampling import Bare, Material

CHOICES, SHORTEST, LONGEST = 4, 8, 40  # sentences to choose from; words of a sentence
SENTENCE = re.compile(r"(?<=[a-z)]\.) (?=[A-Z])")
TASKS = {"follows": "multiple_choice", "last_word": "loglikelihood"}
TASK = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
  cache_dir: {cache}
test_split: test
output_type: {kind}
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def documents(count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """The questions of each task, as many as the text has where it has fewer than `count`."""
    rng = random.Random(seed)
    texts = [[s for s in SENTENCE.split(t) if _fits(s)] for t in background_text()]
    pairs = [(found[0], found[1]) for found in texts if len(found) > 1]
    rng.shuffle(pairs)
    follows, last = [], []
    for first, second in pairs[:count]:
        wrong = rng.sample([s for _, s in pairs if s != second], CHOICES - 1)
        choices = rng.sample([second, *wrong], CHOICES)
        follows.append({"prompt": first, "answer": choices.index(second), "choices": choices})
        prompt, _, word = first.rstrip(".").rpartition(" ")
        last.append({"prompt": prompt, "answer": f" {word}"})
    return {"follows": follows, "last_word": last}


def _fits(sentence: str) -> bool:
    return SHORTEST <= len(sentence.split()) <= LONGEST and sentence.endswith(".")


def write_tasks(folder: Path, count: int, seed: int) -> None:
    """The tasks as the harness takes them: a YAML file and its questions each."""
    for name, rows in documents(count, seed).items():
        data = folder / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        text = TASK.format(name=name, data=data, kind=TASKS[name], cache=folder / "cache")
        choices = 'doc_to_choice: "{{choices}}"\n' if name == "follows" else ""
        (folder / f"{name}.yaml").write_text(text + choices)


def scores(host: Host, method: Method, folder: Path) -> dict[str, dict[str, float]]:
    """What a method's model comes to on each task, with its standard error."""
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(folder), include_defaults=False)
    with method.taught() as model:
        wrapped = HFLM(pretrained=model, tokenizer=host.tokenizer, batch_size=8)
        found = simple_evaluate(wrapped, tasks=list(TASKS), task_manager=manager)["results"]
    return {
        name: {"acc": round(found[name]["acc,none"], 4), "error": found[name]["acc_stderr,none"]}
        for name in TASKS
    }


def examined(
    host: Host, config: dict[str, Any], methods: Sequence[str], data: Path
) -> dict[str, Any]:
    """Every method's scores after the facts; the bare model's are those before them."""
    material = Material(host, Bare(host), DataFolder(data), config["facts"], 1)
    requests = build_suite(config["suite"], material).requests
    rows = {}
    with tempfile.TemporaryDirectory(prefix="oneshot-general-") as place:
        write_tasks(Path(place), config["questions"], config["seed"])
        for name in methods:
            settings = config["settings"].get(name)
            with closing(make_method(name, host, settings=settings)) as method:
                if name != BARE:
                    method.write(requests)
                rows[name] = scores(host, method, Path(place))
                print(name, rows[name], flush=True)
    return {"facts": len(requests), "methods": rows}


def main() -> None:
    """Examine the methods of a configuration, and write the record."""
    given = command(__doc__).parse_args()
    torch.set_num_threads(1)
    config = tomllib.loads(given.config.read_text("utf-8"))
    methods = config["methods"]

    def experiment() -> dict[str, Any]:
        return examined(load_host(given.model), config, methods, given.data)

    named = config | {"model": given.model}
    print(run_recorded(given.config.stem, named, [given.config], experiment))


if __name__ == "__main__":
    main()
