"""Three tasks of sentences that no host was made for: tickets, moods and languages.

    python -m experiments.classes.protocols.tasks experiments/configs/classes-tasks.toml

The sentences lie in experiments/classes/tasks, forty a class: the first, third, fifth and so on may
be taught, the others are asked. Readings and metrics were chosen on the former (`--tuning`).
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int64
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from experiments.classes.answered import share
from experiments.plans import read_plan
from experiments.record import run_recorded
from oneshot.classes.calibrated import host_calibration
from oneshot.classes.evaluation import places_of
from oneshot.classes.folder.opening import open_host
from oneshot.classes.hosts.host import Kind
from oneshot.classes.writers.calibration import WRITERS, Calibration, load_calibration
from oneshot.classes.writers.held_out import judge

FOLDER = Path(__file__).parents[1] / "tasks"
TASKS = "tickets", "moods", "languages"


@dataclass(frozen=True)
class Plan:
    """Hosts by name, and how many examples of a class are taught in how many draws."""

    hosts: tuple[str, ...] = ("factual-lm", "smollm2")
    shots: tuple[int, ...] = (5, 20)
    draws: int = 20

    def __post_init__(self) -> None:
        # TOML has lists only.
        object.__setattr__(self, "hosts", tuple(self.hosts))
        object.__setattr__(self, "shots", tuple(self.shots))


@dataclass(frozen=True, eq=False)
class Task:
    """Sentences with places of classes."""

    texts: list[str]
    labels: Int64[Tensor, " n"]


Answer = Callable[[Tensor, Tensor], Tensor]
"""From the rows that are taught and those that are asked: places of classes, -1 for none."""


def read_task(name: str) -> Task:
    """A task's sentences."""
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    names = sorted({record["class"] for record in records})
    labels = torch.tensor([names.index(record["class"]) for record in records])
    return Task([record["text"] for record in records], labels)


def draws(task: Task, shots: int, count: int, tuning: bool) -> list[tuple[Tensor, Tensor]]:
    """Taught and asked rows; where all that may be is taught, there is one draw."""
    rows = [torch.where(task.labels == label)[0] for label in task.labels.unique()]
    found = list[tuple[Tensor, Tensor]]()
    for seed in range(1 if shots >= len(rows[0]) // 2 else count):
        generator = torch.Generator().manual_seed(seed)
        orders = [r[::2][torch.randperm(len(r[::2]), generator=generator)] for r in rows]
        taught = torch.cat([order[:shots] for order in orders])
        asked = [order[shots:] for order in orders] if tuning else [r[1::2] for r in rows]
        found.append((taught, torch.cat(asked)))
    return found


def by_words(task: Task) -> Answer:
    """TF-IDF with logistic regression, which knows nothing before it is taught."""

    def answer(taught: Tensor, asked: Tensor) -> Tensor:
        words = TfidfVectorizer().fit([task.texts[i] for i in taught])
        known, new = (words.transform([task.texts[i] for i in rows]) for rows in (taught, asked))
        model = LogisticRegression(C=10, max_iter=1000).fit(known, task.labels[taught].numpy())
        return torch.from_numpy(model.predict(new))

    return answer


def by_probe(task: Task, x: Float[Tensor, "n width"]) -> Answer:
    """Logistic regression on a host's features, in the metric's coordinates."""

    def answer(taught: Tensor, asked: Tensor) -> Tensor:
        model = LogisticRegression(C=0.1, max_iter=2000)
        model.fit(x[taught].numpy(), task.labels[taught].numpy())
        return torch.from_numpy(model.predict(x[asked].numpy()))

    return answer


def by_rule(
    task: Task, calibration: Calibration, features: Tensor, rule: str
) -> tuple[Answer, Answer]:
    """A folder's answers, forced and as `guess` gives them; none at all where it refuses."""
    x, codes = calibration.metric.coordinates(features), calibration.metric.codes(features)
    found = dict[tuple[int, ...], tuple[Tensor, Tensor]]()

    def both(taught: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        key = tuple(taught.tolist())
        if key not in found:
            found[key] = judged(taught, asked)
        return found[key]

    def judged(taught: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        writer, labels = calibration.writer(rule), task.labels[taught]
        for label in labels.unique().tolist():
            writer.add_codes(f"{label:03}", codes[taught[labels == label]])
        judgement = judge(calibration.sharpness[rule], writer)
        said = judgement.sharpness.probabilities(writer.evidence(x[asked]))
        forced, places = said[:, :-1].argmax(1), places_of(said)
        refused = judgement.by_chance(len(writer.names))
        answered = (places < len(writer.names)) & (not refused)
        return forced, places.where(answered, -1)

    return lambda taught, asked: both(taught, asked)[0], lambda taught, asked: both(taught, asked)[
        1
    ]


def measured(task: Task, answer: Answer, plan: Plan, tuning: bool) -> dict[str, Any]:
    """Per cent right and called none, by shots, with half of 95 % intervals."""
    found = dict[str, Any]()
    for shots in plan.shots:
        taken = draws(task, shots, plan.draws, tuning)
        given = [answer(taught, asked) for taught, asked in taken]
        truth = [task.labels[asked] for _, asked in taken]
        found[str(shots)] = {
            "n": sum(map(len, truth)),
            "right": share([g == t for g, t in zip(given, truth, strict=True)]),
            "none": share([g < 0 for g in given]),
            "refused": sum(bool((g < 0).all()) for g in given),
            "draws": len(taken),
        }
    return found


def experiment(plan: Plan, tuning: bool) -> dict[str, Any]:
    """Every task on every host."""
    tasks = {name: read_task(name) for name in TASKS}
    found: dict[str, Any] = {
        name: {"classes": int(task.labels.max()) + 1, "words": {}} for name, task in tasks.items()
    }
    for name, task in tasks.items():
        found[name]["words"] = measured(task, by_words(task), plan, tuning)
        print(name, found[name]["words"], flush=True)
    for host_name in plan.hosts:
        host = open_host(Kind.TEXT, host_name, "cpu")
        calibration = load_calibration(host_calibration(host))
        for name, task in tasks.items():
            features = host.features(task.texts)
            answers = {"probe": by_probe(task, calibration.metric.coordinates(features))}
            for rule in WRITERS:
                forced, guessed = by_rule(task, calibration, features, rule)
                answers |= {rule: forced, f"{rule}, as guess answers": guessed}
            figures = {a: measured(task, answer, plan, tuning) for a, answer in answers.items()}
            found[name][host_name] = figures
            print(host_name, name, figures, flush=True)
    return found


def main() -> None:
    """Run one config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tuning", action="store_true", help="taught sentences alone, no record")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plan = read_plan(options.config, Plan)
    if options.tuning:
        experiment(Plan(plan.hosts, (5,), plan.draws), tuning=True)
        return
    data = [options.config, *(FOLDER / f"{name}.jsonl" for name in TASKS)]
    run = lambda: experiment(plan, tuning=False)  # noqa: E731
    print(run_recorded(options.config.stem, asdict(plan), data, run))


if __name__ == "__main__":
    main()
