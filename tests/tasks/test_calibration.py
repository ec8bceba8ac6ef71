"""Temperatures and what they mend."""

import numpy as np
import pytest

from recurry.tasks.calibration import calibration_error, fit_temperature, tempered


@pytest.fixture
def honest(rng) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of which the answers were really drawn."""
    logs = tempered(2 * rng.standard_normal((4000, 4)), 1.0)
    classes = np.array([rng.choice(4, p=np.exp(row)) for row in logs])
    return logs, classes


def test_a_temperature_of_one_changes_nothing_but_the_constant(honest):
    logs, _ = honest
    assert np.allclose(tempered(logs + 3.0, 1.0), logs)
    assert np.allclose(np.exp(tempered(logs, 2.5)).sum(1), 1.0)


@pytest.mark.parametrize("factor", [0.6, 1.0, 3.0])
def test_overconfidence_is_found_again(honest, factor):
    logs, classes = honest
    found = fit_temperature(factor * logs, classes)
    assert found == pytest.approx(factor, rel=0.08)
    mended = calibration_error(np.exp(tempered(factor * logs, found)), classes)
    assert mended < 0.03
    if factor == 3.0:
        assert calibration_error(np.exp(tempered(factor * logs, 1.0)), classes) > 0.1


def test_the_error_of_known_bins():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.3, 0.7]])
    classes = np.array([0, 1, 1, 1])  # sure 0.9 and right in half; sure 0.7 and always right
    assert calibration_error(probabilities, classes) == pytest.approx((0.8 + 0.6) / 4)


def test_no_answers_and_only_right_ones():
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=int)) == 1.0
    assert calibration_error(np.zeros((0, 2)), np.zeros(0, dtype=int)) == 0.0
    assert fit_temperature(np.array([[0.0, -1.0]]), np.array([0])) == pytest.approx(0.5, rel=1e-3)
