"""Codes of windows by running sums: the same as the mean over a window's words."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from adapters.address.reading import Span, window_of
from adapters.query.listening.sums import WindowCodes

RANK = 4
lengths = st.lists(st.integers(0, 4), min_size=1, max_size=12)


def placed(sizes: list[int]) -> list[Span]:
    """Tokens of these sizes, one behind the other; of size 0 where a character is not whole."""
    ends = torch.tensor(sizes).cumsum(0).tolist()
    return [(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def plain(
    tokens: list[Span], traces: torch.Tensor, start: int, within: Span, masked: list[Span]
) -> torch.Tensor | None:
    """The code of a window as it is defined."""
    before = [(-1, 0)] if start else []  # of what stands in front one token is as good as many
    window = window_of([*before, *tokens], within, masked)
    if window is None:
        return None
    last, *words = (i - len(before) for i in (window.last, *window.words))
    return traces[last, :RANK] + traces[words, RANK : 2 * RANK].mean(0)


@given(
    sizes=lengths,
    start=st.sampled_from([0, 5]),
    cuts=st.lists(st.integers(0, 30), min_size=6, max_size=6),
    seed=st.integers(0, 100),
)
def test_a_window_is_a_difference_of_running_sums(
    sizes: list[int], start: int, cuts: list[int], seed: int
) -> None:
    tokens = placed(sizes)
    generator = torch.Generator().manual_seed(seed)
    traces = torch.randn(len(tokens), 2 * RANK + 1, generator=generator)
    a, b, *inner = sorted(cuts[:2]) + sorted(cuts[2:])
    masked = [(inner[0], inner[1]), (inner[2], inner[3])]
    masked = [span for span in masked if span[1] > span[0]]
    found = WindowCodes(tokens, lambda: traces, start).codes([((a, b), masked)])
    wanted = plain(tokens, traces, start, (a, b), masked)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        torch.testing.assert_close(found[0], wanted, rtol=1e-5, atol=1e-5)


def test_many_windows_at_once_and_the_value_behind_one() -> None:
    tokens = placed([3, 8, 3, 10])
    traces = torch.arange(4 * 9, dtype=torch.float32).view(4, 9)
    codes = WindowCodes(tokens, lambda: traces)
    windows = [((0, 24), [(15, 24)]), ((3, 14), []), ((40, 50), [])]
    found = codes.codes(windows)
    assert found is not None
    assert len(found) == 2, "the third has no token"
    assert codes.value((0, 14)) == float(traces[2, -1])
    assert codes.codes([]) is None
