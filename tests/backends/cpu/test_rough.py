"""Rough functions against float64, and what is not finite."""

import math

import pytest
import torch

from recurry.backends.cpu import rough, vector
from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.machine import Machine, host

REFERENCES = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "silu": lambda a: a * torch.sigmoid(a),
}


def test_all_others_are_exact():
    own = {name for name, made in rough.FUNCTIONS.items() if vector.FUNCTIONS[name] is not made}
    assert own == set(REFERENCES)


@pytest.mark.parametrize("function", REFERENCES)
def test_a_rough_function_is_exact_to_an_eighth_of_the_last_bit(function, run_function):
    sizes = torch.logspace(-20, math.log10(80.0), 5_000, dtype=torch.float64)
    grid = torch.linspace(-20, 20, 20_001, dtype=torch.float64)
    points = torch.cat([sizes, -sizes, grid]).float()
    exact = REFERENCES[function](points.double())
    found = run_function(rough.FUNCTIONS[function], points).double()
    assert ((found - exact).abs() <= 2.0**-12 * exact.abs() + 1e-37).all()


@pytest.mark.parametrize("function", REFERENCES)
def test_what_is_not_finite_gives_what_torch_gives(function, run_function):
    special = torch.tensor([math.nan, math.inf, -math.inf, 0.0, 1000.0, -1000.0])
    found, expected = (
        run_function(rough.FUNCTIONS[function], special),
        REFERENCES[function](special),
    )
    torch.testing.assert_close(found, expected, equal_nan=True, rtol=2.0**-12, atol=1e-30)


def test_the_code_is_short_where_there_are_instructions_for_it():
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    features = frozenset({"avx512f", "avx512dq", "fma"})
    machine = Machine(triple=host().triple, features=features)
    module = Module(machine, Lanes(bits=32, count=16))
    with module.function("f", "ptr %a", is_exported=True) as e:
        e.store(rough.FUNCTIONS["sigmoid"](e, e.load("%a")), "%a")
    code = assembly(str(module), machine)
    assert "vscalefps" in code
    assert "vdivps" not in code
