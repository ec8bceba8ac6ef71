"""The operators of torch: checked by torch's own tests, and right by finite differences."""

import pytest
import torch

from recurry.backends.cpu import operators
from recurry.cells import find_cell
from recurry.errors import ShapeError

STEPS, STREAMS, SIZE = 3, 2, 5


def _arguments(name: str, *, lengths: list[int] | None = None, is_saving: bool) -> tuple:
    cell = find_cell(name)

    def leaf(*shape):
        return torch.randn(shape, dtype=torch.float64, requires_grad=True)

    parameters = [leaf(*shape) for shape in cell.parameter_shapes(SIZE, SIZE).values()]
    states = [leaf(STREAMS, SIZE) for _ in cell.states]
    facts = (cell.plan.text, lengths, False, False)
    return (leaf(STEPS, STREAMS, SIZE), states, parameters, *facts, is_saving)


@pytest.mark.parametrize("lengths", [None, [1, 3]], ids=["even", "uneven"])
@pytest.mark.parametrize("name", ["lstm", "sru"])
def test_torch_finds_nothing_wrong(name, lengths):
    arguments = _arguments(name, lengths=lengths, is_saving=True)
    results = torch.library.opcheck(torch.ops.recurry.forward.default, arguments)
    assert set(results.values()) == {"SUCCESS"}


def test_torch_finds_nothing_wrong_with_bfloat16():
    x, states, parameters, *facts = _arguments("gru", is_saving=True)
    narrow = [t.detach().float().requires_grad_() for t in (x, *states, *parameters)]
    facts = (facts[0], None, False, True, True)
    given = (narrow[0], narrow[1 : 1 + len(states)], narrow[1 + len(states) :], *facts)
    results = torch.library.opcheck(torch.ops.recurry.forward.default, given)
    assert set(results.values()) == {"SUCCESS"}


@pytest.mark.parametrize("lengths", [None, [1, 3]], ids=["even", "uneven"])
def test_gradients_are_right(lengths):
    x, states, parameters, *facts = _arguments("gru", lengths=lengths, is_saving=True)

    def run(*tensors):
        found = torch.ops.recurry.forward(tensors[0], [tensors[1]], list(tensors[2:]), *facts)
        return found[0], found[1]

    assert torch.autograd.gradcheck(run, (x, *states, *parameters))


def test_a_fresh_process_makes_the_plan_from_its_text():
    *arguments, is_saving = _arguments("mgu", is_saving=False)
    expected = torch.ops.recurry.forward(*arguments, is_saving)
    operators._plan.cache_clear()
    torch.testing.assert_close(torch.ops.recurry.forward(*arguments, is_saving), expected)


def test_tensors_that_kernels_would_misread_are_an_error():
    x, states, parameters, *facts = _arguments("rnn", is_saving=False)
    with pytest.raises(ShapeError, match="h is not what the kernels"):
        torch.ops.recurry.forward(x, [states[0][:1]], parameters, *facts)
    with pytest.raises(ShapeError, match="U_h is not what the kernels"):
        torch.ops.recurry.forward(x, states, [parameters[0], x[0], *parameters[2:]], *facts)
