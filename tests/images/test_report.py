"""The page on a run: what is wrong comes first, and it holds nothing but what there is."""

import base64
import json
import re
from io import BytesIO
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from oneshot.images.analysis.examined import Examined, examine
from oneshot.images.analysis.report import write_report

NAMES = ("cat", "<b>dog</b>", "frog")


def examined(said: list[int], labels: list[int], channels: int = 3) -> Examined:
    """Pictures of one grey each, named as is said, more surely one after another."""
    shade = torch.arange(len(said), dtype=torch.uint8)[:, None, None, None]
    images = shade.expand(-1, channels, 4, 4)

    def probabilities(pictures: Tensor) -> Tensor:
        sure = torch.linspace(0.5, 0.9, len(pictures))
        shares = ((1 - sure) / 2)[:, None].repeat(1, 3)
        shares[torch.arange(len(pictures)), said] = sure
        return shares

    return examine(probabilities, images, torch.tensor(labels), NAMES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [{"what": "train", "step": n, "epoch": n, "loss 1": 1 / n, "accuracy": 0.5 + n / 10}
             for n in (1, 2, 3)]  # fmt: skip
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_wrong_comes_first_and_the_surest_of_it(folder: Path, channels: int) -> None:
    found = examined([0, 1, 2, 0, 1], [0, 2, 2, 1, 1], channels)
    page = write_report(folder, found).read_text("utf-8")
    assert "3 of 5 test pictures are named rightly: 60.0 % (95 % interval" in page
    parts = ["What is wrong", "The most frequent mistakes", "What is right", "Loss", "Held-out"]
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    wrong = page[page.index("What is wrong") : page.index("The most frequent")]
    assert wrong.index("it is &lt;b&gt;dog") < wrong.index("it is frog")  # 80 % before 60
    assert "<b>dog" not in page
    (first, *_) = re.findall(r"base64,([\w+/=]+)", wrong)
    assert Image.open(BytesIO(base64.b64decode(first))).getpixel((0, 0)) in (3, (3, 3, 3))
    assert page.count("<img") == 5


def test_a_page_has_no_empty_part(folder: Path) -> None:
    page = write_report(folder, examined([0, 1], [0, 1])).read_text("utf-8")
    assert "What is wrong" not in page
    assert "2 of 2 test pictures" in page
    first = (folder / "metrics.jsonl").read_text().splitlines()[0]
    (folder / "metrics.jsonl").write_text(first + "\n")
    page = write_report(folder, None, folder / "other.html").read_text("utf-8")
    assert "<svg" not in page  # a single point is no curve
    assert "No picture was looked at" in page


def test_confusions_are_counted() -> None:
    found = examined([1, 1, 0, 2], [0, 0, 1, 2])
    assert found.confusions() == [(0, 1, 2), (1, 0, 1)]
    assert [answer.place for answer in found.right(5)] == [3]


@given(st.integers(1, 300), st.data())
def test_the_interval_holds_the_share(n: int, data: st.DataObject) -> None:
    wrong = data.draw(st.integers(0, n))
    found = examined([1] * wrong + [0] * (n - wrong), [0] * n)
    low, high = found.interval
    assert 0 <= low <= 1 - wrong / n + 1e-12
    assert 1 - wrong / n - 1e-12 <= high <= 1
    assert high - low < 1.97 / n**0.5
