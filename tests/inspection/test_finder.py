"""The finder finds what is planted, every time, and claims nothing where there is nothing."""

import numpy as np
import pytest

from recurry.inspection.finder import (
    FEWEST,
    LEVEL,
    NUM_SHIFTS,
    _student_tail,
    areas,
    cut_labels,
    find_cells,
    threshold,
)


def _slow_cells(rng: np.random.Generator, num_cells: int, num_steps: int) -> np.ndarray:
    """Cells that change at different speeds, as those of a network do, (N, T) int8."""
    keep = rng.uniform(0, 0.998, num_cells)
    values, now = np.empty((num_steps, num_cells)), np.zeros(num_cells)
    noise = rng.standard_normal((num_steps, num_cells)) * np.sqrt(1 - keep**2)
    for step in range(num_steps):
        now = keep * now + noise[step]
        values[step] = now
    return np.ascontiguousarray(np.clip(np.tanh(values) * 127, -127, 127).astype(np.int8).T)


def _telegraph(rng: np.random.Generator, num_steps: int, length: float) -> np.ndarray:
    """Labels that hold for a while and then do not."""
    return np.cumsum(rng.random(num_steps) < 1 / length) % 2 == 1


def test_areas_are_those_of_all_pairs(rng):
    values = rng.integers(-3, 4, (5, 60)).astype(np.int8)
    labels = rng.random((3, 60)) < 0.4
    wanted = np.empty((3, 5))
    for row, label in enumerate(labels):
        for cell, value in enumerate(values.astype(int)):
            pairs = np.sign(value[label][:, None] - value[~label][None])
            wanted[row, cell] = (pairs.mean() + 1) / 2
    np.testing.assert_allclose(areas(values, labels), wanted, atol=1e-6)


def test_equal_values_tell_nothing_apart(rng):
    labels = rng.random((2, 100)) < 0.3
    assert areas(np.full((1, 100), 7, dtype=np.int8), labels) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(20))
def test_a_planted_cell_is_found_first_every_time(seed):
    rng = np.random.default_rng(seed)
    values, label = _slow_cells(rng, 60, 4000), _telegraph(rng, 4000, 30)
    planted, sign = int(rng.integers(60)), (-1 if seed % 2 else 1)
    noisy = np.where(label, 40, -40) + rng.normal(0, 30, 4000)
    values[planted] = np.clip(sign * noisy, -127, 127)
    (found,) = find_cells(values, [label])
    assert found is not None
    assert found.best == planted
    assert found.scores[planted] > 0.9
    assert found.is_reversed[planted] == (sign < 0)
    assert found.is_claimed(planted)
    assert sum(found.is_claimed(cell) for cell in range(60)) == 1


def test_nothing_is_claimed_on_random_labels():
    asked = claims = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = _slow_cells(rng, 60, 2000)
        labels = [_telegraph(rng, 2000, length) for length in (1.5, 5, 20, 60, 150)]
        for found in find_cells(values, labels, seed=seed):
            if found is not None:
                asked += 1
                claims += found.is_claimed(found.best)
    assert asked > 150
    assert claims == 0


def test_the_best_cell_is_chosen_on_the_first_half_and_scored_on_the_second():
    """A cell that knows the label in the second half only is not the best, and loses no score."""
    rng = np.random.default_rng(3)
    values, label = _slow_cells(rng, 10, 2000), _telegraph(rng, 2000, 10)
    values[4, :1000] = np.where(label[:1000], 50, -50)
    values[7, 1000:] = np.where(label[1000:], -50, 50)
    (found,) = find_cells(values, [label])
    assert found is not None
    assert found.best == found.order[0] == 4
    assert found.chosen[4] == 1.0
    for cell in range(10):
        (first,), (second,) = (
            areas(values[cell : cell + 1, half], label[None, half])[0]
            for half in (slice(0, 1000), slice(1000, None))
        )
        assert found.is_reversed[cell] == (first < 0.5)
        assert found.scores[cell] == pytest.approx(1 - second if first < 0.5 else second)
    assert found.scores[7] in (0.0, 1.0)


def test_moved_labels_choose_on_the_first_half_too():
    """Without any connection their scores lie around one half, and not above it."""
    means = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        (found,) = find_cells(_slow_cells(rng, 60, 2000), [_telegraph(rng, 2000, 10)])
        assert found is not None
        assert len(found.baseline) == NUM_SHIFTS
        means.append(found.baseline.mean())
    assert np.mean(means) == pytest.approx(0.5, abs=0.01)


def test_no_area_is_above_one(rng):
    for size in (100, 1001, 40_000):
        labels = rng.random((4, size)) < np.array([[0.1], [0.3], [0.5], [0.9]])
        values = np.where(labels, 100, -100).astype(np.int8)
        found = areas(np.concatenate([values, -values]), labels)
        assert found.max() <= 1.0
        assert found.min() >= 0.0


@pytest.mark.parametrize(("t", "tail"), [(2.0228, 0.025), (2.7079, 0.005), (3.5581, 0.0005)])
def test_tails_are_those_of_tables_of_student(t, tail):
    assert tail <= _student_tail(t, 39) <= 1.25 * tail


def test_chance_is_small_only_beyond_the_baseline(rng):
    values, label = _slow_cells(rng, 20, 1000), _telegraph(rng, 1000, 10)
    (found,) = find_cells(values, [label])
    assert found is not None
    assert found.chance(0.3) == 1.0
    assert found.chance(float(found.baseline.mean()) + 0.01) > 0.1
    assert found.chance(float(found.baseline.max())) >= 1 / (1 + len(found.baseline))
    assert found.chance(1.0) < LEVEL


def test_rare_labels_are_not_asked(rng):
    values = _slow_cells(rng, 4, 400)
    label = np.zeros(400, dtype=bool)
    assert find_cells(values, [label, ~label]) == [None, None]
    label[: FEWEST + 5] = True  # only in the first half
    assert find_cells(values, [label]) == [None]
    assert find_cells(values[:0], [rng.random(400) < 0.5]) == [None]
    assert find_cells(values[:, :0], [label[:0]]) == [None]


def test_numbers_are_cut_where_the_first_half_is_halved():
    labels = np.concatenate([np.arange(100) % 10, np.full(100, 3)])
    assert cut_labels(labels).tolist() == (labels > 4).tolist()
    assert not cut_labels(np.full(10, 3)).any()
    rare = np.array([0] * 9 + [1, 2] + [0] * 11)
    assert cut_labels(rare).tolist() == (rare > 0).tolist()


def test_the_threshold_parts_the_sides(rng):
    label = rng.random(500) < 0.4
    values = np.where(label, 30, -20).astype(np.int8)
    level = threshold(values, label, is_reversed=False)
    np.testing.assert_array_equal(values >= level, label)
    level = threshold(-values, label, is_reversed=True)
    np.testing.assert_array_equal(-values < level, label)
