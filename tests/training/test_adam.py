"""The compiled update beside torch's, through the optimiser that both share."""

import math

import pytest
import torch
from torch import Tensor, nn

from recurry.training import adam
from recurry.training.adam import gradient_squares, update_adam
from recurry.training.configuration import OptimiserConfig
from recurry.training.optimise import make_optimiser, make_update


def make(name: str, *, rates: tuple[float, float] = (1.0, 1.0)):
    """Weights with an optimiser in two groups."""
    torch.manual_seed(0)
    weights = [nn.Parameter(torch.randn(shape)) for shape in ((3, 5), (7,))]
    groups = [{"params": [w], "rate_factor": r} for w, r in zip(weights, rates, strict=True)]
    config = OptimiserConfig(name=name, learning_rate=0.1, weight_decay=0.05)
    return weights, make_optimiser(groups, config, num_updates=10)


def set_gradients(weights: list[nn.Parameter], *, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    for weight in weights:
        weight.grad = torch.randn(weight.shape, generator=generator)


def move(optimiser, averages: dict[Tensor, Tensor], *, factor: float = 1.0) -> float | None:
    return update_adam(optimiser, gradient_factor=factor, averages=averages, following=0.25)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_updates_and_what_is_remembered_are_those_of_torch(name):
    own, optimiser = make(name, rates=(1.0, 0.5))
    theirs, other = make(name, rates=(1.0, 0.5))
    averages = {weight: weight.detach().clone() for weight in own}
    expected = [weight.detach().clone() for weight in theirs]
    for number in range(4):
        set_gradients(own, number=number)
        set_gradients(theirs, number=number)
        if number == 1:  # a weight that waits is passed over, and its average is not
            own[1].grad = theirs[1].grad = None
        before = torch.cat([w.detach().flatten() for w in theirs if w.grad is not None])
        for weight in theirs:
            if weight.grad is not None:
                weight.grad.mul_(0.5)
        make_update(other, learning_rate=0.1)
        after = torch.cat([w.detach().flatten() for w in theirs if w.grad is not None])
        for group in optimiser.param_groups:
            group["lr"] = 0.1 * group["rate_factor"]
        ratio = move(optimiser, averages, factor=0.5)
        assert ratio == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-4)
        for average, weight in zip(expected, theirs, strict=True):
            average.lerp_(weight.detach(), 0.25)
    for mine, his, average in zip(own, theirs, expected, strict=True):
        torch.testing.assert_close(mine, his)
        torch.testing.assert_close(averages[mine], average)
        states = optimiser.state[mine], other.state[his]
        assert [*states[0]] == [*states[1]]
        for one, two in zip(*(state.values() for state in states), strict=True):
            torch.testing.assert_close(one, two)


def test_it_goes_on_from_where_torch_stands():
    own, optimiser = make("adamw")
    theirs, other = make("adamw")
    for number in range(4):
        for weights, made in ((own, optimiser), (theirs, other)):
            set_gradients(weights, number=number)
            if made is optimiser and number > 1:
                assert move(made, {}) is not None
            else:
                make_update(made, learning_rate=0.1)
    for mine, his in zip(own, theirs, strict=True):
        torch.testing.assert_close(mine, his)


def test_an_update_tells_autograd_that_weights_have_changed():
    weights, optimiser = make("adamw")
    set_gradients(weights, number=0)
    versions = [weight._version for weight in weights]
    move(optimiser, {})
    assert all(w._version > v for w, v in zip(weights, versions, strict=True))


def test_weights_of_zero_have_no_ratio():
    weights, optimiser = make("adam")
    set_gradients(weights, number=0)
    for weight in weights:
        weight.detach().zero_()
    assert move(optimiser, {}) == math.inf


def test_what_is_left_to_torch(monkeypatch):
    weights, optimiser = make("sgd")
    set_gradients(weights, number=0)
    assert move(optimiser, {}) is None
    weights, optimiser = make("adamw")
    assert move(optimiser, {}) is None  # without gradients
    set_gradients(weights, number=0)
    weights[1].grad = torch.randn(7, 2)[:, 0]
    before = [weight.detach().clone() for weight in weights]
    assert move(optimiser, {}) is None
    assert gradient_squares([weight.grad for weight in weights]) is None
    monkeypatch.setattr(adam, "_find_kernel", lambda: None)
    set_gradients(weights, number=0)
    assert move(optimiser, {}) is None
    assert gradient_squares([weight.grad for weight in weights]) is None
    assert all(torch.equal(w, b) for w, b in zip(weights, before, strict=True))


def test_the_norm_is_that_of_torch():
    weights, _ = make("adamw")
    set_gradients(weights, number=0)
    gradients = [weight.grad for weight in weights]
    expected = float(nn.utils.get_total_norm(gradients)) ** 2
    assert gradient_squares(gradients) == pytest.approx(expected, rel=1e-6)
