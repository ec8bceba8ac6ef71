"""The source of a step is what a user would write, and computes the cell."""

import numpy as np
import pytest
import torch

from recurry.compiler.cell import Cell
from recurry.compiler.random_cell import random_cell
from recurry.measurement.plain import make_step, step_source, torch_functions
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near


def test_the_source_reads_like_the_equations():
    cell = Cell.parse("r = sigmoid(U_r @ h)\nh = tanh(W @ x + U @ (r * h) + b)")
    assert step_source(cell).splitlines() == [
        "def step(x, h, *, U_r, W, U, b):",
        "    r = sigmoid(_linear(h, U_r))",
        "    h = tanh(_linear(x, W) + _linear(r * h, U) + b)",
        "    return (h, (h,))",
    ]


def test_a_cell_without_states_and_parameters():
    step = make_step(Cell.parse("h = tanh(x)"), torch_functions())
    x = torch.randn(2, 3)
    output, state = step(x)
    assert torch.equal(output, x.tanh())
    assert state == ()


def test_numbers_take_part_in_minimum_and_maximum():
    step = make_step(Cell.parse("h = minimum(maximum(0, x), minimum(x, 1) + 1)"), torch_functions())
    x = torch.linspace(-2, 3, 11)[None]
    assert torch.equal(step(x)[0], torch.minimum(x.clamp(min=0), x.clamp(max=1) + 1))


def _assert_same_as_the_layer(cell: Cell) -> None:
    layer = Recurrent(cell, 4, 4, precision="float64", backend="eager")
    weights = {name.rsplit(".", 1)[1]: value for name, value in layer.named_parameters()}
    step = make_step(cell, torch_functions())
    x = torch.randn(3, 2, 4, dtype=torch.float64)
    state, outputs = (torch.zeros(2, 4, dtype=torch.float64),) * len(cell.states), []
    for x_t in x:
        output, state = step(x_t, *state, **weights)
        outputs.append(output)
    assert_near(torch.stack(outputs), layer(x)[0], "carried_float64", what=cell.equations)


@pytest.mark.parametrize("seed", range(40))
def test_random_cells_are_computed(seed):
    _assert_same_as_the_layer(Cell.parse(random_cell(np.random.default_rng(seed)), name="random"))
