"""The parts of every architecture are found, and its states are read no further than wanted."""

import pytest
import torch
from architectures import (
    CONFIGS,
    LAYERS,
    VOCABULARY,
    WIDTH,
    build_model,
    build_seeing_model,
)
from brains import refused
from conftest import tiny_host
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel

from adapters.host.read import captured, read_states
from adapters.host.sites import find_sites, output_state
from oneshot.errors import HostError

PRECISIONS = (torch.float32, torch.bfloat16)
LENGTHS = (9, 5)  # of the rows of a batch, which is padded on the right
CLOSE = {torch.float32: {"rtol": 1e-4, "atol": 1e-5}, torch.bfloat16: {"rtol": 1e-2, "atol": 1e-2}}
WITH_BIAS = {"phi", "gptj"}
every_architecture = pytest.mark.parametrize("architecture", CONFIGS)
seeing = pytest.mark.parametrize("architecture", ["gemma3", "qwen2_vl"])


def batch() -> tuple[Tensor, Tensor]:
    """Token ids and their mask."""
    ids = torch.randint(
        1, VOCABULARY, (2, max(LENGTHS)), generator=torch.Generator().manual_seed(1)
    )
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return ids * mask, mask.long()


@torch.inference_mode()
def expected_states(model: nn.Module) -> dict[int, Tensor]:
    """The states after every layer but the last, as the model gives them.

    It gives those that enter the layers and then the normed last one; Mamba begins after layer 1.
    """
    ids, mask = batch()
    output = model(input_ids=ids, attention_mask=mask, use_cache=False, output_hidden_states=True)
    first = 1 if model.config.model_type == "mamba" else 0
    return {i: state for i, state in enumerate(output.hidden_states, first) if 0 < i < LAYERS}


@every_architecture
def test_the_parts_are_found_in_every_architecture(architecture: str) -> None:
    model = build_model(architecture)
    sites = find_sites(model)
    assert len(sites.layers) == LAYERS
    assert sites.width == WIDTH
    assert sites.head.weight.shape == (VOCABULARY, WIDTH)
    assert sites.embeddings is model.get_input_embeddings()
    tied = CONFIGS[architecture]["tie_word_embeddings"]
    assert (sites.head.weight is sites.embeddings.weight) == tied
    assert (sites.bias is not None) == (architecture in WITH_BIAS)
    assert sites.bias is None or sites.bias.shape == (VOCABULARY,)


@pytest.mark.parametrize("dtype", PRECISIONS, ids=("float32", "bfloat16"))
@every_architecture
def test_states_are_those_between_the_layers(architecture: str, dtype: torch.dtype) -> None:
    model = build_model(architecture, dtype)
    ids, mask = batch()
    expected = expected_states(model)
    states, real = read_states(model, ids, list(expected)), mask > 0
    assert sorted(states) == list(range(1, LAYERS))
    for layer, state in states.items():
        assert state.dtype == torch.float32
        torch.testing.assert_close(state[real], expected[layer][real].float(), **CLOSE[dtype])


@every_architecture
def test_reading_runs_nothing_above_the_deepest_layer(architecture: str) -> None:
    model, ran = build_model(architecture), []
    sites, ids = find_sites(model), batch()[0]
    before = sum(len(m._forward_hooks) for m in model.modules())  # the library's own
    watched = {"head": sites.head, **{str(i): m for i, m in enumerate(sites.layers, start=1)}}
    watches = [
        module.register_forward_pre_hook(lambda *_, name=name: ran.append(name))
        for name, module in watched.items()
    ]
    read_states(model, ids, [2, 1])
    assert ran == ["1", "2"]
    read_states(model, ids, [LAYERS])
    assert ran == ["1", "2", *"1234"]
    for watch in watches:
        watch.remove()
    assert sum(len(m._forward_hooks) for m in model.modules()) == before


@seeing
def test_the_language_half_is_found_beside_a_larger_one_for_pictures(architecture: str) -> None:
    model = build_seeing_model(architecture)
    sites = find_sites(model)
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList)]
    largest = max(lists, key=lambda m: sum(p.numel() for p in m.parameters()))
    assert largest[0] is not sites.layers[0]
    assert list(sites.layers) == list(model.model.language_model.layers)
    assert (len(sites.layers), sites.width) == (LAYERS, WIDTH)
    expected, mask = expected_states(model), batch()[1] > 0
    for layer, state in read_states(model, batch()[0], [1, LAYERS - 1]).items():
        torch.testing.assert_close(state[mask], expected[layer][mask], rtol=1e-4, atol=1e-5)


class Experts(nn.Module):
    """A layer whose parameters all lie in a list of experts."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(8))


class Mixture(nn.Module):
    """A language model with two such layers, and an odd list beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Embedding(9, 4))
        self.layers = nn.ModuleList(Experts() for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(4) for _ in range(3))
        self.head = nn.Linear(4, 9, bias=False)

    def get_input_embeddings(self) -> nn.Module:
        return self.embed[0]

    def get_output_embeddings(self) -> nn.Module:
        return self.head


def test_experts_are_not_taken_for_layers() -> None:
    model = Mixture()
    assert list(find_sites(model).layers) == list(model.layers)


def test_reading_leaves_no_hook_after_an_exception() -> None:
    model = build_model("gpt2")

    def fail() -> None:
        with captured(model, [1], stop=True):
            assert any(m._forward_hooks for m in model.modules())
            model(input_ids=torch.tensor([[10**6]]))

    with pytest.raises(IndexError):
        fail()
    assert not any(m._forward_hooks for m in model.modules())


@settings(deadline=None)
@given(fraction=st.floats(0, 1))
def test_a_depth_is_a_layer_before_the_last(fraction: float) -> None:
    sites = find_sites(tiny_host("gpt2").model)
    assert 1 <= sites.depth(fraction) < LAYERS
    assert abs(sites.depth(fraction) - fraction * LAYERS) <= 1


def test_models_without_a_head_or_layers_are_refused() -> None:
    tiny = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    with refused(HostError, "BertModel has no language-model head"):
        find_sites(BertModel(BertConfig(vocab_size=50, intermediate_size=16, **tiny)))
    with refused(HostError, "Linear has no language-model head"):
        find_sites(nn.Linear(2, 2))
    shallow = GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=1, n_head=2)
    with refused(HostError, "no list of at least two layers"):
        find_sites(GPT2LMHeadModel(shallow))


def test_a_layers_output_may_be_a_tuple() -> None:
    state = torch.ones(1)
    assert output_state((state, None)) is output_state(state) is state
