"""The loss over many symbols, against torch's."""

import pytest
import torch
from torch.nn import functional

from recurry.network import cross_entropy
from recurry.network.cross_entropy import linear_cross_entropy


def leaves(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    """Rows, a matrix and a bias that take gradients, and targets."""
    shapes = ((7, 4), (11, 4), (11,))
    made = (torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes)
    return (*made, torch.randint(11, (7,)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("chunk", [1, 30, 1 << 21])
@pytest.mark.parametrize("enough", [0, 8], ids=["compiled", "plain"])
def test_loss_and_gradients_are_those_of_torch(smoothing, chunk, enough, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_CHUNK", chunk)
    monkeypatch.setattr(cross_entropy, "_ENOUGH_ROWS", enough)
    rows, weight, bias, targets = leaves()
    expected = functional.cross_entropy(
        rows @ weight.t() + bias, targets, label_smoothing=smoothing, reduction="sum"
    )
    found = linear_cross_entropy(rows, weight, bias, targets, smoothing=smoothing)
    torch.testing.assert_close(found, expected)
    inputs = (rows, weight, bias)
    pairs = zip(
        torch.autograd.grad(3 * found, inputs),
        torch.autograd.grad(3 * expected, inputs),
        strict=True,
    )
    for one, other in pairs:
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("enough", [0, 8], ids=["compiled", "plain"])
def test_gradients_equal_finite_differences(enough, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_ENOUGH_ROWS", enough)
    *inputs, targets = leaves()
    assert torch.autograd.gradcheck(lambda *x: linear_cross_entropy(*x, targets), tuple(inputs))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("enough", [0, 8], ids=["compiled", "plain"])
def test_rounded_products_stay_near(enough, smoothing, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_ENOUGH_ROWS", enough)
    *inputs, targets = leaves(torch.float32)
    exact = linear_cross_entropy(*inputs, targets, smoothing=smoothing)
    rounded = linear_cross_entropy(*inputs, targets, smoothing=smoothing, is_rounded=True)
    assert exact != rounded
    torch.testing.assert_close(rounded, exact, rtol=0.02, atol=0)
    for one, other in zip(
        torch.autograd.grad(rounded, inputs), torch.autograd.grad(exact, inputs), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0.1, atol=0.05)


@pytest.mark.parametrize("enough", [0, 8], ids=["compiled", "plain"])
def test_large_scores_stay_finite_and_no_rows_cost_nothing(enough, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_ENOUGH_ROWS", enough)
    rows, weight, bias, targets = leaves()
    loss = linear_cross_entropy(rows * 1e4, weight, bias, targets)
    assert torch.isfinite(loss)
    with torch.no_grad():
        assert linear_cross_entropy(rows, weight, bias, targets) > 0
    empty = linear_cross_entropy(rows[:0], weight, bias, targets[:0])
    empty.backward()
    assert empty == 0
    assert not weight.grad.any()


def test_no_gradients_are_made_where_none_are_recorded(monkeypatch):
    *inputs, targets = leaves()

    def refuse(*_: object) -> None:
        raise AssertionError("a gradient was made")

    expected = linear_cross_entropy(*inputs, targets).detach()
    monkeypatch.setattr(cross_entropy, "_add_product", refuse)
    with torch.no_grad():
        torch.testing.assert_close(linear_cross_entropy(*inputs, targets), expected)
    with pytest.raises(AssertionError, match="a gradient was made"):
        linear_cross_entropy(*inputs, targets)


def test_both_ways_give_the_same(monkeypatch):
    *inputs, targets = leaves(torch.float32)
    found = []
    for enough in (0, 8):
        monkeypatch.setattr(cross_entropy, "_ENOUGH_ROWS", enough)
        loss = linear_cross_entropy(*inputs, targets, smoothing=0.2)
        found.append((loss, *torch.autograd.grad(loss, inputs)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
