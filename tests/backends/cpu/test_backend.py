"""The backend as layers see it: what it refuses, lengths, gradients, odd inputs."""

import pytest
import torch

from recurry.backends import Request, RunOptions, choose_backend
from recurry.backends.cpu import cost
from recurry.cells import cells, find_cell
from recurry.errors import UsageError
from recurry.network.recurrent import Recurrent
from recurry.network.state import State


def _request(**facts) -> Request:
    options = RunOptions(**facts.pop("options", {}))
    return Request(plan=find_cell("lstm").plan, options=options, **facts)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"device": "cuda"}, "processor only"),
        ({"options": {"zoneout": 0.1, "is_training": True}}, "zoneout"),
    ],
)
def test_what_it_cannot_do_it_refuses(facts, reason):
    with pytest.raises(UsageError, match=reason):
        choose_backend("cpu", _request(**facts))


@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru", "indrnn"])
def test_unequal_lengths_give_what_the_eager_backend_gives(name, is_bidirectional):
    layers = [
        Recurrent(
            name, 6, 10, 2, bidirectional=is_bidirectional, backend=backend, precision="float64"
        )
        for backend in ("cpu", "eager")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x, lengths = torch.randn(7, 5, 6, dtype=torch.float64), [3, 7, 0, 1, 7]
    results = []
    for layer in layers:
        given = x.clone().requires_grad_()
        output, state = layer(given, lengths=lengths)
        (output.square().sum() + sum(state[n].sum() for n in state.names)).backward()
        gradients = [p.grad for p in layer.parameters()]
        results.append([output, *(state[n] for n in state.names), given.grad, *gradients])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("is_bidirectional", [False, True])
def test_two_threads_share_unequal_lengths(is_bidirectional, set_threads, monkeypatch):
    monkeypatch.setattr(cost, "_START", 0.0)  # even so short a call wakes the second
    layer = Recurrent(
        "lstm", 6, 40, bidirectional=is_bidirectional, backend="cpu", precision="float64"
    )
    x, lengths = torch.randn(30, 9, 6, dtype=torch.float64), [3, 30, 0, 1, 28, 17, 17, 9, 5]
    results = []
    for count in (1, 2, 2):
        set_threads(count)
        layer.zero_grad()
        output, state = layer(x, lengths=lengths)
        output.square().sum().backward()
        results.append([output, state["c"], *(p.grad.clone() for p in layer.parameters())])
    assert all(map(torch.equal, results[1], results[2]))
    for one, other in zip(results[0], results[1], strict=True):
        torch.testing.assert_close(one, other)


def test_weights_that_are_not_contiguous_and_expanded_gradients():
    layer = Recurrent("gru", 4, 9, backend="cpu", precision="float64")
    same = Recurrent("gru", 4, 9, backend="eager", precision="float64")
    same.load_state_dict(layer.state_dict())
    for parameter in layer.parameters():
        if parameter.dim() == 2:
            parameter.data = parameter.data.t().contiguous().t()
    x = torch.randn(3, 4, 5, dtype=torch.float64).transpose(1, 2)
    for one in (layer, same):
        one(x)[0].sum().backward()
    for one, other in zip(layer.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def _through_data(layer: Recurrent) -> None:
    for parameter in layer.parameters():
        parameter.data.mul_(2.0)


def _in_place(layer: Recurrent) -> None:
    with torch.no_grad():
        next(layer.parameters()).mul_(2.0)


def _replaced(layer: Recurrent) -> None:
    parameter = next(layer.parameters())
    parameter.data = 2.0 * parameter.data


def _turned(layer: Recurrent) -> None:
    parameter = dict(layer.named_parameters())["layers.0.forward.U_h"]
    parameter.data = parameter.data.t()


def _by_a_fused_optimiser(layer: Recurrent) -> None:
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1, fused=True)
    for parameter in layer.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    layer.zero_grad()


@pytest.mark.parametrize(
    "change",
    [_through_data, _in_place, _replaced, _turned, _by_a_fused_optimiser],
    ids=lambda change: change.__name__,
)
def test_weights_changed_behind_the_cache_are_seen(change):
    layer, x = Recurrent("rnn", 16, 16, backend="cpu"), torch.randn(4, 2, 16)
    for _ in range(2):  # in inference and in training
        with torch.no_grad():
            layer(x)
        layer(x)[0].sum().backward()
        layer.zero_grad()
        change(layer)
        same = Recurrent("rnn", 16, 16, backend="eager")
        same.load_state_dict(layer.state_dict())
        with torch.no_grad():
            torch.testing.assert_close(layer(x)[0], same(x)[0])
        for one in (layer, same):
            one(x)[0].square().sum().backward()
        for one, other in zip(layer.parameters(), same.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4)
        layer.zero_grad()


@pytest.mark.parametrize("size", [13, 64])
def test_changing_an_output_in_place_does_no_silent_harm(size):
    layer, x = Recurrent("rnn", 3, size, backend="cpu"), torch.randn(2, 1, 3)
    layer(x)[0].sum().backward()
    expected = next(layer.parameters()).grad.clone()
    layer.zero_grad()
    output, state = layer(x)
    state["h"].detach().zero_()
    assert bool((output[-1] != 0).all())
    with torch.no_grad():
        output.zero_()
    if size == 64:  # the output is what was saved
        with pytest.raises(RuntimeError, match="modified inplace"):
            output.sum().backward()
    else:  # a copy without the padding
        output.sum().backward()
        assert torch.equal(next(layer.parameters()).grad, expected)


@pytest.mark.parametrize("shape", [(0, 2, 3), (2, 0, 3)])
def test_nothing_in_nothing_out(shape):
    layer = Recurrent("lstm", 3, 4, backend="cpu")
    output, state = layer(torch.zeros(shape))
    assert output.shape == (*shape[:2], 4)
    assert state["c"].shape == (1, shape[1], 4)


def test_gradcheck():
    layer = Recurrent("gru", 3, 4, backend="cpu", precision="float64")
    x = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: layer(value)[0], (x,))


