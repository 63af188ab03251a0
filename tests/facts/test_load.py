"""A taught model in other libraries' hands, and its facts by themselves."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import torch
from brains import (
    answers,
    caches,
    exported,
    host_folder,
    open_tiny,
    refused,
    shared_host,
    statements,
)
from transformers import TextIteratorStreamer, pipeline

import oneshot
from oneshot import Adapter, Learner, Statement
from oneshot.errors import BadInputError, BrainError, HostError, OneshotError
from oneshot.facts.manner import RAW

__all__ = ["caches"]

FACTS, STRANGERS = statements(4), statements(2, start=40)
PROMPTS = [fact.prompt for fact in FACTS]
LONGEST = 8


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    with open_tiny(tmp_path / "brain") as learner:
        assert answers(learner, FACTS) != [fact.answer for fact in FACTS]
        learner.write(FACTS)
        assert answers(learner, FACTS) == [fact.answer for fact in FACTS]
        learner.export(tmp_path / "adapter")
    return tmp_path / "brain"


def said(model: Any, tokenizer: Any, prompts: list[str]) -> list[str]:
    batch = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    made = model.generate(**batch.to(model.device), max_new_tokens=LONGEST, do_sample=False)
    texts = tokenizer.batch_decode(made[:, batch.input_ids.shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]


def holds(texts: list[str]) -> bool:
    return all(t.startswith(f.answer) for t, f in zip(texts, FACTS, strict=True))


@pytest.mark.parametrize("form", ["brain", "adapter"])
def test_a_brain_or_its_export_answers_in_generate_and_pipelines(brain: Path, form: str) -> None:
    model, tokenizer = oneshot.load(brain.parent / form)
    assert holds(said(model, tokenizer, PROMPTS))
    speak = pipeline("text-generation", model=model, tokenizer=tokenizer)
    made = speak(PROMPTS, max_new_tokens=LONGEST, do_sample=False, return_full_text=False)
    assert holds([each["generated_text"].strip() for (each,) in made])


def test_where_no_fact_speaks_the_logits_are_the_bare_models(brain: Path) -> None:
    model, tokenizer = oneshot.load(str(brain))
    bare = shared_host().model
    for prompts, equal in (([f.prompt for f in STRANGERS], True), (PROMPTS[:1], False)):
        for prompt in prompts:
            ids = tokenizer(prompt, return_tensors="pt").input_ids
            with torch.inference_mode():
                assert torch.equal(model(ids).logits, bare(ids).logits) == equal


def test_a_stream_comes_in_pieces(brain: Path) -> None:
    model, tokenizer = oneshot.load(brain)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    ids = tokenizer(PROMPTS[0], return_tensors="pt")
    options = {**ids, "streamer": streamer, "max_new_tokens": LONGEST, "do_sample": False}
    thread = Thread(target=model.generate, kwargs=options)
    thread.start()
    pieces = list(streamer)
    thread.join()
    assert len(pieces) > 1
    assert "".join(pieces).strip().startswith(FACTS[0].answer)


@pytest.mark.parametrize(
    "options", [{"dtype": "bfloat16"}, {"device_map": "auto"}, {"device_map": {"": "cpu"}}], ids=str
)
def test_precisions_and_maps_of_devices(brain: Path, options: dict[str, Any]) -> None:
    model, tokenizer = oneshot.load(brain, **options)
    assert model.dtype == getattr(torch, options.get("dtype", "float32"))
    assert holds(said(model, tokenizer, PROMPTS))


@pytest.mark.filterwarnings("ignore")  # the package's own
def test_packed_weights_of_the_packaged_model_answer_too(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="pip install 'oneshot[packed]'")
    fact = Statement("The capital of Freedonia is", "Glorptown", "Freedonia")
    with Learner.open(tmp_path / "brain") as learner:
        whole = learner.host.model.get_memory_footprint()
        learner.write([fact])
    for bits in (8, 4):
        model, tokenizer = oneshot.load(tmp_path / "brain", bits=bits)
        assert model.get_memory_footprint() < whole / 2
        (answer,) = said(model, tokenizer, ["What is the capital of Freedonia?"])
        assert answer.startswith(fact.answer)


def test_what_cannot_be_loaded_is_refused(brain: Path, tmp_path: Path) -> None:
    with refused(BrainError, "is no brain"):
        oneshot.load(tmp_path)
    with refused(BrainError, "taught on"):
        oneshot.load(brain, model=str(host_folder(1)))
    with refused(BadInputError, "4 or 8"):
        oneshot.load(brain, bits=3)
    with (
        mock.patch("oneshot.hosts.place.find_spec", return_value=None),
        refused(HostError, "pip install"),
    ):
        oneshot.load(brain, bits=8)


def test_facts_are_hung_on_a_model_and_taken_off_again(brain: Path) -> None:
    host = shared_host()
    before = said(host.model, host.tokenizer, PROMPTS)
    adapter = Adapter.from_pretrained(brain)
    taught = [fact.prompt for fact in adapter.facts.values() if not fact.origins]
    assert sorted(taught) == sorted(PROMPTS)
    with adapter.attach(host.model, host.tokenizer):
        assert holds(said(host.model, host.tokenizer, PROMPTS))
        with refused(OneshotError, "attached already"), adapter.attach(host.model, host.tokenizer):
            pass
    assert said(host.model, host.tokenizer, PROMPTS) == before
    assert not holds(before)


def test_saving_gives_the_bytes_of_an_export(brain: Path, tmp_path: Path) -> None:
    with open_tiny(brain) as learner:
        wanted = exported(learner, tmp_path / "wanted")
    for form in ("brain", "adapter"):
        Adapter.from_pretrained(brain.parent / form).save_pretrained(tmp_path / f"saved-{form}")
        found = {p.name: p.read_bytes() for p in (tmp_path / f"saved-{form}").iterdir()}
        assert found == wanted


def test_an_empty_brain_loads_as_the_bare_model(tmp_path: Path) -> None:
    open_tiny(tmp_path / "brain").close()
    model, tokenizer = oneshot.load(tmp_path / "brain")
    host = shared_host()
    assert said(model, tokenizer, PROMPTS) == said(host.model, host.tokenizer, PROMPTS)
    with refused(BrainError, "no facts"):
        Adapter.from_pretrained(tmp_path / "brain").save_pretrained(tmp_path / "out")


class FakeHub:
    """Keeps what is uploaded in folders, as the hub's own client would send it."""

    def __init__(self, root: Path) -> None:
        self.root, self.private = root, dict[str, bool]()

    def create_repo(self, name: str, *, private: bool, exist_ok: bool) -> None:
        assert exist_ok
        self.private[name] = private

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> Any:
        assert commit_message == "4 facts"
        for file in Path(folder_path).iterdir():
            (self.root / file.name).write_bytes(file.read_bytes())
        return SimpleNamespace(commit_url=f"https://hub/{repo_id}")

    def snapshot_download(self, name: str, **options: Any) -> str:
        assert set(options["allow_patterns"]) <= {file.name for file in self.root.iterdir()}
        return str(self.root)


