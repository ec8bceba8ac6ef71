"""Passes whose memory stays where it is give what others give, whatever happens to the weights."""

import sys
import threading

import pytest
import torch

from recurry.backends.cpu.resident import Resident
from recurry.backends.cpu.threads import available_threads
from recurry.errors import ShapeError
from recurry.network.recurrent import Recurrent


def _layer(cell="lstm", size=20, **options):
    return Recurrent(cell, 20, size, backend="cpu", **options)


def _resident(layer, x):
    """What serves an input of this shape, after as many steps as it takes to have one."""
    for _ in range(3):
        layer.step(x) if x.dim() == 2 else layer(x)
    (route,) = layer.quick_layers(x, x.dim())._routes.values()
    return route._residents.get(available_threads())


def _ordinary(layer, x, state=None):
    """Output and states of a copy of the layer, which has nothing laid out."""
    fresh = Recurrent(layer.cell, layer.input_size, layer.hidden_size, backend="cpu")
    fresh.load_state_dict(layer.state_dict())
    with torch.enable_grad():
        output, last = fresh.step(x, state)
    return [output.detach(), *(value.detach() for value in last.tensors.values())]


def _same(found, expected):
    output, last = found
    return all(map(torch.equal, [output, *last.tensors.values()], expected))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("size", [20, 64])
@pytest.mark.parametrize("streams", [1, 3])
def test_steps_are_those_of_the_ordinary_way(cell, size, streams):
    layer, x = _layer(cell, size), torch.randn(9, streams, 20)
    resident = _resident(layer, x[0])
    state, expected = layer.initial_state(streams), layer.initial_state(streams)
    given = list(layer.layers[0].forward.tensors().values())
    assert resident.run(x[0], list(state.tensors.values()), given) is not None
    for x_t in x:
        wanted = _ordinary(layer, x_t, expected)
        found = layer.step(x_t, state)
        assert _same(found, wanted)
        state = expected = found[1]


def test_a_short_sequence_is_served_too():
    layer, x = _layer(size=64), torch.randn(5, 2, 20)
    assert _resident(layer, x) is not None
    output, last = layer(x)
    again, _ = layer(torch.randn(5, 2, 20))
    state = layer.initial_state(2)
    for x_t, found in zip(x, output, strict=True):
        y, state = layer.step(x_t, state)
        assert torch.equal(y, found)
    assert torch.equal(last["c"], state["c"])
    assert not torch.equal(again, output)


@pytest.mark.parametrize("name", ["U_i", "W_f", "b_o"])
def test_every_change_of_the_weights_is_seen(name):
    layer, x = _layer(), torch.randn(2, 20)
    assert _resident(layer, x) is not None
    state = layer.step(x)[1]
    weights = layer.layers[0].forward._parameters[name]
    changes = (
        lambda: weights.data.view(-1)[-1:].add_(0.5),
        lambda: setattr(weights, "data", weights.data * 2),
        lambda: setattr(weights, "data", weights.data.t()),
    )
    for change in changes:
        change()
        for _ in range(3):
            assert _same(layer.step(x, state), _ordinary(layer, x, state))


def test_results_share_no_memory():
    layer, x = _layer(), torch.randn(2, 20)
    _resident(layer, x)
    output, state = layer.step(x)
    kept = [output.clone(), *(value.clone() for value in state.tensors.values())]
    layer.step(torch.randn(2, 20), state)
    assert _same((output, state), kept)
    output.zero_()
    assert torch.equal(state["h"], kept[1])
    places = {v.untyped_storage().data_ptr() for v in (output, *state.tensors.values())}
    assert len(places) == 3


def test_the_ordinary_way_is_taken_where_another_thread_is():
    layer, x = _layer(), torch.randn(2, 20)
    resident = _resident(layer, x)
    expected, given = layer.step(x), list(layer.layers[0].forward.tensors().values())
    states = list(layer.initial_state(2).tensors.values())
    with resident._lock:
        assert resident.run(x, states, given) is None
        assert _same(layer.step(x), [expected[0], *expected[1].tensors.values()])
    assert resident.run(x, states, given) is not None


def test_threads_that_step_at_once():
    layer, inputs = _layer(size=64), torch.randn(3, 2, 20)
    expected = [_ordinary(layer, x) for x in inputs]
    found: list[list[bool]] = [[], [], []]

    def work(number: int) -> None:
        with torch.no_grad():
            for _ in range(300):
                found[number].append(_same(layer.step(inputs[number]), expected[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[True] * 300] * 3


def test_packed_weights_live_no_longer_than_their_cache():
    layer, x = _layer(), torch.randn(2, 20)
    resident = _resident(layer, x)
    assert resident._weights() is not None
    layer.layers[0].forward.cache.clear()
    assert resident._weights() is None
    assert _same(layer.step(x), _ordinary(layer, x))


def test_torch_without_its_check_of_many_tensors(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch._C._dynamo.guards", None)
    layer, x = _layer(), torch.randn(2, 20)
    resident = _resident(layer, x)
    given = list(layer.layers[0].forward.tensors().values())
    states = list(layer.initial_state(2).tensors.values())
    assert resident.run(x, states, given) is not None
    assert resident.run(x, states, [*given[1:], given[0]]) is None


def test_inference_mode_and_its_end():
    layer, x = _layer(), torch.randn(2, 20)
    _resident(layer, x)
    expected = _ordinary(layer, x)
    with torch.inference_mode():
        for _ in range(3):
            assert _same(layer.step(x), expected)
    for _ in range(3):
        assert _same(layer.step(x), expected)


def test_large_and_rounded_passes_take_memory_as_they_need_it():
    assert _resident(_layer(size=600), torch.randn(64, 20)) is None
    assert _resident(_layer(precision="bfloat16"), torch.randn(2, 20)) is None
    assert isinstance(_resident(_layer(size=64), torch.randn(2, 20)), Resident)


def test_weights_of_another_size_are_refused():
    layer, x = _layer(), torch.randn(2, 20)
    assert _resident(layer, x) is not None
    weights = layer.layers[0].forward._parameters["U_i"]
    weights.data = weights.data[:10]
    with pytest.raises(ShapeError, match="U_i"):
        layer.step(x)
