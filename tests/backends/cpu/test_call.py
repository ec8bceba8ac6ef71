"""What both passes of a call share."""

import torch

from recurry.backends.cpu.calls import make_call
from recurry.backends.timeline import make_timeline
from recurry.backends.weights import StackCache
from recurry.cells import find_cell


def _call(cache: StackCache | None):
    cell = find_cell("rnn")
    parameters = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, 5).items()}
    timeline = make_timeline((2, 2), 2, False)
    return make_call(cell.plan, timeline, parameters, torch.randn(4, 3), 5, cache=cache)


def test_rows_are_widened_to_whole_blocks():
    call = _call(None)
    wide = call.widened(torch.ones(2, 5))
    assert wide.shape == (2, call.padded)
    assert wide.sum() == 10


def test_packed_weights_are_kept_until_they_change():
    call = _call(StackCache())
    kernel, vectors = call.kernels.forward, call.kernels.forward_pass.vectors
    first, second = (call.weights(kernel, vectors) for _ in range(2))
    assert all(first[name] is second[name] for name in first)
    for value in call.parameters.values():
        value.add_(1)
    third = call.weights(kernel, vectors)
    assert not any(first[name] is third[name] for name in first)
