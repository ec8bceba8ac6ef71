import pytest
import torch

from recurry.training.configuration import ScheduleConfig
from recurry.training.schedule import learning_rate_factor


def curve(*, num_updates: int = 100, epochs: float = 10.0, **settings) -> list[float]:
    config = ScheduleConfig(**settings)
    return [
        learning_rate_factor(
            config, update=n, num_updates=num_updates, epochs=epochs * n / num_updates
        )
        for n in range(num_updates)
    ]


def test_constant_stays_at_the_peak():
    assert curve() == [1.0] * 100


def test_step_halves_every_epoch_after_the_fourth():
    """Zaremba et al. 2014: 4 epochs at the full rate, then each has half of the one before."""
    found = curve(name="step", start=4, every=1, factor=0.5, num_updates=80, epochs=8)
    assert found[::10] == [1, 1, 1, 1, 0.5, 0.25, 0.125, 0.0625]
    assert found[40:50] == [0.5] * 10


def test_step_waits_between_steps():
    found = curve(name="step", start=1, every=3, factor=0.1, epochs=10)
    assert found[::10] == pytest.approx([1] + [0.1] * 3 + [0.01] * 3 + [0.001] * 3)


def test_exponential_passes_through_the_steps():
    found = curve(name="exponential", start=2, every=2, factor=0.5, epochs=10)
    assert found[20] == 1.0
    assert found[40] == pytest.approx(0.5)
    assert found[60] == pytest.approx(0.25)
    assert found[50] == pytest.approx(0.5**1.5)


def test_cosine_warms_up_linearly_and_ends_at_final():
    found = curve(name="cosine", warmup=0.1, final=0.05)
    assert found[:10] == pytest.approx([(n + 1) / 10 for n in range(10)])
    assert found[10] == pytest.approx(1.0)
    assert found[-1] == pytest.approx(0.05)
    assert found[10:] == sorted(found[10:], reverse=True)


def test_any_schedule_may_warm_up():
    assert curve(warmup=0.2)[:20] == pytest.approx([(n + 1) / 20 for n in range(20)])
    assert curve(name="step", warmup=0.2, start=5)[9] == pytest.approx(0.5)


@pytest.mark.parametrize("warmup", [None, 0.1, 0.5])
@pytest.mark.parametrize("num_updates", [20, 101])
def test_one_cycle_is_that_of_torch(warmup, num_updates):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=1.0,
        total_steps=num_updates,
        pct_start=0.3 if warmup is None else warmup,
        cycle_momentum=False,
        final_div_factor=(1 / 25) / 0.01,
    )
    expected = []
    for _ in range(num_updates):
        expected.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    found = curve(name="one_cycle", warmup=warmup, final=0.01, num_updates=num_updates)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["constant", "step", "exponential", "cosine", "one_cycle"])
@pytest.mark.parametrize("num_updates", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate(name, num_updates):
    found = curve(name=name, num_updates=num_updates, epochs=1)
    assert all(0 <= factor <= 1 for factor in found)
