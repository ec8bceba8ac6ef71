"""Gradients that nobody gives or asks for."""

import pytest
import torch

from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize("memory", ["default", "low"])
@pytest.mark.parametrize("size", [5, 32])
def test_gradients_of_last_states_alone(size, memory):
    layer = Recurrent("lstm", 6, size, backend="cpu", memory=memory, precision="float64")
    other = Recurrent("lstm", 6, size, backend="eager", precision="float64")
    other.load_state_dict(layer.state_dict())
    x = torch.randn(5, 3, 6, dtype=torch.float64, requires_grad=True)
    found = []
    for one in (layer, other):
        state = one.initial_state(3)
        for value in state.to_dict().values():
            value.requires_grad_()
        _, last = one(x, state)
        wanted = [x, *state.to_dict().values(), *one.parameters()]
        found.append(torch.autograd.grad(last["c"].square().sum(), wanted))
    for gradient, expected in zip(*found, strict=True):
        torch.testing.assert_close(gradient, expected)


def test_changes_of_a_gradient_change_no_other():
    layer, x = Recurrent("lstm", 32, 32, backend="cpu"), torch.randn(4, 2, 32)
    expected = torch.autograd.grad(layer(x)[0].sum(), [*layer.parameters()])
    found = torch.autograd.grad(layer(x)[0].sum(), [*layer.parameters()])
    for number, gradient in enumerate(found):
        gradient.zero_()
        assert all(map(torch.equal, found[number + 1 :], expected[number + 1 :]))


def test_weights_are_those_of_the_forward_pass():
    layer, x = Recurrent("rnn", 6, 32, backend="cpu"), torch.randn(4, 2, 6, requires_grad=True)
    (expected,) = torch.autograd.grad(layer(x)[0].sum(), x)
    output = layer(x)[0]
    kept = [parameter.clone() for parameter in layer.parameters()]
    for parameter in layer.parameters():
        parameter.data.mul_(2.0)
    (found,) = torch.autograd.grad(output.sum(), x)
    assert torch.equal(found, expected)
    for parameter, value in zip(layer.parameters(), kept, strict=True):
        parameter.data.copy_(value)
    (again,) = torch.autograd.grad(layer(x)[0].sum(), x)
    assert torch.equal(again, expected)
