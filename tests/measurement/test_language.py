"""Both training steps make updates that lower the loss, and the row compares them."""

import pytest

from recurry.measurement.language import Recipe, measure_language, our_update, torch_update
from recurry.network.configuration import NetworkConfig
from recurry.training.configuration import OptimiserConfig

RECIPE = Recipe(
    name="small",
    network=NetworkConfig(cell="lstm", embedding_size=4, hidden_size=8),
    optimiser=OptimiserConfig(learning_rate=0.02, clip_norm=1.0),
    num_steps=6,
    num_lanes=3,
    num_symbols=5,
)


@pytest.mark.parametrize("update", [our_update(RECIPE, "float32", "cpu"), torch_update(RECIPE)])
def test_an_update_learns(update):
    losses = [update() for _ in range(40)]
    assert losses[-1] < 0.8 * losses[0]  # type: ignore[operator]


def test_a_row_is_the_whole_step_beside_torch():
    row = measure_language(RECIPE, "float32", backend="cpu", repeats=1)
    assert (row.cell, row.shape) == ("small", "6,3,4,8")
    assert row.time_ms
    assert set(row.ratios) == {"torch-f32"}
    assert row.of_bound is None


def test_what_the_backend_refuses_is_no_time():
    row = measure_language(RECIPE, "bfloat16", backend="fused", repeats=1)
    assert row.refusal
    assert row.time_ms is None
