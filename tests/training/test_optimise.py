import math

import numpy as np
import pytest
import torch

from recurry.training.configuration import OptimiserConfig
from recurry.training.optimise import (
    clip_gradients,
    make_measured_update,
    make_optimiser,
    make_update,
    pack_optimiser,
    unpack_optimiser,
)

CONFIGS = [
    OptimiserConfig(name="sgd", learning_rate=0.1),
    OptimiserConfig(name="sgd", learning_rate=0.1, momentum=0.9, weight_decay=1e-3),
    OptimiserConfig(name="adagrad", learning_rate=0.1),
    OptimiserConfig(name="rmsprop", learning_rate=0.01, momentum=0.5, betas=(0.0, 0.95)),
    OptimiserConfig(name="adam"),
    OptimiserConfig(name="adamw", weight_decay=0.1, betas=(0.8, 0.95)),
    OptimiserConfig(name="asgd", learning_rate=0.1),
]


def named_weights(dtype=torch.float32) -> dict[str, torch.Tensor]:
    return {
        name: torch.arange(size, dtype=dtype).sub(1.3).requires_grad_()
        for name, size in {"layers.0.forward.U_f": 4, "head.bias": 3}.items()
    }


def move(weights, optimiser, *, steps: int) -> None:
    for n in range(steps):
        optimiser.zero_grad()
        sum(((w - 0.1 * n) ** 2).sum() for w in weights.values()).backward()
        make_update(optimiser, learning_rate=0.05 / (n + 1))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_packed_optimiser_goes_on_with_the_same_bits(config, dtype):
    weights = named_weights(dtype)
    optimiser = make_optimiser(weights.values(), config, num_updates=4)
    move(weights, optimiser, steps=3)
    packed = pack_optimiser(optimiser, weights)

    twins = {name: weight.detach().clone().requires_grad_() for name, weight in weights.items()}
    twin = make_optimiser(twins.values(), config, num_updates=4)
    unpack_optimiser(twin, twins, packed=packed)
    move(weights, optimiser, steps=5)
    move(twins, twin, steps=5)
    for name in weights:
        assert torch.equal(weights[name], twins[name])
    again = pack_optimiser(twin, twins)
    for name, value in pack_optimiser(optimiser, weights).items():
        assert torch.equal(again[name], value)
        assert again[name].dtype == value.dtype


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
def test_every_optimiser_descends(config):
    weights = named_weights()
    optimiser = make_optimiser(weights.values(), config, num_updates=50)
    before = sum(float((w.detach() ** 2).sum()) for w in weights.values())
    for _ in range(50):
        optimiser.zero_grad()
        sum((w**2).sum() for w in weights.values()).backward()
        optimiser.step()
    assert sum(float((w.detach() ** 2).sum()) for w in weights.values()) < before


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
def test_an_update_tells_autograd_that_weights_have_changed(config):
    """Whoever keeps something computed from weights, such as stacked matrices, relies on this."""
    weights = named_weights()
    optimiser = make_optimiser(weights.values(), config, num_updates=4)
    for _ in range(2):
        versions = [weight._version for weight in weights.values()]
        move(weights, optimiser, steps=1)
        assert all(w._version > v for w, v in zip(weights.values(), versions, strict=True))


def test_packing_copies():
    weights = named_weights()
    optimiser = make_optimiser(weights.values(), OptimiserConfig(), num_updates=4)
    move(weights, optimiser, steps=1)
    packed = pack_optimiser(optimiser, weights)
    before = {name: value.clone() for name, value in packed.items()}
    move(weights, optimiser, steps=1)
    assert all(torch.equal(packed[name], before[name]) for name in packed)


def test_adagrad_divides_by_the_root_of_the_sum_and_epsilon():
    """mem += d * d; w -= rate * d / sqrt(mem + epsilon), as in the classic script."""
    weights = {"w": torch.zeros(3, dtype=torch.float64, requires_grad=True)}
    config = OptimiserConfig(name="adagrad", learning_rate=0.1, epsilon=1e-3)
    optimiser = make_optimiser(weights.values(), config, num_updates=4)
    expected, memory = np.zeros(3), np.zeros(3)
    for n in range(5):
        gradient = np.array([1.0, 1e-3, 0.0]) * (n + 1)
        weights["w"].grad = torch.from_numpy(gradient)
        optimiser.step()
        memory += gradient**2
        expected -= 0.1 * gradient / np.sqrt(memory + 1e-3)
    assert np.allclose(weights["w"].detach().numpy(), expected, rtol=1e-14, atol=0)


