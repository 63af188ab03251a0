"""`oneshot bench` on the packaged host: the smoke floors, request files, and clear errors."""

import json
from pathlib import Path
from typing import Any

import pytest

from oneshot.cli.main import main
from oneshot.hosts.load import Host, load_host
from oneshot.retention.plan import Plan, run_plan
from oneshot.retention.suites.data_folder import DataFolder
from oneshot.retention.suites.published.zsre import zsre
from oneshot.retention.suites.request_file import read_requests
from oneshot.retention.suites.sampling import Bare, Material

SHARED = Path(__file__).parents[3] / "shared" / "data"
ARTICLE = {
    "prompts": ["Ray Charles, the", "The capital of Freedonia is"],
    "target_new": ["violin", "Glorptown"],
    "ground_truth": ["piano", "<unk>"],
    "subject": ["Ray Charles", "Freedonia"],
    "rephrase_prompts": ["Ray Charles plays the", "What is the capital of Freedonia?"],
    "locality_inputs": {
        "neighborhood": {"prompt": ["The capital of France is"], "ground_truth": ["Paris"]}
    },
}


@pytest.fixture(scope="module")
def host() -> Host:
    return load_host()


def bench(*arguments: str) -> None:
    main(["--quiet", "--json", "bench", *arguments])


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        bench(*arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    return error


@pytest.fixture(scope="module")
def results(host: Host) -> list[dict[str, Any]]:
    plan = Plan("smoke", facts=16, probes=16, text_tokens=800)
    return list(run_plan(plan, host, DataFolder(None)))


@pytest.fixture(scope="module")
def smoke(results: list[dict[str, Any]]) -> dict[str, Any]:
    return results[-1]


def test_the_bare_model_comes_first(results: list[dict[str, Any]]) -> None:
    bare, ours = results
    assert (bare["method"], ours["method"]) == ("bare", "posterior")
    assert bare["axes"]["efficacy"]["mean"] == ours["axes"]["efficacy"]["bare"] < 0.7
    assert bare["axes"]["base"]["mean"] == 1.0
    same = [r["axes"]["paraphrase"]["n"] for r in results]
    assert same == [16, 16]


def test_the_smoke_suite_reaches_its_floors(smoke: dict[str, Any]) -> None:
    floors = {
        "efficacy": 0.99,
        "paraphrase": 0.9,  # one of sixteen may be missed
        "question": 0.9,
        "unseen_wording": 0.7,
        "prefixed": 0.8,
        "neighbours": 0.95,
        "namesakes": 0.95,
        "other_relation": 0.9,
        "base": 0.95,
    }
    found = {axis: smoke["axes"][axis]["mean"] for axis in floors}
    assert {a: found[a] >= floor for a, floor in floors.items()} == dict.fromkeys(floors, True)
    assert min(smoke["axes"]["efficacy"]["cohorts"]) == 1.0
    assert smoke["forced"]["rewrite_acc"]["mean"] > 0.99
    assert smoke["text"]["kl"] < 0.001


def test_bytes_are_counted_while_every_fact_is_held(host: Host) -> None:
    plan = Plan("smoke", ("posterior",), facts=40, probes=2, text_tokens=100)
    (result,) = run_plan(plan, host, DataFolder(None))
    assert result["cost"]["stored_bytes_per_fact"] > 2000


def test_forgetting_and_order_leave_no_trace(smoke: dict[str, Any]) -> None:
    assert smoke["no_edit"] == dict.fromkeys(smoke["no_edit"], True)
    assert len(smoke["no_edit"]) == 4


def test_the_later_answer_holds_and_the_older_comes_back(smoke: dict[str, Any]) -> None:
    found = smoke["contradictions"]
    assert found["later_holds"]["mean"] >= 0.9
    assert found["later_holds_reworded"]["mean"] >= 0.9
    assert found["brought_back"]["mean"] == 1.0


def test_a_single_fact_is_written_by_a_fresh_method_each_time(host: Host) -> None:
    plan = Plan("smoke", facts=1, probes=6)
    _, result = run_plan(plan, host, DataFolder(None))
    assert result["axes"]["efficacy"]["n"] == 6
    assert result["axes"]["efficacy"]["mean"] == 1.0
    assert result["axes"]["base"]["mean"] == 1.0


def test_a_request_file_in_easyedits_shape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONESHOT_DATA", raising=False)
    (tmp_path / "requests.json").write_text(json.dumps(ARTICLE))
    settings = tmp_path / "run.toml"
    settings.write_text("probes = 4\ntext_tokens = 200\n")
    with pytest.raises(SystemExit) as stopped:
        bench(str(tmp_path / "requests.json"), "--config", str(settings))
    assert not stopped.value.code
    bare, row = json.loads(capsys.readouterr().out.splitlines()[-1])["rows"]
    assert (bare["method"], row["method"]) == ("bare", "posterior")
    assert row["intervals"]["efficacy"] == [0.34238, 1.0, 2]
    assert (row["facts"], row["efficacy"], row["neighbours"]) == (2, 1.0, 1.0)
    assert row["paraphrase"] >= 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target_new": ["violin"]}, "1 target_new"),
        ({"subject": ["Charles Ray", "Freedonia"]}, "cannot be written"),
        ({"rephrase_prompts": ["x"]}, "1 rephrase_prompts"),
        ({"locality_inputs": ["x"]}, "locality_inputs"),
        ({"prompts": 3}, "no list of texts"),
        ({"rephrase_prompt": ["x", "y"]}, "has rephrase_prompt"),
        ({"portability_inputs": {"hop": {"prompt": ["x", "y"]}}}, "without ground_truth"),
        ({"locality_inputs": {"base": {"prompt": ["x"]}}}, "is taken"),
    ],
)
def test_a_request_file_of_another_shape_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], said: str
) -> None:
    file = tmp_path / "requests.json"
    file.write_text(json.dumps(ARTICLE | change))
    assert said in refused(capsys, str(file))


