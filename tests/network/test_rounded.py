"""Products of rounded numbers, against torch's of the same numbers."""

import pytest
import torch
from torch import nn

from recurry.network.rounded import batch_product, linear, product


def rounded(x: torch.Tensor) -> torch.Tensor:
    """The nearest numbers of bfloat16."""
    return x.bfloat16().to(x.dtype)


@pytest.mark.parametrize("has_bias", [True, False])
def test_a_linear_layer_rounds_what_it_multiplies_and_not_its_bias(has_bias):
    layer, x = nn.Linear(6, 4, bias=has_bias), torch.randn(3, 5, 6)
    bias = layer.bias if has_bias else 0.0
    expected = rounded(rounded(x) @ rounded(layer.weight).t()) + bias
    found = linear(x, layer, is_rounded=True)
    assert found.dtype == x.dtype
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-5)
    assert torch.equal(linear(x, layer, is_rounded=False), layer(x))


def test_products_of_one_matrix_and_of_many():
    x, matrix = torch.randn(5, 6), torch.randn(4, 6)
    torch.testing.assert_close(product(x, matrix, is_rounded=False), x @ matrix.t())
    near = product(x, matrix, is_rounded=True)
    assert not torch.equal(near, x @ matrix.t())
    torch.testing.assert_close(near, x @ matrix.t(), rtol=0.05, atol=0.05)
    a, b = torch.randn(3, 2, 6), torch.randn(3, 6, 4)
    assert torch.equal(batch_product(a, b, is_rounded=False), a @ b)
    torch.testing.assert_close(batch_product(a, b, is_rounded=True), a @ b, rtol=0.05, atol=0.05)


def test_gradients_come_back_in_the_type_of_the_numbers():
    layer, x = nn.Linear(6, 4), torch.randn(5, 6, requires_grad=True)
    linear(x, layer, is_rounded=True).sum().backward()
    assert x.grad.dtype == layer.weight.grad.dtype == torch.float32
    torch.testing.assert_close(x.grad, layer.weight.sum(0).expand(5, -1), rtol=0.05, atol=0.05)
