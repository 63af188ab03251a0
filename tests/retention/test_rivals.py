"""The methods that a user would pick instead, on the packaged host and on a tiny one."""

import copy
from collections.abc import Callable
from functools import cache

import pytest
import torch
from architectures import build_model
from conftest import packaged_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from oneshot.errors import BadInputError
from oneshot.facts.manner import PLAIN_TOKENS
from oneshot.hosts.load import Host, load_host
from oneshot.retention.methods.editors.alphaedit import AlphaEdit, AlphaEditSettings
from oneshot.retention.methods.editors.grace import Grace
from oneshot.retention.methods.editors.locate import memory_at
from oneshot.retention.methods.editors.memit import Memit, MemitSettings
from oneshot.retention.methods.editors.rome import Rome, RomeSettings
from oneshot.retention.methods.editors.ultraedit import Running, UltraEdit
from oneshot.retention.methods.examples import IGNORED, examples_of
from oneshot.retention.methods.finetune import FineTune, FineTuneLast, FineTuneSettings
from oneshot.retention.methods.interface import Method, Request
from oneshot.retention.methods.knn_lm import KnnLm, KnnLmSettings
from oneshot.retention.methods.lora import Lora
from oneshot.retention.methods.registry import RIVALS, make_method
from oneshot.retention.methods.text.in_context import InContext, NamedInContext
from oneshot.retention.methods.text.recite import Recited, ReciteSettings
from oneshot.retention.methods.text.retrieval import Copied, FactStore, RetrievedInContext
from oneshot.retention.methods.weights import WeightEditor

pytestmark = pytest.mark.filterwarnings(  # peft's calls of transformers
    "ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"
)
TOKENS = 3000  # of text behind a covariance: fewer than by default, to be quick
FACTS = (
    Request("Ruovesi, where most people speak", "Finnish", "Ruovesi"),
    Request("The software company behind Symbian is", "Nokia", "Symbian"),
    Request("Rathen, located in", "Germany", "Rathen"),
)
KNOWN = "The capital of France is"
TRAINED = ("fine-tune", "fine-tune-last", "lora")
Maker = Callable[[Host], Method]
EDITORS: dict[str, Maker] = {
    "rome": lambda host: Rome(host, RomeSettings(tokens=TOKENS)),
    "memit": lambda host: Memit(host, MemitSettings(tokens=TOKENS)),
    "alphaedit": lambda host: AlphaEdit(host, AlphaEditSettings(layers=2, tokens=TOKENS)),
    "fine-tune": FineTune,
    "fine-tune-last": FineTuneLast,
    "lora": Lora,
    "grace": Grace,
    "knn-lm": lambda host: KnnLm(host, KnnLmSettings(tokens=TOKENS)),
    "ultraedit": UltraEdit,
}
ADDING = {name: maker for name, maker in EDITORS.items() if name != "ultraedit"} | {
    "rag-copy": Copied
}


@cache
def host() -> Host:
    return load_host()


@cache
def costly(name: str) -> WeightEditor:
    """A method with nothing written, whose covariances are shared by the tests."""
    method = EDITORS[name](host())
    assert isinstance(method, WeightEditor)
    return method


def fresh(name: str) -> Method:
    """A method with nothing written."""
    if name not in ("rome", "memit", "alphaedit"):
        return (EDITORS | ADDING)[name](host())
    method = copy.copy(costly(name))
    method.weights = {}
    if isinstance(method, AlphaEdit):
        method._written = [torch.zeros_like(m) for m in method._moments]
    return method


@cache
def written(name: str) -> Method:
    """The first fact alone, by a method with nothing else written."""
    method = fresh(name)
    method.write(FACTS[:1])
    return method


def ids(prompt: str = FACTS[0].prompt) -> Tensor:
    found: Tensor = host().tokenizer(prompt, return_tensors="pt").input_ids
    return found


def logits(model: object, prompt: str = FACTS[0].prompt) -> Tensor:
    with torch.no_grad():
        return model(input_ids=ids(prompt)).logits  # type: ignore[operator]


def answers(method: Method) -> list[str]:
    return method.answers([fact.prompt for fact in FACTS])


def test_the_bare_host_knows_none_of_the_facts() -> None:
    said = answers(InContext(host()))
    assert all(a != fact.answer for a, fact in zip(said, FACTS, strict=True))


@pytest.mark.parametrize("name", [n for n in ADDING if n != "ultraedit"])
def test_one_fact_is_said(name: str) -> None:
    assert written(name).answers([FACTS[0].prompt]) == [FACTS[0].answer]


@pytest.mark.parametrize("name", ["rome", "memit", "alphaedit", "grace"])
def test_each_fact_is_said_when_written_alone(name: str) -> None:
    for fact in FACTS[1:]:
        method = fresh(name)
        method.write([fact])
        assert method.answers([fact.prompt]) == [fact.answer]


