"""Drawing from logits: shares, limits, edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurry.errors import TrainingError, UsageError
from recurry.network.sampling import Sampling

LOGITS = np.log(np.array([[0.5, 0.25, 0.15, 0.1]]))
GRID = np.linspace(0, 1, 1000, endpoint=False)


def shares(sampling: Sampling, logits: np.ndarray = LOGITS) -> np.ndarray:
    """How often each symbol is drawn over an even grid of uniforms."""
    drawn = sampling.draw(np.repeat(logits, len(GRID), axis=0), GRID)
    return np.bincount(drawn, minlength=logits.shape[1]) / len(GRID)


def test_plain_sampling_follows_the_probabilities():
    np.testing.assert_allclose(shares(Sampling()), [0.5, 0.25, 0.15, 0.1], atol=0.002)


def test_temperature_sharpens_and_flattens():
    squared = np.array([0.5, 0.25, 0.15, 0.1]) ** 2
    np.testing.assert_allclose(
        shares(Sampling(temperature=0.5)), squared / squared.sum(), atol=0.002
    )
    assert shares(Sampling(temperature=100))[3] > 0.24


@pytest.mark.parametrize("temperature", [1e-300, 1e-5])
def test_tiny_temperatures_are_greedy_without_overflow(temperature):
    assert shares(Sampling(temperature=temperature))[0] == 1


def test_temperature_zero_takes_the_first_of_the_best():
    logits = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]])
    assert Sampling(temperature=0).draw(logits, np.array([0.99, 0.0])).tolist() == [1, 0]


def test_top_k_keeps_exactly_k_and_the_lower_number_among_equals():
    np.testing.assert_allclose(shares(Sampling(top_k=2)), [2 / 3, 1 / 3, 0, 0], atol=0.002)
    even = np.zeros((1, 5))
    np.testing.assert_allclose(shares(Sampling(top_k=3), even), [1 / 3] * 3 + [0, 0], atol=0.002)
    assert shares(Sampling(top_k=99))[3] > 0


@pytest.mark.parametrize(("p", "kept"), [(0.5, 1), (0.51, 2), (0.75, 2), (0.87, 3), (1.0, 4)])
def test_top_p_keeps_the_smallest_set_that_reaches_p(p, kept):
    logits = np.log(np.array([[0.125, 0.5, 0.125, 0.25]]))
    assert (shares(Sampling(top_p=p), logits) > 0).sum() == kept
    assert shares(Sampling(top_p=1e-9), logits)[1] == 1


def test_top_k_comes_before_top_p():
    # Of the two that top-k leaves, the first has two thirds.
    np.testing.assert_allclose(shares(Sampling(top_k=2, top_p=0.6)), [1, 0, 0, 0])


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(top_k=2), Sampling(top_p=0.99)])
def test_the_last_uniform_never_leaves_what_is_possible(sampling):
    logits = np.array([[0.0, 0.0, -np.inf, -np.inf]])
    last = np.nextafter(1.0, 0)
    assert sampling.draw(logits, np.array([last])).tolist() == [1]
    assert sampling.draw(logits, np.array([0.0])).tolist() == [0]


@given(
    logits=st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=1, max_size=20),
    uniform=st.floats(0, 1, exclude_max=True),
    temperature=st.floats(0.05, 50),
    top_k=st.none() | st.integers(1, 25),
    top_p=st.none() | st.floats(1e-6, 1),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_a_drawn_symbol_is_always_allowed(logits, uniform, temperature, top_k, top_p, data):
    row = np.array([logits])
    banned = data.draw(st.sets(st.integers(0, len(logits) - 1), max_size=len(logits) - 1))
    row[0, sorted(banned)] = -np.inf
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    symbol = int(sampling.draw(row, np.array([uniform]))[0])
    assert symbol not in banned
    if top_k is not None:
        assert (row[0] > row[0, symbol]).sum() < top_k


def test_rows_do_not_see_one_another(rng):
    logits, uniforms = rng.normal(size=(8, 30)), rng.random(8)
    sampling = Sampling(temperature=0.7, top_k=12, top_p=0.8)
    together = sampling.draw(logits, uniforms)
    other = logits.copy()
    other[1:] = rng.normal(size=(7, 30))
    assert sampling.draw(other, uniforms)[0] == together[0]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_k": 0}, "top-k"),
        ({"top_p": 0.0}, "top-p"),
        ({"top_p": 1.5}, "top-p"),
    ],
)
def test_values_out_of_range_are_named(values, named):
    with pytest.raises(UsageError, match=f"The {named} is out of range") as caught:
        Sampling(**values)
    assert "such as" in str(caught.value)


@pytest.mark.parametrize("values", [{"top_k": 5}, {"top_p": 0.5}])
def test_temperature_zero_contradicts_the_other_limits(values):
    with pytest.raises(UsageError, match="would have no effect"):
        Sampling(temperature=0, **values)


def test_an_output_that_is_no_number_is_an_error():
    with pytest.raises(TrainingError, match="not a number"):
        Sampling().draw(np.array([[0.0, np.nan]]), np.array([0.5]))
