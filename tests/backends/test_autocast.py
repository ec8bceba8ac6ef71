"""Autocast narrows what is around a layer, and not what is inside."""

import pytest
import torch
from torch import nn

from recurry.backends.autocast import widen, without_autocast
from recurry.errors import ShapeError
from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize("backend", ["cpu", "eager", "fused"])
def test_a_layer_keeps_its_precision(backend):
    layer, before, x = (
        Recurrent("lstm", 8, 16, backend=backend),
        nn.Linear(8, 8),
        torch.randn(5, 3, 8),
    )
    parameters = list(layer.parameters())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        narrow = before(x)
        output, state = layer(narrow)
        step, _ = layer.step(narrow[0])
        found = torch.autograd.grad(output.sum(), parameters)
    assert narrow.dtype == torch.bfloat16
    assert output.dtype == state["h"].dtype == step.dtype == torch.float32
    expected = layer(narrow.float())[0]
    torch.testing.assert_close(output, expected, rtol=0, atol=0)
    gradients = torch.autograd.grad(expected.sum(), parameters)
    torch.testing.assert_close(found, gradients, rtol=0, atol=0)


def test_without_autocast_a_narrow_input_is_an_error():
    with pytest.raises(ShapeError, match="another type"):
        Recurrent("rnn", 3, 4)(torch.zeros(2, 1, 3, dtype=torch.bfloat16))


def test_only_narrower_types_are_widened():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert widen(torch.zeros(1).half(), torch.float32).dtype == torch.float32
        assert widen(torch.zeros(1).double(), torch.float32).dtype == torch.float64
        assert widen(torch.zeros(1).long(), torch.float32).dtype == torch.int64


def test_a_function_runs_without_autocast():
    multiply = without_autocast(torch.mm)
    x = torch.randn(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.mm(x, x).dtype == torch.bfloat16
        assert multiply(x, x).dtype == torch.float32
