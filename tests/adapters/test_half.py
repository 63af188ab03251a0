"""Reading in half precision: a copy that leaves the host alone, and rows that know no company."""

import copy
from dataclasses import replace

import pytest
import torch
from architectures import CONFIGS
from conftest import tiny_host
from tiny import FACTS
from torch import nn

from adapters.host import half
from adapters.host.half import half_of, multiplies_halves, worth_halving
from adapters.host.read import read_states
from adapters.host.sites import find_sites
from adapters.write import passes
from adapters.write.encode import Encoder
from adapters.write.rows import FactRows

IDS = torch.arange(5, 29).view(2, 12)

pytestmark = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="the processor multiplies no bfloat16"
)


def wide(rows: FactRows) -> torch.Tensor:
    return rows.readings.float()


@pytest.mark.parametrize("architecture", CONFIGS)
def test_the_copy_reads_as_autocast_does(architecture: str) -> None:
    model = tiny_host(architecture).model
    with torch.autocast("cpu", torch.bfloat16):
        wanted = read_states(model, IDS, [1])[1]
    assert torch.equal(read_states(half_of(model, 1), IDS, [1])[1], wanted)
    assert not torch.equal(read_states(model, IDS, [1])[1], wanted), "the host is no copy"


def test_the_host_is_not_written_and_shares_what_is_not_halved() -> None:
    model = tiny_host("llama").model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copied = half_of(model, 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert find_sites(copied).embeddings.weight is find_sites(model).embeddings.weight
    halved = [p for p in copied.parameters() if p.dtype == torch.bfloat16]
    assert halved
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_a_host_too_large_to_copy_is_converted_in_every_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_host("llama").model
    copied = half_of(model, 1)
    monkeypatch.setattr(half, "SIZES", (0, 1))
    shared = half_of(model, 1)
    assert all(a is b for a, b in zip(shared.parameters(), model.parameters(), strict=True))
    one, other = (read_states(reader, IDS, [1])[1] for reader in (shared, copied))
    assert torch.equal(one, other)


def test_a_host_that_is_spread_over_devices_is_read_as_it_is() -> None:
    model = copy.deepcopy(tiny_host("llama").model)
    assert multiplies_halves(model)
    model.hf_device_map = {"": "cpu"}
    assert not multiplies_halves(model)


class Quantised(nn.Linear):
    """A matrix of whole numbers, as quantised checkpoints have them."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return states @ (self.weight.float().T / 100)


def test_a_quantised_matrix_is_left_as_it_is() -> None:
    model = copy.deepcopy(tiny_host("llama").model)
    mlp = find_sites(model).layers[0].mlp
    whole = (mlp.up_proj.weight.detach() * 100).to(torch.int8)
    mlp.up_proj = Quantised(whole.shape[1], whole.shape[0], bias=False)
    mlp.up_proj.weight = nn.Parameter(whole, requires_grad=False)
    copied = find_sites(half_of(model, 1)).layers[0].mlp
    assert copied.up_proj.weight is mlp.up_proj.weight
    assert copied.down_proj.weight.dtype == torch.bfloat16
    assert torch.isfinite(read_states(half_of(model, 1), IDS, [1])[1]).all()


def test_hooks_of_the_host_do_not_see_what_the_copy_reads() -> None:
    model, seen = tiny_host("gpt2").model, list[nn.Module]()
    handle = find_sites(model).layers[0].register_forward_hook(lambda m, *_: seen.append(m))
    try:
        copied = half_of(model, 1)
        read_states(copied, IDS, [1])
        assert seen == []
        read_states(model, IDS, [1])
        assert len(seen) == 1
    finally:
        handle.remove()


def test_small_hosts_and_those_in_half_precision_are_read_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_host("llama").model
    assert multiplies_halves(model)
    assert not worth_halving(model)
    monkeypatch.setattr(half, "SIZES", (0, 10**9))
    assert not multiplies_halves(copy.deepcopy(model).bfloat16())
    assert not worth_halving(copy.deepcopy(model).bfloat16())


FACTS_OF_ALL_SIZES = [
    *FACTS[:9],
    replace(FACTS[9], asks=(f"And so {FACTS[9].prompt}", f"{FACTS[9].subject}?")),
]


def assert_no_company_matters(encoder: Encoder) -> None:
    for fact, row in zip(FACTS_OF_ALL_SIZES, encoder.encode_all(FACTS_OF_ALL_SIZES), strict=True):
        alone = encoder.encode(fact).tensors()
        assert all(torch.equal(value, alone[name]) for name, value in row.tensors().items())


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_rows_in_half_precision_do_not_depend_on_their_company(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tiny_host(architecture)
    single = host.encoder.encode(FACTS[0])
    monkeypatch.setattr(passes, "worth_halving", lambda _: True)
    encoder = Encoder(host.model, host.tokenizer, host.calibration)
    assert_no_company_matters(encoder)
    found = encoder.encode(FACTS[0])
    assert not torch.equal(wide(found), wide(single)), "it was read in half precision"
    assert float((wide(found) - wide(single)).norm()) < 0.2 * float(wide(single).norm())


def test_nor_do_those_of_a_host_in_half_precision() -> None:
    encoder = tiny_host("llama", torch.bfloat16).encoder
    assert encoder.passes.rows
    assert_no_company_matters(encoder)
