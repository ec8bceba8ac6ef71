"""The quick way gives what the ordinary way gives."""

import threading

import pytest
import torch

from recurry.backends.cpu.route import Route
from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"num_layers": 2}], ids=str)
@pytest.mark.parametrize("steps", [1, 5])
def test_both_ways_give_the_same_bits(steps, options, monkeypatch):
    layer = Recurrent("lstm", 6, 20, backend="cpu", **options)
    x, state = torch.randn(steps, 3, 6), layer.initial_state(3)
    found = []
    for is_quick in (True, False):
        if not is_quick:
            monkeypatch.setattr(Recurrent, "quick_layers", lambda *given: None)
        with torch.no_grad():
            alone = [layer(x, state), layer(x, state)]
        output, last = layer(x, state)
        gradients = torch.autograd.grad(output.square().sum(), [*layer.parameters()])
        tensors = [output.detach(), *last.to_dict().values(), *gradients]
        found.append([*tensors, *(t for o, s in alone for t in (o, *s.to_dict().values()))])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one.detach(), other.detach())


def test_input_and_states_may_lie_in_any_order():
    layer, x = Recurrent("lstm", 16, 64, backend="cpu"), torch.randn(20, 4, 16)
    with torch.no_grad():
        expected, last = layer(x)
        for _ in range(3):
            for number in range(4):
                output, state = layer(x[:, number : number + 1])
                assert torch.equal(output[:, 0], expected[:, number])
                assert torch.equal(state["c"][:, 0], last["c"][:, number])


def test_what_changes_is_seen():
    layer, x = Recurrent("rnn", 6, 20, backend="cpu"), torch.randn(4, 2, 6)
    with torch.no_grad():
        first = layer(x)[0]
        layer.layers[0].forward.U_h.data = layer.layers[0].forward.U_h.data.t()
        assert not torch.equal(layer(x)[0], first)
        layer.double()
        assert layer(x.double())[0].dtype == torch.float64


def test_two_threads_of_the_interpreter():
    layer, inputs = Recurrent("gru", 6, 20, backend="cpu"), torch.randn(2, 30, 2, 6)
    with torch.no_grad():
        expected = [layer(x)[0] for x in inputs]
    found: list[list[bool]] = [[], []]

    def work(number: int) -> None:
        with torch.no_grad():
            for _ in range(50):
                found[number].append(torch.equal(layer(inputs[number])[0], expected[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[True] * 50] * 2


def test_a_route_has_a_record_for_each_direction():
    layer = Recurrent("gru", 6, 20, backend="cpu")
    parameters = layer.layers[0].forward.tensors()
    plan = layer.cell.plan
    facts = {"directions": 2, "is_rounded": False, "memory": "default"}
    route = Route(plan, (4, 2, 6), parameters, 20, **facts)
    assert [fact.timeline.is_reversed for fact in route.facts] == [False, True]