def test_nan_and_infinity_go_through():
    layer = Recurrent("lstm", 3, 4, backend="cpu")
    x = torch.zeros(3, 2, 3)
    x[1, 0, 0] = float("nan")
    with torch.no_grad():
        output = layer(x)[0]
    assert output[1:, 0].isnan().all()
    assert output[:, 1].isfinite().all()


@pytest.mark.parametrize("cell", cells())
@pytest.mark.parametrize("size", [16, 40])
def test_a_sequence_gives_the_same_bits_in_every_batch(cell, size):
    layer, x = Recurrent(cell, size, size, backend="cpu"), torch.randn(5, 33, size)
    with torch.no_grad():
        whole, _ = layer(x)
        for streams in (1, 3, 4, 20):
            assert torch.equal(layer(x[:, :streams])[0], whole[:, :streams])
    trained, _ = layer(x.requires_grad_())
    assert torch.equal(trained, whole)


@pytest.mark.parametrize("lengths", [None, [5, 3]])
def test_the_order_of_states_and_weights_does_not_matter(lengths):
    layer, x = Recurrent("lstm", 4, 8, backend="cpu"), torch.randn(5, 2, 4)
    state = {name: torch.randn(1, 2, 8) for name in layer.cell.states}
    turned = dict(reversed(state.items()))
    first, second = (layer(x, State.from_dict(one), lengths) for one in (state, turned))
    assert torch.equal(first[0], second[0])
    for name in state:
        assert torch.equal(first[1].to_dict()[name], second[1].to_dict()[name])


@pytest.mark.parametrize("lengths", [None, [6, 4, 0]])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_default_device_of_torch_does_not_matter(precision, lengths):
    """Sizes that no other test has, since tables are made once a size."""
    layer = Recurrent("lstm", 5, 21, bidirectional=True, backend="cpu", precision=precision)
    results, x = [], torch.randn(6, 3, 5)
    for device in ("meta", "cpu"):
        with torch.device(device):
            output, state = layer(x, lengths=lengths)
            (output.sum() + state["c"].sum()).backward()
            with torch.no_grad():
                inferred = layer(x, lengths=lengths)[0]
        results.append([output, inferred, state["c"], *[p.grad for p in layer.parameters()]])
        layer.zero_grad()
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)
