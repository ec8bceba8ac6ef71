"""A call is decided once for each shape, and takes any strides."""

import torch

from recurry.backends.cpu.calls import make_call
from recurry.backends.timeline import make_timeline
from recurry.cells import find_cell


def test_a_shape_is_decided_once_and_rows_are_made_contiguous():
    cell = find_cell("rnn")
    parameters = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, 5).items()}
    timeline = make_timeline((2, 2), 2, False)
    x = torch.randn(3, 4).t()
    calls = [make_call(cell.plan, timeline, parameters, x, 5, cache=None) for _ in range(2)]
    assert calls[0].kernels is calls[1].kernels
    assert calls[0].split is calls[1].split
    assert calls[0].x.is_contiguous()
