"""The frozen image host: folding keeps the map, and a saved chain comes back."""

import json

import pytest
import torch

from oneshot.errors import HostError
from oneshot.images.features.feature_chain import (
    INDEX,
    WEIGHTS,
    FeatureChain,
    FeatureChainSettings,
    load_feature_chain,
    save_feature_chain,
    trainable_blocks,
)

TINY = FeatureChainSettings(widths=(8, 8), cells=(1, 2), side=8)


def pixels(n=5, side=8):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, 3, side, side), generator=generator, dtype=torch.uint8)


def trained_blocks():
    torch.manual_seed(0)
    blocks = trainable_blocks(TINY)
    maps = pixels(20).float() / 99
    with torch.no_grad():
        for block in blocks:
            for norm in block.norms:
                norm.weight.uniform_(0.5, 2)
                norm.bias.uniform_(-1, 1)
            maps = block(maps)
    return blocks


def chain(settings=TINY):
    statistics = torch.tensor([[0.5, 0.4, 0.6], [0.2, 0.3, 0.25]])
    return FeatureChain([block.folded() for block in trained_blocks()], statistics, settings)


def test_a_folded_block_is_the_normalised_one():
    block = trained_blocks()[0].eval()
    maps = pixels().float() / 99
    torch.testing.assert_close(block.folded()(maps), block(maps))
    plain = trainable_blocks(TINY)[0]
    plain.convolutions[0].load_state_dict(block.convolutions[0].state_dict())
    assert not torch.allclose(plain.eval()(maps), block(maps))


def test_features_have_the_width_and_do_not_see_their_neighbours_or_sides():
    host, images = chain(), pixels()
    features = host.features(images)
    assert features.shape == (5, TINY.features) == (5, 40)
    torch.testing.assert_close(host.features(images, batch=1), features)
    torch.testing.assert_close(host.features(images.flip(3)), features)
    assert features.std(0).min() > 0
    assert host.features(images[:0]).shape == (0, 40)


def test_a_saved_chain_comes_back_to_fp16(tmp_path):
    host = chain()
    save_feature_chain(tmp_path, host)
    found = load_feature_chain(tmp_path, torch.device("cpu"))
    assert found.settings == TINY
    torch.testing.assert_close(
        found.features(pixels()), host.features(pixels()), rtol=0.02, atol=0.02
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [INDEX, WEIGHTS]


@pytest.mark.parametrize("damage", ["cut", "missing", "kind", "json"])
def test_a_damaged_folder_is_one_line(tmp_path, damage):
    save_feature_chain(tmp_path, chain())
    weights, index = tmp_path / WEIGHTS, tmp_path / INDEX
    match damage:
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-9])
        case "missing":
            weights.unlink()
        case "kind":
            index.write_text(json.dumps({"kind": "other"}))
        case "json":
            index.write_text("{")
    with pytest.raises(HostError) as caught:
        load_feature_chain(tmp_path, torch.device("cpu"))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_settings_out_of_range():
    with pytest.raises(HostError):
        FeatureChainSettings(widths=(8,), cells=(1, 1))
