"""A digest of tensors changes with every number in them."""

import pytest
import torch

from recurry.backends.cpu.digest import digest


def _changes(values: torch.Tensor):
    """Tensors that differ a little, or in their order alone."""
    yield values.flip(0)
    yield values.roll(1, 0)
    yield values.neg()
    yield torch.cat([values[len(values) // 2 :], values[: len(values) // 2]])
    for place in {0, len(values) // 2, len(values) - 1}:
        changed = values.clone()
        changed[place] = -changed[place]
        yield changed
        changed = values.clone()
        changed[place] = torch.nextafter(changed[place], torch.tensor(9.0, dtype=values.dtype))
        yield changed
    pair = values.clone()
    pair[[0, -1]] = pair[[-1, 0]]
    yield pair


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", [5, 15, 64, 65, 1000, 20_000])
def test_every_change_is_seen(size, dtype):
    values = torch.randn(size, dtype=dtype)
    seen = {digest([values])}
    count = 1
    for changed in _changes(values):
        seen.add(digest([changed.contiguous()]))
        count += 1
    assert len(seen) == count
    assert digest([values.clone()]) == digest([values])


def test_single_bits_are_seen():
    values = torch.zeros(256)
    words = values.view(torch.int32)
    seen = {digest([values])}
    for place in range(256):
        for bit in (0, 22, 31):
            words[place] = 1 << bit if bit < 31 else -(1 << 31)
            seen.add(digest([values]))
            words[place] = 0
    assert len(seen) == 1 + 256 * 3


def test_the_order_of_tensors_counts():
    one, other = torch.randn(64), torch.randn(64)
    assert digest([one, other]) != digest([other, one])


def test_tensors_that_lie_in_no_stretch_have_none():
    assert digest([torch.randn(4, 4).t()]) is None
    assert digest([torch.randn(4), torch.randn(4)[::2]]) is None


def test_empty_tensors_have_one():
    assert digest([]) == digest([torch.zeros(0)])
