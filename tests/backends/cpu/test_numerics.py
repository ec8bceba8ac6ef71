"""How exact layers are in float32, and what their numbers do not depend on."""

import pytest
import torch

from recurry.network.recurrent import Recurrent

STEPS, STREAMS, SIZE = 500, 4, 64
# torch's own LSTM is off by 8.6e-7 after 500 steps; twice that is wanted.
OUTPUT_BOUND = 2 * 8.6e-7


def _distance(found: torch.Tensor, exact: torch.Tensor) -> float:
    """Relative, in the Euclidean norm."""
    return float((found.double() - exact).norm() / exact.norm())


def _run(layer: Recurrent, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Output and gradients, of a loss that weighs every output differently."""
    x = x.clone().to(layer.dtype).requires_grad_()
    output, _ = layer(x)
    weights = torch.linspace(-1, 1, output.numel(), dtype=layer.dtype).view_as(output)
    (output * weights).sum().backward()
    return {"output": output.detach(), "x": x.grad, **{n: p.grad for n, p in _named(layer)}}


def _named(layer: Recurrent):
    return ((name.split(".")[-1], value) for name, value in layer.named_parameters())


def _copy(layer: Recurrent, **options) -> Recurrent:
    same = Recurrent(layer.cell, layer.input_size, layer.hidden_size, **options)
    values = layer.state_dict()
    same.load_state_dict({name: value.to(same.dtype) for name, value in values.items()})
    return same


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "mut3", "sru", "lstm_peephole"])
def test_float32_is_as_exact_as_torch_is(name):
    layer, x = Recurrent(name, SIZE, SIZE, backend="cpu"), torch.randn(STEPS, STREAMS, SIZE)
    exact = _run(_copy(layer, backend="eager", precision="float64"), x)
    other = _run(_copy(layer, backend="eager"), x)
    found = _run(layer, x)
    assert _distance(found["output"], exact["output"]) <= OUTPUT_BOUND
    for key, value in exact.items():
        # Sums over time of a vector's gradient cancel; torch's own are off by 1e-5 here.
        least = 1e-5 if value.dim() == 1 else 4.3e-7
        bound = 2 * max(_distance(other[key], value), least)
        assert _distance(found[key], value) <= bound, key


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", ["lstm", "gru", "mut3", "indrnn"])
def test_a_sequence_does_not_depend_on_its_batch(name, precision):
    layer = Recurrent(name, 20, 40, backend="cpu", precision=precision)
    x = torch.randn(30, 13, 20, dtype=layer.dtype).requires_grad_()
    whole, _ = layer(x)
    (gradient,) = torch.autograd.grad(whole.square().sum(), x)
    for number in (0, 5, 12):
        one = x.detach()[:, number : number + 1].clone().requires_grad_()
        alone, _ = layer(one)
        assert torch.equal(alone[:, 0], whole[:, number])
        (mine,) = torch.autograd.grad(alone.square().sum(), one)
        torch.testing.assert_close(mine[:, 0], gradient[:, number])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("streams", [1, 9])
def test_the_same_call_gives_the_same_bits(threads, streams, set_threads):
    set_threads(threads)
    layer, x = Recurrent("gru", 24, 96, backend="cpu"), torch.randn(40, streams, 24)
    first = _run(layer, x)
    for _ in range(3):
        layer.zero_grad()
        again = _run(layer, x)
        assert all(torch.equal(again[key], value) for key, value in first.items())


def test_denormal_numbers_count_as_zero_inside_and_live_outside():
    layer = Recurrent("h = a * h + x", 8, 8, backend="cpu")
    with torch.no_grad():
        next(layer.parameters()).fill_(0.5)
        x = torch.zeros(200, 1, 8)
        x[0] = 1.0
        output, _ = layer(x)
    assert output[120, 0, 0] == 0.5**120
    assert output[-1, 0, 0] == 0.0
    tiny = torch.tensor(1e-38) * torch.tensor(0.1)
    assert tiny != 0.0


def test_what_is_no_number_goes_through_gradients_as_in_torch():
    layer, x = Recurrent("lstm", 8, 8, backend="cpu"), torch.randn(6, 3, 8)
    x[3, 1, 0] = float("inf")
    found = _run(layer, x)
    theirs = layer.to_torch()
    given = x.clone().requires_grad_()
    output, _ = theirs(given)
    weights = torch.linspace(-1, 1, output.numel()).view_as(output)
    (output * weights).sum().backward()
    torch.testing.assert_close(found["output"], output.detach(), equal_nan=True)
    assert torch.equal(found["x"].isfinite(), given.grad.isfinite())
