"""Every function of the language on vectors, against float64 (float32) and torch's float64."""

import math

import pytest
import torch

from recurry.backends.cpu import vector


def _normal_cdf(a: torch.Tensor) -> torch.Tensor:
    """Exact in the left tail, where torch's own loses everything."""
    return 0.5 * torch.erfc(-a * math.sqrt(0.5))


REFERENCES = {
    "negate": torch.neg,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "exp": torch.exp,
    "log": torch.log,
    "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),
    "silu": lambda a: a * torch.sigmoid(a),
    "gelu": lambda a: a * _normal_cdf(a),
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "hard_sigmoid": torch.nn.functional.hardsigmoid,
    "step": lambda a: (a > 0).to(a.dtype),
    "sign": torch.sign,
    "normal_cdf": _normal_cdf,
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
}
# Units in the last place; the functions made of several others have some more.
LIMITS = {32: 2.5, 64: 6.0}
COMPOSED = {"gelu": 100.0, "normal_cdf": 100.0, "silu": 5.0, "softplus": 5.0}


def _points(dtype: torch.dtype, function: str) -> torch.Tensor:
    """Numbers of all sizes and both signs, and a fine grid where the functions bend."""
    largest = {"exp": 80.0, "gelu": 5.0, "normal_cdf": 8.0, "silu": 20.0}.get(function, 1e4)
    sizes = torch.logspace(-20, math.log10(largest), 20_000, dtype=torch.float64)
    grid = torch.linspace(-min(largest, 20), min(largest, 20), 40_001, dtype=torch.float64)
    points = torch.cat([sizes, grid]) if function in ("log", "sqrt") else None
    points = torch.cat([sizes, -sizes, grid]) if points is None else points.abs() + 1e-30
    return points.to(dtype)


def _units(found: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    """The error in units of the last place of the exact value."""
    info = torch.finfo(found.dtype)
    scale = exact.abs().double().clamp(min=info.tiny / info.eps)
    unit = 2.0 ** torch.floor(torch.log2(scale)) * info.eps
    return (found.double() - exact.double()).abs() / unit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("function", sorted(REFERENCES))
def test_a_function_is_as_exact_as_promised(function, dtype, run_function):
    points = _points(dtype, function)
    arguments = (points,)
    if function in ("add", "subtract", "multiply", "divide", "minimum", "maximum"):
        arguments = (points, points.flip(0))
    exact = REFERENCES[function](*[a.double() for a in arguments])
    found = run_function(vector.FUNCTIONS[function], *arguments)
    units = _units(found, exact)
    worst = int(units.argmax())
    limit = COMPOSED.get(function, LIMITS[points.element_size() * 8])
    assert units[worst] <= limit, (points[worst], found[worst], exact[worst], units[worst])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("function", sorted(REFERENCES))
def test_what_is_not_finite_gives_what_torch_gives(function, dtype, run_function):
    special = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -1.0, 1.0, 300.0], dtype=dtype)
    count = 2 if function in ("add", "subtract", "multiply", "divide", "minimum", "maximum") else 1
    arguments = (special, special.roll(1))[:count]
    expected = REFERENCES[function](*arguments)
    found = run_function(vector.FUNCTIONS[function], *arguments)
    torch.testing.assert_close(found, expected, equal_nan=True)
