"""Every function of the language on vectors, against float64 (float32) and torch's float64."""

import ctypes
import math

import pytest
import torch

from recurry.backends.cpu import vector
from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host


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


def _run(function: str, *arguments: torch.Tensor) -> torch.Tensor:
    """The function over whole tensors, a register at a time."""
    machine, bits = host(), arguments[0].element_size() * 8
    lanes = Lanes(bits=bits, count=machine.vector_bytes * 8 // bits)
    module = Module(machine, lanes)
    with (
        module.function("apply", "ptr %out, ptr %a, ptr %b, i64 %n", is_exported=True) as e,
        e.loop("0", "%n", lanes.count) as at,
    ):
        names = ["%a", "%b"][: len(arguments)]
        given = [e.load(e.move(name, at)) for name in names]
        e.store(vector.apply(e, function, *given), e.move("%out", at))
    code = compile_module(str(module), ("apply",))
    count = -(-arguments[0].numel() // lanes.count) * lanes.count
    padded = [torch.nn.functional.pad(a, (0, count - a.numel())) for a in arguments]
    out = torch.empty_like(padded[0])
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(code.addresses["apply"])
    call(out.data_ptr(), padded[0].data_ptr(), padded[-1].data_ptr(), count)
    return out[: arguments[0].numel()]


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
def test_a_function_is_as_exact_as_promised(function, dtype):
    points = _points(dtype, function)
    arguments = (points,)
    if function in ("add", "subtract", "multiply", "divide", "minimum", "maximum"):
        arguments = (points, points.flip(0))
    exact = REFERENCES[function](*[a.double() for a in arguments])
    found = _run(function, *arguments)
    units = _units(found, exact)
    worst = int(units.argmax())
    limit = COMPOSED.get(function, LIMITS[points.element_size() * 8])
    assert units[worst] <= limit, (points[worst], found[worst], exact[worst], units[worst])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("function", sorted(REFERENCES))
def test_what_is_not_finite_gives_what_torch_gives(function, dtype):
    special = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -1.0, 1.0, 300.0], dtype=dtype)
    count = 2 if function in ("add", "subtract", "multiply", "divide", "minimum", "maximum") else 1
    arguments = (special, special.roll(1))[:count]
    expected = REFERENCES[function](*arguments)
    torch.testing.assert_close(_run(function, *arguments), expected, equal_nan=True)
