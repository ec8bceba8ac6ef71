"""Low memory: the numbers of the default, and a small part of what it keeps."""

import pytest
import torch

from recurry.backends import Request, RunOptions, Symbols, choose_backend
from recurry.backends.recompute import chunk_steps, cut
from recurry.backends.timeline import make_timeline
from recurry.cells import cell, cells
from recurry.errors import UsageError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent

BACKENDS = ("cpu", "eager")


def _layers(name, *, backend, **facts):
    layers = [
        Recurrent(name, 6, 6, backend=backend, memory=memory, **{"precision": "float64", **facts})
        for memory in ("default", "low")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    return layers


def _results(layer, x, lengths=None):
    given = x.clone().requires_grad_()
    output, state = layer(given, lengths=lengths)
    (output.square().sum() + sum(state[name].sum() for name in state.names)).backward()
    gradients = [parameter.grad for parameter in layer.parameters()]
    return [output, *(state[name] for name in state.names)], [given.grad, *gradients]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("lengths", [None, [11, 3, 0, 8]], ids=["equal", "unequal"])
@pytest.mark.parametrize("name", cells())
def test_it_gives_what_the_default_gives(name, lengths, backend):
    layers, x = _layers(name, backend=backend), torch.randn(11, 4, 6, dtype=torch.float64)
    (output, gradients), (same, others) = (_results(layer, x, lengths) for layer in layers)
    if backend == "cpu":
        assert all(map(torch.equal, output, same))
    for one, other in zip([*output, *gradients], [*same, *others], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("lengths", [None, [7, 5, 0, 1]], ids=["equal", "unequal"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("num_steps", [1, 7])
def test_both_directions_and_layers(num_steps, precision, lengths, backend):
    layers = _layers("lstm", backend=backend, precision=precision, bidirectional=True, num_layers=2)
    lengths = lengths and [min(length, num_steps) for length in lengths]
    x = torch.randn(num_steps, 4, 6, dtype=layers[0].dtype)
    (output, gradients), (same, others) = (_results(layer, x, lengths) for layer in layers)
    for one, other in zip([*output, *gradients], [*same, *others], strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("is_one_hot", [False, True])
def test_symbols(is_one_hot):
    layers = _layers("gru", backend="cpu")
    table = None if is_one_hot else torch.randn(6, 6, dtype=torch.float64, requires_grad=True)
    ids = torch.randint(6, (9, 3))
    symbols = Symbols(ids=ids, table=table, num_symbols=6, dtype=torch.float64)
    found = []
    for layer in layers:
        layer(symbols)[0].square().sum().backward()
        by_table = [] if table is None else [table.grad.clone()]
        found.append([*(p.grad for p in layer.parameters()), *by_table])
        if table is not None:
            table.grad = None
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("facts", [{"dropout": Dropout(zoneout=0.3)}, {"precision": "bfloat16"}])
def test_the_backward_pass_goes_back_through_the_same_numbers(facts):
    """Gradients that come from other masks, or other roundings, would be far off."""
    layers = _layers("lstm", backend="eager", **facts)
    x = torch.randn(7, 3, 6, dtype=layers[0].dtype)
    found = []
    for layer in layers:
        torch.manual_seed(5)

        state, outputs = None, []
        for part in x.split(3) if layer is layers[0] else (x,):
            output, state = layer(part, state)
            outputs.append(output)
        torch.cat(outputs).square().sum().backward()
        found.append([parameter.grad for parameter in layer.parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def _kept_bytes(layer, x):
    """What autograd keeps beside the parameters and the input."""
    known = {t.untyped_storage().data_ptr() for t in (x, *layer.parameters())}
    kept: dict[int, int] = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = layer(x)[0]
    assert output.requires_grad
    return sum(kept.values())


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_compiled_backend_keeps_an_eighth_at_most_over_a_thousand_steps(name):
    layers, x = _layers(name, backend="cpu"), torch.randn(1000, 2, 6, dtype=torch.float64)
    default, low = (_kept_bytes(layer, x) for layer in layers)
    assert low * 8 <= default


def test_chunks_are_as_many_as_their_steps():
    assert [chunk_steps(steps) for steps in (0, 1, 2, 4, 5, 1000)] == [1, 1, 2, 2, 3, 32]
    forward = cut(make_timeline((4, 4, 3, 1, 1), 4, False), 2)
    assert [chunk.timeline.sizes for chunk in forward] == [(4, 4), (3, 1), (1,)]
    assert [chunk.rows for chunk in forward] == [slice(0, 8), slice(8, 12), slice(12, 13)]
    backward = cut(make_timeline((4, 4, 3, 1, 1), 4, True), 2)
    assert [chunk.rows for chunk in backward] == [chunk.rows for chunk in forward][::-1]
    assert all(chunk.timeline.is_reversed for chunk in backward)


def test_who_cannot_do_it_says_so():
    plan, options = cell("lstm").plan, RunOptions(memory="low")
    with pytest.raises(UsageError, match="keep what every step has made"):
        choose_backend("fused", Request(plan=plan, options=options))
    assert (
        choose_backend("auto", Request(plan=plan, options=options, device="cuda")).name == "eager"
    )