@pytest.mark.parametrize("name", EDITORS)
def test_the_host_is_restored_bit_for_bit(name: str) -> None:
    before = logits(host().model)
    method = written(name)
    assert torch.equal(logits(host().model), before)
    with method.taught() as model:
        assert not torch.equal(logits(model), before)
    assert torch.equal(logits(host().model), before)
    with torch.inference_mode(), method.taught() as model:
        assert not torch.equal(model(input_ids=ids()).logits, before)
    with pytest.raises(ZeroDivisionError), method.taught():
        raise ZeroDivisionError
    assert torch.equal(logits(host().model), before)
    assert not any(p.requires_grad for p in host().model.parameters())


@pytest.mark.parametrize("name", ADDING)
def test_writes_add_up(name: str) -> None:
    method = fresh(name)
    for fact in FACTS:
        method.write([fact])
    small = method.stored_bytes()
    assert small > 0
    said = answers(method)
    kept = sum(a == fact.answer for a, fact in zip(said, FACTS, strict=True))
    assert kept >= (1 if name in TRAINED else 2)  # training on one fact after another forgets
    assert said[-1] == FACTS[-1].answer


def test_rome_meets_its_constraint() -> None:
    method = fresh("rome")
    assert isinstance(method, Rome)
    keys, values = method.keys_and_values(FACTS[:1])
    before = method.memory.matrix(host().model.get_parameter(method.memory.name))
    assert not torch.allclose(before @ keys[0], values[0], atol=1e-2)
    method.write(FACTS[:1])
    after = method.memory.matrix(method.weights[method.memory.name])
    torch.testing.assert_close(after @ keys[0], values[0], rtol=1e-3, atol=1e-2)


def test_alphaedit_leaves_what_kept_keys_say() -> None:
    method = written("alphaedit")
    assert isinstance(method, AlphaEdit)
    for memory, free in zip(method.memories, method.projections, strict=True):
        bare = memory.matrix(host().model.get_parameter(memory.name)).double()
        change = memory.matrix(method.weights[memory.name]).double() - bare
        random = torch.randn(len(free), 8, dtype=torch.float64)
        kept, written_to = random - free @ random, free @ random
        assert (change @ kept).norm() < 1e-3 * (change @ written_to).norm()
        assert change.norm() > 0


def test_memit_reaches_more_of_its_target_with_less_of_the_covariance() -> None:
    keys, wanted = torch.randn(4, 5).double(), torch.randn(4, 3).double()
    method = Memit.__new__(Memit)
    method._moments = [torch.eye(5).double()]
    missed = []
    for preserve in (1e-6, 1.0):
        method.preserve = preserve
        missed.append(float((keys @ method.solve(0, keys, wanted).T - wanted).norm()))
    assert missed[0] < 1e-3 < missed[1]


def test_grace_is_the_base_outside_its_balls() -> None:
    method = written("grace")
    assert isinstance(method, Grace)
    with method.taught() as model:
        assert torch.equal(logits(model, KNOWN), logits(host().model, KNOWN))
        inside = logits(model)
    assert not torch.equal(inside, logits(host().model))
    far = torch.randn(2, 3, method.keys.shape[1])
    assert torch.equal(method.looked_up(far), far)
    near = method.keys[None] + 1e-3
    assert torch.equal(method.looked_up(near)[0, 0], method.values[0])


def test_grace_splits_the_ball_between_two_answers() -> None:
    method = Grace(host())
    key = torch.zeros(method.keys.shape[1])
    key[0] = 10.0
    other = key.clone()
    other[1] = 0.5
    method._enter(key, key, "A")
    method._enter(other, other, "B")
    assert float(method.radii.sum()) <= float((key - other).norm())
    method._enter(key, key + 1, "C")
    assert len(method.keys) == 2
    assert torch.equal(method.values[0], key + 1)


def test_knn_lm_without_a_share_is_the_base() -> None:
    method = KnnLm(host(), KnnLmSettings(share=0.0, tokens=TOKENS))
    method.write(FACTS)
    with method.taught() as model:
        assert torch.equal(logits(model), logits(host().model))


def test_knn_lm_says_the_token_of_the_nearest_state() -> None:
    method = KnnLm(host(), KnnLmSettings(tokens=0))
    method.write(FACTS[:1])
    examples = examples_of(host(), FACTS[:1])
    said = examples.labels[examples.labels != IGNORED]
    states = method._states(examples.inputs)[0, examples.first]
    assert int(method.neighbours(states, 8000).argmax()) == int(said[0])


