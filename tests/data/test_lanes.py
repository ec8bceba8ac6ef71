"""Lanes: contiguous, side by side, and clear about texts that are too short."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.ids import IdFile
from recurry.data.lanes import Lanes
from recurry.errors import DataError


@given(size=st.integers(2, 200), num_lanes=st.integers(1, 20), start=st.integers(0, 99))
def test_every_lane_goes_on_where_it_was(size, num_lanes, start):
    if size // num_lanes < 2:
        return
    ids = np.arange(size)
    lanes = Lanes(IdFile.from_array(ids), num_lanes)
    expected = ids[: lanes.length * num_lanes].reshape(num_lanes, lanes.length).T
    start = start % lanes.length
    block = lanes.read(start, lanes.length - start)
    assert block.dtype == np.int64
    np.testing.assert_array_equal(block, expected[start:])
    assert lanes.read(start, 0).shape == (0, num_lanes)


def test_outside_is_an_index_error():
    lanes = Lanes(IdFile.from_array(np.arange(10)), 2)
    for start, count in [(0, 6), (5, 1), (-1, 2)]:
        with pytest.raises(IndexError, match="in lanes of 5"):
            lanes.read(start, count)


def test_a_short_text_is_told_how_short_it_is_and_what_would_fit():
    with pytest.raises(DataError) as caught:
        Lanes(IdFile.from_array(np.arange(300)), 32, window=64)
    message = str(caught.value)
    assert "got: 300 symbols; 32 lanes of 9" in message
    assert "at least 2,080 symbols: 32 lanes of 65" in message
    assert "try: --lanes 4 or fewer, or --k1 8 or less, or a longer text" in message
    assert Lanes(IdFile.from_array(np.arange(300)), 4, window=64).length == 75
    assert Lanes(IdFile.from_array(np.arange(300)), 32, window=8).length == 9


@pytest.mark.parametrize(
    ("size", "hint"),
    [(1, "try: a longer text"), (3, "--lanes 1 with --k1 2 or less, or a longer text")],
)
def test_the_proposed_sizes_exist(size, hint):
    with pytest.raises(DataError, match=hint):
        Lanes(IdFile.from_array(np.arange(size)), 4, window=64)
