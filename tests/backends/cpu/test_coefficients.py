"""Polynomials are as exact as is said where they are written down."""

import numpy as np
import pytest

from recurry.backends.cpu.coefficients import ERFC, EXPM1, LOG, LOG2


@pytest.mark.parametrize(("bits", "bound"), [(32, 2e-8), (64, 1e-15)])
def test_expm1(bits, bound):
    r = np.linspace(-np.log(2) / 2, np.log(2) / 2, 1001)
    r = r[r != 0]
    found = np.polyval(EXPM1[bits][::-1], r) * r
    assert np.abs(found / np.expm1(r) - 1).max() < bound


@pytest.mark.parametrize(("bits", "bound"), [(32, 1e-8), (64, 1e-15)])
def test_log(bits, bound):
    s = np.linspace(1e-3, 3 - 2 * np.sqrt(2), 1001)
    found = 2 * s + s**3 * np.polyval(LOG[bits][::-1], s * s)
    assert np.abs(found / (np.log1p(s) - np.log1p(-s)) - 1).max() < bound


@pytest.mark.parametrize(("bits", "bound"), [(32, 1e-8), (64, 1e-15)])
def test_erfc_at_zero(bits, bound):
    assert abs(np.polyval(ERFC[bits][::-1], -1.0) - 1) < bound


def test_log2_is_the_sum_of_its_parts():
    for high, low in LOG2.values():
        assert abs(high + low - np.log(2)) < 1e-12
