"""The taught model under lm-evaluation-harness, on a small local task."""

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import torch
from brains import answers, caches, open_tiny, refused, statements

from oneshot.errors import BrainError
from oneshot.facts.types import Statement

pytest.importorskip("lm_eval", reason="lm-eval is not installed: pip install 'oneshot[harness]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # the harness's own

__all__ = ["caches"]

FACTS, STRANGERS = statements(4), statements(2, start=40)
YAML = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
  cache_dir: {cache}
test_split: test
output_type: {kind}
doc_to_text: "{{{{prompt}}}}"
"""
SAY = """
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["."], max_gen_toks: 8, do_sample: false}
filter_list: [{name: said, filter: [{function: remove_whitespace}, {function: take_first}]}]
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
SCORE = """
doc_to_target: " {{answer}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    with open_tiny(tmp_path / "brain") as learner:
        learner.write(FACTS)
        assert answers(learner, FACTS) == [fact.answer for fact in FACTS]
    return tmp_path / "brain"


@pytest.fixture
def tasks(tmp_path: Path) -> Any:
    """Two tasks on the taught facts: say the answer, and rate it."""
    from lm_eval.tasks import TaskManager

    data = tmp_path / "facts.jsonl"
    rows = [{"prompt": f.prompt, "answer": f.answer} for f in (*FACTS, *STRANGERS)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, kind, rest in (("say", "generate_until", SAY), ("score", "loglikelihood", SCORE)):
        text = YAML.format(name=f"taught_{name}", data=data, kind=kind, cache=tmp_path / "data")
        (tmp_path / f"{name}.yaml").write_text(text + rest)
    return TaskManager(include_path=str(tmp_path), include_defaults=False)


def evaluated(brain: Path, tasks: Any, **options: Any) -> dict[str, float]:
    from lm_eval import simple_evaluate

    from oneshot.facts.harness import TaughtLM

    model = TaughtLM(str(brain), **options)
    results = simple_evaluate(
        model, tasks=["taught_say", "taught_score"], task_manager=tasks, bootstrap_iters=0
    )["results"]
    return {
        "say": results["taught_say"]["exact_match,said"],
        "score": results["taught_score"]["acc,none"],
    }


def test_a_task_is_passed_with_the_brain_and_failed_without(brain: Path, tasks: Any) -> None:
    share = len(FACTS) / (len(FACTS) + len(STRANGERS))
    assert evaluated(brain, tasks) == pytest.approx({"say": share, "score": share})
    assert evaluated(brain, tasks, adapter=False) == {"say": 0.0, "score": 0.0}
    assert evaluated(brain, tasks, batch_size=4) == pytest.approx({"say": share, "score": share})


def test_no_hook_and_no_change_stays_on_the_model(brain: Path) -> None:
    from oneshot.facts.harness import TaughtLM

    model = TaughtLM(str(brain), device="cuda")  # as the harness asks for where nobody else does
    before = [p.detach().clone() for p in model.model.parameters()]
    ids = torch.tensor([model.tok_encode(FACTS[0].prompt)])
    bare = model.model(ids).logits
    assert not torch.equal(model._model_call(ids), bare), "the fact speaks in the harness"
    assert torch.equal(model.model(ids).logits, bare)
    assert all(map(torch.equal, before, model.model.parameters()))


def test_answers_are_those_of_asking(brain: Path, tmp_path: Path) -> None:
    from lm_eval.api.instance import Instance

    from oneshot.facts.harness import TaughtLM

    long = Statement(FACTS[0].prompt, "Old Harbour of the North", FACTS[0].subject)
    with open_tiny(brain) as learner:
        learner.write([long])
    model = TaughtLM(str(brain))
    options = {"until": ["."], "max_gen_toks": 12, "do_sample": False}
    asked = Instance("generate_until", {}, (long.prompt, options), 0)
    assert [text.strip() for text in model.generate_until([asked])] == [long.answer]
    rated = Instance("loglikelihood", {}, (long.prompt, f" {long.answer}"), 0)
    ((_, greedy),) = model.loglikelihood([rated])
    assert greedy


def test_a_folder_without_a_brain_is_told(tmp_path: Path) -> None:
    from oneshot.facts.harness import TaughtLM

    with refused(BrainError, "is no brain"):
        TaughtLM(str(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()
    with refused(BrainError, "no brain is named"):
        TaughtLM()


def test_a_mistake_is_one_line_on_the_harnesss_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from oneshot.facts import harness

    monkeypatch.setattr("lm_eval.__main__.cli_evaluate", lambda: harness.TaughtLM(str(tmp_path)))
    with pytest.raises(SystemExit) as stopped:
        harness.main()
    assert stopped.value.code == BrainError.exit_code
    assert capsys.readouterr().err.startswith(f"error: {tmp_path} is no brain")


def test_the_harness_can_find_the_model_by_name() -> None:
    from lm_eval.api.registry import get_model

    from oneshot.facts.harness import TaughtLM

    assert get_model("oneshot") is TaughtLM
    declared = Path(__file__).parents[2] / "pyproject.toml"
    assert 'oneshot = "oneshot.facts.harness:TaughtLM"' in declared.read_text("utf-8")
    for found in entry_points(group="lm_eval.models", name="oneshot"):
        assert found.value == "oneshot.facts.harness:TaughtLM"