def test_averaged_sgd_averages_the_second_half():
    weights = {"w": torch.zeros(1, dtype=torch.float64, requires_grad=True)}
    config = OptimiserConfig(name="asgd", learning_rate=1.0)
    optimiser = make_optimiser(weights.values(), config, num_updates=10)
    path = []
    for _ in range(10):
        weights["w"].grad = torch.tensor([-1.0], dtype=torch.float64)
        optimiser.step()
        path.append(float(weights["w"].detach()))
    assert path == pytest.approx(range(1, 11))
    average = pack_optimiser(optimiser, weights)["w.ax"]
    assert float(average) == pytest.approx(np.mean(path[5:]))


def test_averaged_sgd_follows_the_schedule_at_once():
    """torch's own takes the rate of an update from the update before."""
    weights = {"w": torch.zeros(1, requires_grad=True)}
    config = OptimiserConfig(name="asgd", learning_rate=1.0)
    optimiser = make_optimiser(weights.values(), config, num_updates=100)
    place = 0.0
    for rate in (0.5, 4.0, 0.25, 0.0, 2.0):
        weights["w"].grad = torch.tensor([-1.0])
        make_update(optimiser, learning_rate=rate)
        place += rate
        assert float(weights["w"].detach()) == place


def with_gradients(*values: float) -> list[torch.Tensor]:
    weight = torch.zeros(len(values), requires_grad=True)
    weight.grad = torch.tensor(values)
    return [weight]


def test_clipping_by_norm_keeps_the_direction():
    weights = with_gradients(3.0, 4.0)
    assert clip_gradients(weights, OptimiserConfig(clip_norm=1.0)) == pytest.approx(5.0)
    assert weights[0].grad.tolist() == pytest.approx([0.6, 0.8], rel=1e-5)


def test_clipping_by_value_cuts_components():
    weights = with_gradients(3.0, -40.0, 0.5)
    norm = clip_gradients(weights, OptimiserConfig(clip_value=1.0))
    assert weights[0].grad.tolist() == [1.0, -1.0, 0.5]
    assert norm == pytest.approx((9 + 1600 + 0.25) ** 0.5)


def test_small_gradients_are_left_alone():
    for option in ({"clip_norm": 10.0}, {"clip_value": 10.0}, {}):
        weights = with_gradients(3.0, 4.0)
        clip_gradients(weights, OptimiserConfig(**option))
        assert weights[0].grad.tolist() == [3.0, 4.0]


def test_a_weight_without_a_gradient_is_passed_over():
    weights = [*with_gradients(3.0, 4.0), torch.zeros(2, requires_grad=True)]
    assert clip_gradients(weights, OptimiserConfig(clip_norm=1.0)) == pytest.approx(5.0)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
def test_a_group_learns_at_its_own_rate(config):
    """Two groups are two optimisers whose rates differ."""
    together, apart = named_weights(), named_weights()
    factors = dict(zip(together, (1.0, 0.25), strict=True))
    groups = [{"params": [together[n]], "rate_factor": factor} for n, factor in factors.items()]
    move(together, make_optimiser(groups, config, num_updates=4), steps=4)
    for name, factor in factors.items():
        alone = {name: apart[name]}
        optimiser = make_optimiser(alone.values(), config, num_updates=4)
        for n in range(4):
            optimiser.zero_grad()
            ((apart[name] - 0.1 * n) ** 2).sum().backward()
            make_update(optimiser, learning_rate=0.05 / (n + 1) * factor)
        assert torch.equal(together[name], apart[name])


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "adagrad"])
def test_a_measured_update_is_the_same_and_tells_how_far_it_went(name):
    weights = [torch.nn.Parameter(torch.randn(3, 2)) for _ in range(2)]
    copies = [torch.nn.Parameter(weight.detach().clone()) for weight in weights]
    config = OptimiserConfig(name=name, learning_rate=0.1)
    before = torch.cat([weight.detach().flatten() for weight in weights])
    ratios = []
    for group, update in ((weights, make_measured_update), (copies, make_update)):
        optimiser = make_optimiser(group, config, num_updates=10)
        for weight in group:
            weight.grad = torch.ones_like(weight)
        ratios.append(update(optimiser, learning_rate=0.05))
    after = torch.cat([weight.detach().flatten() for weight in weights])
    assert torch.equal(after, torch.cat([copy.detach().flatten() for copy in copies]))
    assert ratios[0] == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-5)


def test_weights_of_zero_have_no_ratio():
    weight = torch.nn.Parameter(torch.zeros(3))
    optimiser = make_optimiser([weight], OptimiserConfig(name="sgd"), num_updates=1)
    weight.grad = torch.ones(3)
    assert make_measured_update(optimiser, learning_rate=1.0) == math.inf
