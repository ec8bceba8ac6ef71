"""Ticks are round and cover a range; numbers lie where their share of it says."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.compiler.axes import MOST_DECADES, Axes, Frame, Scale, decimals, round_ticks

FRAME = Frame(left=10, top=20, width=100, height=50)
RANGES = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda p: (p[0], p[0] + p[1]))


@given(RANGES, st.integers(2, 9))
def test_ticks_cover_the_range_and_are_not_many(limits, count):
    low, high = limits
    ticks = round_ticks(low, high, count=count)
    slack = 1e-6 * (abs(low) + abs(high))
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= 2 * count + 3


def test_a_range_of_one_number_has_ticks():
    assert len(round_ticks(3.0, 3.0, count=5)) >= 1
    assert Scale.linear(3.0, 3.0).share(3.0) == 0.0


def test_neighbouring_ticks_are_written_differently():
    assert decimals([0.0, 0.25]) == 1
    assert decimals([0, 20]) == 0
    assert Scale.linear(0, 0.04, count=4).texts() == ["0.00", "0.01", "0.02", "0.03", "0.04"]


def test_a_scale_that_must_not_grow_keeps_its_ends():
    scale = Scale.linear(0.0, 0.93, count=4, is_widened=False)
    assert (scale.low, scale.high) == (0.0, 0.93)
    assert max(scale.ticks) <= 0.93


def test_a_logarithmic_scale_has_equal_factors_equally_far_apart():
    scale = Scale.logarithmic([0.002, 30.0])
    assert (scale.low, scale.high) == (pytest.approx(1e-3), pytest.approx(100.0))
    steps = [scale.share(10.0**power) for power in (-3, -2, -1, 0, 1, 2)]
    assert steps == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize("values", [[], [0.0], [math.inf], [1.0], [1e-300, 1.0]])
def test_a_logarithmic_scale_of_anything_is_a_range(values):
    scale = Scale.logarithmic(values)
    assert 0 < scale.low < scale.high
    assert scale.high / scale.low <= 10.0 ** (MOST_DECADES + 1)
    assert math.isfinite(scale.share(0.0))


def test_places_are_in_the_frame_and_labels_are_written():
    axes = Axes(
        frame=FRAME, x=Scale.linear(0, 10, label="steps"), y=Scale.linear(0, 1, label="a < b")
    )
    assert axes.place([(0, 0), (10, 1)]) == [(10, 70), (110, 20)]
    root = ET.fromstring("<svg>" + "".join(axes.draw()) + "</svg>")
    assert {"steps", "a < b"} <= {element.text for element in root.iter("text")}