def test_context_holds_the_latest_facts_that_fit() -> None:
    method = InContext(host())
    method.write([Request(f"{fact.prompt} {i},", "x", fact.subject) for i in range(20)
                  for fact in FACTS])  # fmt: skip
    method.write(FACTS[:1])
    text = method.context(KNOWN)
    assert text.endswith(f"{FACTS[0].prompt} {FACTS[0].answer}. {KNOWN}")
    assert len(text) > 200
    assert len(host().tokenizer(text)["input_ids"]) <= 128 - PLAIN_TOKENS


def test_the_latest_of_equal_prompts_is_retrieved_first() -> None:
    store = FactStore()
    assert store.nearest(FACTS[0].prompt, 1) == []
    newer = Request(FACTS[0].prompt, "Danish", FACTS[0].subject)
    store.add(FACTS)
    assert store.nearest(FACTS[0].prompt, 1)[0][1] == FACTS[0]
    store.add([newer])
    assert [fact for _, fact in store.nearest(FACTS[0].prompt, 2)] == [newer, FACTS[0]]


def test_retrieval_puts_or_copies_what_is_near() -> None:
    rag, copied = RetrievedInContext(host()), Copied(host())
    for method in (rag, copied):
        method.write(FACTS)
    assert rag.context(FACTS[2].prompt).endswith("Rathen, located in Germany. Rathen, located in")
    assert copied.answers([FACTS[1].prompt, KNOWN]) == ["Nokia", "Paris"]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 1000))
def test_running_statistics_are_those_of_all_rows(sizes: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    parts = [torch.randn(size, 3, generator=generator).double() for size in sizes]
    running = Running()
    for part in parts:
        last = running.normalised(part)
    rows = torch.cat(parts)
    spread = rows.std(0) if len(rows) > 1 else torch.zeros(3)
    expected = (parts[-1] - rows.mean(0)) / (spread + 1e-7)
    torch.testing.assert_close(last, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("architecture", ["llama", "gpt_neox"])
@pytest.mark.parametrize("name", ["rome", "memit", "alphaedit", "grace", "fine-tune", "ultraedit"])
def test_other_architectures_are_written_and_restored(architecture: str, name: str) -> None:
    model = build_model(architecture)
    other = Host(model, packaged_tokenizer(), architecture, architecture)
    ids = other.tokenizer(FACTS[0].prompt, return_tensors="pt").input_ids
    bare = model(input_ids=ids).logits
    method = EDITORS[name](other)
    method.write(FACTS[:2])
    with method.taught() as taught:
        assert not torch.equal(taught(input_ids=ids).logits, bare)
    assert torch.equal(model(input_ids=ids).logits, bare)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gpt_neox", "qwen3"])
def test_the_memory_is_the_last_map_of_the_mlp(architecture: str) -> None:
    name = memory_at(build_model(architecture), 1).name
    assert name.endswith(("mlp.c_proj.weight", "mlp.down_proj.weight", "mlp.dense_4h_to_h.weight"))


def test_reciting_needs_a_near_fact_that_is_ahead_of_the_others() -> None:
    method = Recited(host(), ReciteSettings(threshold=0.6))
    method.write(FACTS)
    assert method.answers([FACTS[1].prompt, KNOWN]) == ["Nokia", "Paris"]
    assert method.speaks(FACTS[1].prompt) == FACTS[1]
    twin = Request("The software firm behind Symbian is", "Acme", "Symbian")
    method.write([twin])
    assert method.speaks("Which software company or firm is behind Symbian?") is None
    method.forget([twin])
    assert method.speaks("Which software company or firm is behind Symbian?") == FACTS[1]
    again = Request(FACTS[1].prompt, "Acme", "Symbian")
    method.write([again])
    assert method.speaks(FACTS[1].prompt) == again


def test_facts_in_context_are_found_by_their_subjects_name() -> None:
    method = NamedInContext(host())
    method.write(FACTS)
    assert method.context("Who speaks what in RATHEN?").startswith("Rathen, located in Germany. ")
    assert method.context(KNOWN) == KNOWN
    method.forget(FACTS[2:])
    assert method.context("Rathen?") == "Rathen?"


def test_settings_of_a_tuning_run_are_taken() -> None:
    method = make_method("fine-tune-last", host(), settings={"learning_rate": 0.5})
    assert isinstance(method, FineTuneLast)
    assert (method.settings.learning_rate, method.settings.last_layers) == (0.5, 2)
    assert isinstance(make_method("rag-copy", host(), settings={"threshold": 0.7}), Copied)
    assert FineTuneSettings().last_layers is None
    assert set(ADDING) < set(RIVALS)
    with pytest.raises(BadInputError, match="rag-copy has no setting magic"):
        make_method("rag-copy", host(), settings={"magic": 1})


def test_a_subject_outside_its_prompt_is_refused() -> None:
    with pytest.raises(BadInputError, match="does not stand in the prompt"):
        FineTune(host()).write([Request("The sky is", "blue", "Rathen")])
