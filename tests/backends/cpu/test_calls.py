"""A call is decided once for each shape, and takes any strides."""

import pytest
import torch

from recurry.backends.cpu.calls import make_call
from recurry.backends.timeline import make_timeline
from recurry.cells import find_cell
from recurry.errors import ShapeError


def test_a_shape_is_decided_once_and_rows_are_made_contiguous():
    cell = find_cell("rnn")
    parameters = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, 5).items()}
    timeline = make_timeline((2, 2), 2, False)
    x = torch.randn(3, 4).t()
    calls = [make_call(cell.plan, timeline, parameters, x, 5, cache=None) for _ in range(2)]
    assert calls[0].kernels is calls[1].kernels
    assert calls[0].split is calls[1].split
    assert calls[0].x.is_contiguous()


@pytest.mark.parametrize(
    "change",
    [
        {"x": torch.zeros(3, 3)},
        {"x": torch.zeros(4, 3).half()},
        {"U_h": torch.zeros(5, 4)},
        {"U_h": torch.zeros(5, 5).double()},
        {"U_h": None},
    ],
)
def test_what_kernels_would_misread_is_an_error(change):
    cell = find_cell("rnn")
    tensors = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, 5).items()}
    tensors = {"x": torch.randn(4, 3), **tensors, **change}
    x = tensors.pop("x")
    parameters = {name: value for name, value in tensors.items() if value is not None}
    with pytest.raises(ShapeError, match=r"is not what the kernels|no compiled kernels"):
        make_call(cell.plan, make_timeline((2, 2), 2, False), parameters, x, 5, cache=None)