def test_a_request_file_that_is_not_there_is_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no file" in refused(capsys, str(tmp_path / "none.json"))


def test_of_a_request_file_as_much_is_taken_as_is_asked_for(tmp_path: Path, host: Host) -> None:
    file = tmp_path / "requests.json"
    follows = {"prompt": ["What does he play?", "Glorptown is in"], "ground_truth": ["it", "there"]}
    file.write_text(json.dumps(ARTICLE | {"portability_inputs": {"follows": follows}}))
    whole = read_requests(file, Material(host, Bare(host), DataFolder(None), None, 5))
    first = read_requests(file, Material(host, Bare(host), DataFolder(None), 1, 5))
    assert [len(suite.requests) for suite in (whole, first)] == [2, 1]
    assert [p.answer for p in whole.told["follows"]] == ["it", "there"]
    assert whole.rivals == ["Glorptown", "violin"]
    assert first.rivals == ["piano"], "a fact told again with its own answer would always hold"
    assert {axis: len(probes) for axis, probes in first.told.items()} == dict.fromkeys(
        ("efficacy", "paraphrase", "follows"), 1
    )


def test_a_suite_without_its_data_says_what_to_give(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ONESHOT_DATA", raising=False)
    assert "--data" in refused(capsys, "zsre")
    assert "zsre_1k" in refused(capsys, "zsre", "--data", str(tmp_path))


def test_unknown_names_and_settings_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "trex-new" in refused(capsys, "trex")
    assert "posterior" in refused(capsys, "smoke", "--methods", "magic", "--facts", "2")
    assert "facts is 0" in refused(capsys, "smoke", "--facts", "0")
    (tmp_path / "run.toml").write_text("fact = 3\n")
    assert "has fact" in refused(capsys, "smoke", "--config", str(tmp_path / "run.toml"))


def test_methods_and_settings_are_checked_before_any_is_examined(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = tmp_path / "run.toml"
    settings.write_text("[settings.fine-tune]\nsteps = 0\n[settings.in-context]\ncount = 9\n")
    for given, said in (
        (("--methods", ""), "the method ''"),
        (("--methods", "posterior,,rome"), "the method ''"),
        (("--methods", "posterior,fine-tune", "--config", str(settings)), "give some of learning"),
        (("--methods", "in-context", "--config", str(settings)), "it has none"),
    ):
        with pytest.raises(SystemExit) as stopped:
            bench("smoke", *given)
        found = capsys.readouterr()
        assert stopped.value.code == 2
        assert said in found.err
        assert not found.out, "nothing was examined"


def test_what_was_examined_is_told_though_the_next_method_fails(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "requests.json").write_text(json.dumps(ARTICLE))
    settings = tmp_path / "run.toml"
    settings.write_text("probes = 2\ntext_tokens = 100\n[settings.fine-tune]\nepochs = 0\n")
    with pytest.raises(SystemExit) as stopped:
        bench(str(tmp_path / "requests.json"), "--config", str(settings), "--methods", "fine-tune")
    found = capsys.readouterr()
    assert stopped.value.code == 2
    assert "bare model's logits and answers" in found.err
    assert [row["method"] for row in json.loads(found.out)["rows"]] == ["bare"]


def test_chat_needs_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no chat template" in refused(capsys, "smoke", "--chat", "--facts", "2")


@pytest.mark.data
@pytest.mark.parametrize(
    "suite", ["counterfact", "zsre", "mquake", "ripple", "hallueditbench", "lre"]
)
def test_the_published_suites_are_built(host: Host, suite: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("the optional data folder is not here")
    plan = Plan(suite, facts=3, probes=2, text_tokens=100)
    bare, ours = run_plan(plan, host, DataFolder(SHARED))
    assert ours["facts"] >= 3
    assert set(bare["axes"]) == set(ours["axes"])
    assert ours["axes"]["efficacy"]["mean"] == 1.0
    assert bare["forced"]["rewrite_acc"]["mean"] < ours["forced"]["rewrite_acc"]["mean"] == 1.0


@pytest.mark.data
def test_settings_are_chosen_on_other_facts(host: Host) -> None:
    if not SHARED.is_dir():
        pytest.skip("the optional data folder is not here")
    data, bare = DataFolder(SHARED), Bare(host)
    split = {
        name: {r.prompt for r in zsre(Material(host, bare, data, 2000, 0, split=name)).requests}
        for name in ("test", "tune")
    }
    assert min(len(found) for found in split.values()) > 100
    assert not split["test"] & split["tune"]
