"""The operators of torch: checked by torch's own tests, and the same as direct calls."""

import pytest
import torch

from recurry.backends.cpu import operators
from recurry.cells import find_cell


def _arguments(name: str, *, is_saving: bool) -> tuple:
    cell, steps, streams, size = find_cell(name), 3, 2, 5

    def leaf(*shape):
        return torch.randn(shape, dtype=torch.float64, requires_grad=True)

    parameters = [leaf(*shape) for shape in cell.parameter_shapes(size, size).values()]
    states = [leaf(streams, size) for _ in cell.states]
    text = operators.cell_text(cell.plan)
    facts = (text, [streams] * steps, streams, size, False)
    return (leaf(steps * streams, size), states, parameters, *facts, is_saving)


@pytest.mark.parametrize("name", ["lstm", "sru"])
def test_torch_finds_nothing_wrong(name):
    arguments = _arguments(name, is_saving=True)
    results = torch.library.opcheck(torch.ops.recurry.forward.default, arguments)
    assert set(results.values()) == {"SUCCESS"}


def test_gradients_are_right():
    x, states, parameters, *facts = _arguments("gru", is_saving=True)

    def run(*tensors):
        found = torch.ops.recurry.forward(tensors[0], [tensors[1]], list(tensors[2:]), *facts)
        return found[0], found[1]

    assert torch.autograd.gradcheck(run, (x, *states, *parameters))


def test_a_fresh_process_makes_the_plan_from_its_text():
    *arguments, is_saving = _arguments("mgu", is_saving=False)
    expected = torch.ops.recurry.forward(*arguments, is_saving)
    operators._PLANS.clear()
    torch.testing.assert_close(torch.ops.recurry.forward(*arguments, is_saving), expected)
