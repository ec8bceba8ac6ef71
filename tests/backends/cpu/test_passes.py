"""Forward and backward of every cell, in every way to run them, against the interpreter."""

import numpy as np
import pytest
import torch

from recurry.backends.cpu.frame import Split
from recurry.cells import cells, find_cell
from recurry.compiler.cell import Cell

# Relative to the largest value: float64 differs by the order of sums, float32 by its rounding.
BOUNDS = {torch.float64: 1e-12, torch.float32: 2e-5}

# What the built-in cells do not have: products of products, hoisted functions, fixed values, sums
# read twice, the same product twice, states without products, no state at all.
ODD_CELLS = {
    "nested_early": "h = tanh(W @ tanh(V @ x) + U @ h)",
    "nested_late": "h = tanh(W @ x + U @ tanh(V @ h + b))",
    "fixed_product": "h = tanh(W @ x + U @ h + V @ sigmoid(b))",
    "fixed_vector": "h = exp(-softplus(p)) * h + W @ x",
    "no_state": "h = gelu(W @ x + b)",
    "no_product": "h = a * h + x * b",
    "twice": "h = tanh(U @ h + U @ (r * h) + W @ x)",
    "shared": "a = U @ h\nh = tanh(a + W @ x) + a * p",
    "linear": "h = U @ h + W @ x",
    "three_states": (
        "a = tanh(W @ x + A @ h)\nm = maximum(a, m)\nn = silu(N @ m) - n / 4\n"
        "h = n * sigmoid(M @ m + p) + minimum(h, a)"
    ),
    "late_input": "h = tanh(W @ (x * sigmoid(V @ x)) + U @ h)",
    "functions": "h = sqrt(abs(U @ h) + 1) - log(exp(W @ x) + 1) * hard_sigmoid(relu(h))",
    "half_read": "h = h * tanh(W @ x + p * c)\nc = A @ tanh(V @ x)",
    "late_read": "z = sigmoid(Z @ h + W @ x)\nh = z * h + (1 - z) * tanh(U @ (z * (V @ h)))",
}


def _cell(name: str) -> Cell:
    return Cell.parse(ODD_CELLS[name]) if name in ODD_CELLS else find_cell(name)


@pytest.mark.parametrize("is_fused", [False, True], ids=["early", "fused"])
@pytest.mark.parametrize("name", [*cells(), *ODD_CELLS])
def test_a_cell_computes_its_equations(name, is_fused, rng, make_case):
    error, where = make_case(_cell(name), is_fused=is_fused).worst_error(rng)
    assert error <= BOUNDS[torch.float64], where


@pytest.mark.parametrize("name", ["lstm", "gru", "scrn", "sru"])
@pytest.mark.parametrize(
    "sizes",
    [(1, 1, 1, 1), (1, 4, 3, 8), (7, 1, 5, 16), (3, 6, 4, 17), (2, 40, 3, 33), (4, 7, 300, 5)],
    ids=str,
)
def test_every_size_is_right(name, sizes, rng, make_case):
    error, where = make_case(_cell(name), sizes=sizes, is_fused=True).worst_error(rng)
    assert error <= BOUNDS[torch.float64], where


@pytest.mark.parametrize("name", ["lstm", "gru", "mut3", "indrnn", "three_states"])
def test_float32_is_as_exact_as_its_rounding(name, rng, make_case):
    case = make_case(_cell(name), sizes=(9, 5, 20, 40), dtype=torch.float32)
    error, where = case.worst_error(rng)
    assert error <= BOUNDS[torch.float32], where


@pytest.mark.parametrize("name", ["lstm", "gru_after", "late_read"])
def test_time_can_run_backwards(name, rng, make_case):
    error, where = make_case(_cell(name), is_reversed=True).worst_error(rng)
    assert error <= BOUNDS[torch.float64], where


@pytest.mark.parametrize("by_rows", [False, True], ids=["units", "streams"])
@pytest.mark.parametrize("name", ["lstm", "gru", "mut3", "scrn", "sru"])
def test_threads_share_the_work(name, by_rows, rng, make_case):
    split = Split(num_threads=2, by_rows=by_rows)
    case = make_case(_cell(name), sizes=(20, 6, 5, 37), split=split)
    error, where = case.worst_error(rng)
    assert error <= BOUNDS[torch.float64], where


def test_the_same_call_gives_the_same_bits(make_case):
    case = make_case(_cell("lstm"), sizes=(6, 5, 9, 40), dtype=torch.float32)
    first, second = (case.worst_error(np.random.default_rng(3)) for _ in range(2))
    assert first == second
