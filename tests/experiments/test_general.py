"""General tasks for lm-evaluation-harness, made of the package's own text."""

from pathlib import Path

import pytest

from experiments.retention.general import CHOICES, TASKS, documents, scores, write_tasks
from oneshot.hosts.load import load_host
from oneshot.retention.methods.registry import make_method

pytest.importorskip("lm_eval", reason="lm-eval is not installed: pip install 'oneshot[harness]'")


def test_the_questions_have_their_answers() -> None:
    made = documents(20, 0)
    assert made == documents(20, 0) != documents(20, 1)
    assert set(made) == set(TASKS)
    for row in made["follows"]:
        assert len(set(row["choices"])) == CHOICES
        assert row["prompt"] not in row["choices"]
    first = made["follows"][0]["prompt"]
    assert f"{made['last_word'][0]['prompt']}{made['last_word'][0]['answer']}." == first


@pytest.mark.filterwarnings("ignore")  # the harness's own
def test_the_bare_model_is_asked_without_a_network(tmp_path: Path) -> None:
    host = load_host()
    write_tasks(tmp_path, 6, 0)
    found = scores(host, make_method("bare", host), tmp_path)
    assert found.keys() == TASKS.keys()
    assert all(0 <= row["acc"] <= 1 for row in found.values())
