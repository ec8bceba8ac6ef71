"""Every function of the language, against its meaning in the interpreter's words."""

import math

import pytest
import torch

from recurry.backends.functions import FUNCTIONS
from recurry.compiler.nodes import BACKWARD_FUNCTIONS, BINARY_FUNCTIONS, UNARY_FUNCTIONS

VALUES = torch.tensor([-30.0, -2.5, -1e-3, 0.0, 0.7, 3.0, 40.0], dtype=torch.float64)
MEANINGS = {
    "negate": lambda a: -a,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "exp": math.exp,
    "log": lambda a: math.log(a) if a > 0 else (-math.inf if a == 0 else math.nan),
    "softplus": lambda a: max(a, 0.0) + math.log1p(math.exp(-abs(a))),
    "silu": lambda a: a / (1 + math.exp(-a)),
    "gelu": lambda a: a * 0.5 * math.erfc(-a / math.sqrt(2)),
    "abs": abs,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "hard_sigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0),
    "step": lambda a: float(a > 0),
    "sign": lambda a: float((a > 0) - (a < 0)),
    "normal_cdf": lambda a: 0.5 * math.erfc(-a / math.sqrt(2)),
}
PAIRS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "minimum": min,
    "maximum": max,
}


def test_the_table_is_complete():
    own = {"add_product", "blend", "copy"}
    assert set(FUNCTIONS) == {*UNARY_FUNCTIONS, *BINARY_FUNCTIONS, *BACKWARD_FUNCTIONS} | own


@pytest.mark.parametrize("name", MEANINGS)
def test_unary(name: str):
    expected = torch.tensor([MEANINGS[name](float(v)) for v in VALUES], dtype=torch.float64)
    out = torch.empty_like(VALUES)
    FUNCTIONS[name](out, VALUES)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-15, equal_nan=True)
    aliased = VALUES.clone()
    FUNCTIONS[name](aliased, aliased)
    torch.testing.assert_close(aliased, out, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", PAIRS)
def test_binary(name: str):
    other = VALUES.flip(0) + 0.5
    pairs = zip(VALUES.tolist(), other.tolist(), strict=True)
    expected = torch.tensor([PAIRS[name](a, b) for a, b in pairs], dtype=torch.float64)
    out = torch.empty_like(VALUES)
    FUNCTIONS[name](out, VALUES, other)
    assert torch.equal(out, expected)


def test_fused_pairs():
    a, b, c = torch.rand(3, 4, dtype=torch.float64)
    out = torch.empty_like(a)
    torch.testing.assert_close(FUNCTIONS["add_product"](out, a, b, c), a + b * c)
    torch.testing.assert_close(FUNCTIONS["blend"](out, a, b, c), c * a + (1 - c) * b)
