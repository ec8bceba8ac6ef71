"""The kernels behind autograd: whose tensors are whose, and first derivatives only."""

import pytest
import torch

from recurry.backends.cpu.recurrence import Facts, parts_of
from recurry.backends.timeline import make_timeline
from recurry.cells import find_cell
from recurry.errors import RecurryError
from recurry.network.recurrent import Recurrent


def _facts(*, states=("h", "c"), parameters=("W", "U", "b")) -> Facts:
    return Facts(
        plan=find_cell("lstm").plan,
        timeline=make_timeline((2,) * 3, 2, False),
        states=states,
        parameters=parameters,
        hidden_size=4,
        is_identity=False,
    )


def test_tensors_go_back_to_the_job_they_came_from():
    facts = (_facts(), _facts(states=("h",), parameters=()))
    assert parts_of(facts, "xphcWUbyqz") == ["xphcWUb", "yqz"]


def test_states_lie_between_input_and_parameters():
    tensors = [torch.full((1,), float(number)) for number in range(7)]
    assert [value.item() for value in _facts().state(tensors)] == [2.0, 3.0]


@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_a_second_derivative_is_refused_with_a_way_out(is_bidirectional):
    layer = Recurrent("gru", 3, 4, bidirectional=is_bidirectional, backend="cpu")
    x = torch.randn(5, 2, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0].sum(), x, create_graph=False)
    assert gradient.shape == x.shape
    with pytest.raises(RecurryError):
        torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
