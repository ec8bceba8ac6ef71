"""Initial values as data."""

import numpy as np
import pytest

from recurry.compiler.initial import check_initial, draw_initial
from recurry.errors import UsageError


@pytest.mark.parametrize(
    ("specification", "expected"),
    [(0.5, 0.5), (-2, -2.0), ("zeros", 0.0), ("ones", 1.0), ("uniform(3, 3)", 3.0)],
)
@pytest.mark.parametrize("shape", [(4,), (3, 2), (0, 2)])
def test_plain_values(specification, expected, shape, rng):
    values = draw_initial(specification, shape, rng)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, np.full(shape, expected))


@pytest.mark.parametrize("shape", [(5, 5), (5, 3), (3, 5), (1, 4)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape, rng):
    values = draw_initial("orthogonal", shape, rng)
    small = values @ values.T if shape[0] <= shape[1] else values.T @ values
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)


def test_identity_of_any_shape(rng):
    np.testing.assert_array_equal(draw_initial("identity", (2, 3), rng), np.eye(2, 3))


def test_random_values_have_the_stated_range_and_spread(rng):
    glorot = draw_initial("glorot_uniform", (100, 200), rng)
    limit = np.sqrt(6 / 300)
    assert 0.99 * limit < np.abs(glorot).max() <= limit
    uniform = draw_initial("uniform(-1, 0.5)", (100, 200), rng)
    assert -1 <= uniform.min() < -0.99
    assert 0.49 < uniform.max() <= 0.5
    assert draw_initial("normal(0.1)", (200, 200), rng).std() == pytest.approx(0.1, rel=0.02)
    assert not draw_initial("normal(0)", (4,), rng).any()


def test_the_generator_alone_decides():
    one, other = (draw_initial("orthogonal", (4, 4), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "specification",
    ["orthogonl", "uniform(1)", "uniform(2, 1)", "uniform(0, 1e999)", "normal(-1)", "normal(x)",
     "", "1", True, None, [1]],
)  # fmt: skip
def test_unknown_values_are_refused(specification):
    with pytest.raises(UsageError, match="There is no initial value"):
        check_initial(specification, is_matrix=True)


def test_the_nearest_word_is_offered():
    with pytest.raises(UsageError, match="try: orthogonal"):
        check_initial("orthogonl", is_matrix=True)


@pytest.mark.parametrize("specification", ["identity", "orthogonal", "glorot_uniform"])
def test_some_values_are_for_matrices_only(specification, rng):
    with pytest.raises(UsageError, match="is for matrices"):
        draw_initial(specification, (3,), rng)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_must_be_finite(number):
    with pytest.raises(UsageError, match="not finite"):
        check_initial(number, is_matrix=False)
