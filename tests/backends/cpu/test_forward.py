"""What a forward pass leaves is its own, whatever runs later."""

import pytest
import torch

from recurry.backends.cpu.forward import kept_names, memory_shape
from recurry.backends.cpu.kernels import kernels
from recurry.cells import cells, find_cell
from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize("size", [5, 32, 512])
@pytest.mark.parametrize("is_learning", [False, True])
def test_results_share_no_memory(size, is_learning):
    layer = Recurrent("lstm", 6, size, backend="cpu")
    with torch.set_grad_enabled(is_learning):
        found = []
        for _ in range(2):
            output, state = layer(torch.randn(4, 2, 6))
            found += [output.detach(), *(value.detach() for value in state.to_dict().values())]
    places = [value.untyped_storage().data_ptr() for value in found]
    assert len(set(places)) == len(places)


def test_changes_of_a_state_change_no_gradient():
    layer, x = Recurrent("lstm", 6, 32, backend="cpu"), torch.randn(4, 2, 6)
    expected = torch.autograd.grad(layer(x)[0].sum(), [*layer.parameters()])
    output, state = layer(x)
    with torch.no_grad():
        for value in state.to_dict().values():
            value.zero_()
    found = torch.autograd.grad(output.sum(), [*layer.parameters()])
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("size", [5, 32])
@pytest.mark.parametrize("name", cells())
def test_sequences_of_no_step_keep_their_state(name, size):
    layer = Recurrent(name, size, size, backend="cpu", bidirectional=True)
    x, lengths = torch.randn(6, 4, size, requires_grad=True), [0, 6, 0, 2]
    state = layer.initial_state(4)
    for value in state.to_dict().values():
        value.normal_()
    output, last = layer(x, state, lengths)
    output.square().sum().backward()
    for number, length in enumerate(lengths):
        assert bool((output[length:, number] == 0).all())
        assert bool((x.grad[length:, number] == 0).all())
        if not length:
            for key, value in last.to_dict().items():
                assert torch.equal(value[:, number], state[key][:, number])
        else:
            alone = layer(x[:length, number : number + 1], state.index([number]))[0]
            assert torch.equal(output[:length, number], alone[:, 0])


def test_shapes_of_what_is_kept():
    made = kernels(find_cell("lstm").plan, bits=32, is_fused=True)
    assert {*kept_names(made)} >= {"state_h", "state_c"}
    shape = memory_shape(made, "state_h", rows=6, streams=2, padded=32)
    assert shape == (8, 32, torch.float32)
