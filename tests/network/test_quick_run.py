"""Steps at little cost against steps in the ordinary way."""

import copy
import pickle

import pytest
import torch

from recurry.backends.cpu.route import Route
from recurry.cells import cells
from recurry.errors import ShapeError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent


@pytest.fixture
def count(monkeypatch) -> list[int]:
    """How many layers were run for a step at little cost."""
    taken, run = [0], Route.run

    def counted(route, *given):
        taken[0] += len(route.shape) == 2 or route.shape[0] == 1
        return run(route, *given)

    monkeypatch.setattr(Route, "run", counted)
    return taken


def compare(layer: Recurrent, *, streams: int = 3, steps: int = 4) -> None:
    """Step by step and whole sequences: the same outputs and states."""
    x = torch.randn(steps, streams, layer.input_size, dtype=layer.dtype)
    state = layer.initial_state(streams)
    with torch.no_grad():
        expected, last = layer(x, state)
        for number in range(steps):
            output, state = layer.step(x[number], state)
            torch.testing.assert_close(output, expected[number])
    torch.testing.assert_close(state.to_dict(), last.to_dict())


@pytest.mark.parametrize("name", cells())
def test_every_cell(name, count):
    compare(Recurrent(name, 37, 37, backend="cpu", precision="float64"))
    assert count[0] == 4


@pytest.mark.parametrize("text", ["h = gelu(W @ x + b)", "h = a * h + x", "h = tanh(h + c)\nc = x"])
def test_odd_cells(text, count):
    compare(Recurrent(text, 5, 5, backend="cpu"))
    assert count[0] == 4


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({"num_layers": 3}, 12),
        ({"num_layers": 2, "has_residual": True}, 8),
        ({"dropout": Dropout(zoneout=0.2, between=0.5), "backend": "auto"}, 4),
        ({"precision": "bfloat16"}, 4),
        ({"backend": "eager"}, 0),
    ],
    ids=str,
)
def test_kinds_of_layers(options, times, count):
    compare(Recurrent("lstm", 6, 20, **{"backend": "cpu", **options}).eval())
    assert count[0] == times


def test_what_a_kernel_alone_cannot_do(count):
    compare(Recurrent("h = tanh(W @ tanh(V @ x) + U @ h)", 4, 6, backend="cpu"))
    assert count[0] == 4


def test_two_threads(count):
    layer, before = Recurrent("gru", 8, 64, backend="cpu"), torch.get_num_threads()
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            compare(layer, streams=16)
    finally:
        torch.set_num_threads(before)
    assert count[0] == 12


def test_changed_weights_are_seen(count):
    layer, x = Recurrent("rnn", 8, 8, backend="cpu"), torch.randn(2, 8)
    state = layer.initial_state(2)
    with torch.no_grad():
        for change in (lambda p: p.data.mul_(2.0), lambda p: p.mul_(2.0)):
            layer.step(x, state)
            for parameter in layer.parameters():
                change(parameter)
            expected = layer(x[None], state)[0][0]
            torch.testing.assert_close(layer.step(x, state)[0], expected)
    assert count[0] == 6


def test_results_and_memory_do_not_share(count):
    layer, x = Recurrent("lstm", 4, 8, backend="cpu"), torch.randn(1, 4)
    with torch.no_grad():
        first, state = layer.step(x, layer.initial_state(1))
        kept = first.clone()
        layer.step(x, state)
        assert torch.equal(first, kept)
        state["h"].zero_()
        assert torch.equal(first, kept)


def test_copies_step_with_weights_of_their_own(count):
    layer, x = Recurrent("gru", 4, 8, backend="cpu"), torch.randn(1, 4)
    state = layer.initial_state(1)
    with torch.no_grad():
        expected = layer.step(x, state)[0]
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            torch.testing.assert_close(twin.step(x, state)[0], expected)
            for parameter in twin.parameters():
                parameter.add_(1.0)
            assert not torch.equal(twin.step(x, state)[0], expected)
        assert torch.equal(layer.step(x, state)[0], expected)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 5), "does not fit"),
        (torch.zeros(2, 4).double(), "another type"),
        (torch.zeros(3, 4), "state does not fit"),
    ],
)
def test_wrong_input_is_told_as_ever(x, message):
    layer = Recurrent("gru", 4, 8, backend="cpu")
    state = layer.initial_state(2)
    with torch.no_grad():
        layer.step(torch.zeros(2, 4), state)
        with pytest.raises(ShapeError, match=message):
            layer.step(x, state)