def test_facts_go_to_the_hub_and_come_back(
    brain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub").mkdir()
    hub = FakeHub(tmp_path / "hub")
    with (
        mock.patch("huggingface_hub.HfApi", return_value=hub),
        mock.patch("huggingface_hub.snapshot_download", hub.snapshot_download),
    ):
        where = Adapter.from_pretrained(brain).push_to_hub("me/facts")
        assert (where, hub.private) == ("https://hub/me/facts", {"me/facts": True})
        assert "4 facts" in (tmp_path / "hub" / "README.md").read_text()
        config = json.loads((tmp_path / "hub" / "adapter_config.json").read_text())
        assert config["peft_type"] == "ONESHOT"
        assert holds(said(*oneshot.load("me/facts"), PROMPTS))


def test_a_hub_that_refuses_is_one_line(brain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(brain.parent)
    with refused(BrainError, "cannot be had"):
        oneshot.load("me/nowhere")  # tests use no network
    with (
        mock.patch("huggingface_hub.HfApi.create_repo", side_effect=OSError("not\nallowed")),
        refused(BrainError, "not allowed"),
    ):
        Adapter.from_pretrained(brain).push_to_hub("me/facts")


@pytest.mark.filterwarnings("ignore")  # the harness's own
def test_the_harness_takes_a_loaded_model_as_it_is(brain: Path) -> None:
    pytest.importorskip("lm_eval", reason="pip install 'oneshot[harness]'")
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    model, tokenizer = oneshot.load(brain)
    asked = [
        Instance("generate_until", {}, (p, {"until": ["."], "max_gen_toks": LONGEST}), i)
        for i, p in enumerate(PROMPTS)
    ]
    rated = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2)
    texts = rated.generate_until(asked, disable_tqdm=True)
    assert holds([text.strip() for text in texts])


def test_what_is_over_does_not_speak(tmp_path: Path) -> None:
    fact = FACTS[0]
    with open_tiny(tmp_path / "brain") as learner:
        learner.write([replace(fact, until="2001")])
    model, tokenizer = oneshot.load(tmp_path / "brain")
    host = shared_host()
    bare = said(host.model, host.tokenizer, PROMPTS[:1])
    assert said(model, tokenizer, PROMPTS[:1]) == bare
    with open_tiny(tmp_path / "brain") as learner:
        assert learner.ask([fact.prompt], manner=RAW, as_of="2000")[0].answer == fact.answer
