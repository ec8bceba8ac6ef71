"""What both passes of a call share."""

import torch

from recurry.backends.cpu.calls import make_call
from recurry.backends.timeline import make_timeline
from recurry.backends.weights import StackCache
from recurry.cells import find_cell


def _call(cache: StackCache | None = None, parameters=None):
    cell = find_cell("rnn")
    if parameters is None:
        parameters = {n: torch.randn(s) for n, s in cell.parameter_shapes(3, 5).items()}
    timeline = make_timeline((2, 2), 2, False)
    return make_call(cell.plan, timeline, parameters, torch.randn(4, 3), 5, cache=cache)


def _packed(call) -> list[torch.Tensor]:
    return list(call.weights(call.kernels.forward, call.kernels.forward_pass.vectors).values())


def test_packed_weights_are_kept_until_a_number_changes():
    cache = StackCache()
    call = _call(cache)
    first = _packed(call)
    again = _packed(_call(cache, call.parameters))
    assert all(one is other for one, other in zip(first, again, strict=True))
    call.parameters["U_h"].data[4, 4] += 1.0
    changed = _packed(_call(cache, call.parameters))
    assert not any(one is other for one, other in zip(first, changed, strict=True))
    assert not torch.equal(first[0], changed[0])


def test_weights_that_lie_in_no_stretch_are_not_kept():
    call = _call(StackCache())
    turned = {**call.parameters, "U_h": call.parameters["U_h"].t()}
    assert _call(StackCache(), turned).packs is None
