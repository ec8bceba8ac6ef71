"""torch's modules are taken over, and given back, with the same answers."""

import pytest
import torch

from recurry.errors import UsageError
from recurry.network.convert import from_torch
from recurry.network.dropout import Dropout
from recurry.testing import assert_near

MODULES = {
    "LSTM": torch.nn.LSTM,
    "GRU": torch.nn.GRU,
    "RNN": torch.nn.RNN,
    "RNN_RELU": lambda *sizes, **options: torch.nn.RNN(*sizes, nonlinearity="relu", **options),
}


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("backend", ["eager", "fused", "cpu"])
def test_there_and_back(kind: str, bias: bool, bidirectional: bool, backend: str):
    module = MODULES[kind](3, 5, 2, bias=bias, bidirectional=bidirectional, batch_first=True)
    layer = from_torch(module)
    layer.backend = backend
    x = torch.randn(4, 6, 3)
    expected, last = module(x)
    again = layer.to_torch()
    assert_near(layer(x)[0], expected, "torch_float32", what="output")
    assert_near(again(x)[0], expected, "torch_float32", what="given back")
    assert type(again) is type(module)
    h = last[0] if kind == "LSTM" else last
    assert_near(layer(x)[1]["h"], h, "torch_float32", what="h")


@pytest.mark.parametrize("kind", MODULES)
def test_gradients_equal_torch(kind: str):
    module = MODULES[kind](3, 5, dtype=torch.float64)
    layer = from_torch(module)
    layer.backend = "eager"
    x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
    by_layer, *_ = torch.autograd.grad(layer(x)[0].square().sum(), x)
    by_module, *_ = torch.autograd.grad(module(x)[0].square().sum(), x)
    assert_near(by_layer, by_module, "interpreter_float64", what="x")


def test_options_come_along():
    module = torch.nn.GRU(3, 4, 2, dropout=0.25, dtype=torch.float64).eval()
    layer = from_torch(module)
    assert layer.dropout == Dropout(between=0.25)
    assert layer.precision == "float64"
    assert not layer.training
    assert layer.to_torch().dropout == 0.25
    assert not layer.to_torch().training


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (torch.nn.LSTM(3, 4, proj_size=2), r"Projections[\s\S]*proj_size=0"),
        (torch.nn.Linear(3, 4), r"Only recurrent modules[\s\S]*Linear[\s\S]*torch.nn.GRU"),
        (torch.nn.GRU(3, 4).half(), r"type cannot[\s\S]*float16[\s\S]*float\(\)"),
    ],
)
def test_modules_that_cannot_be_taken_over(module, message: str):
    with pytest.raises(UsageError, match=message):
        from_torch(module)
