"""How a call is divided among threads."""

from recurry.backends.cpu.frame import Sizes, Split


def test_units_or_streams_are_shared_without_gaps():
    by_units = Split(num_threads=3).shares(5, 8)
    assert [by_units[i : i + 4] for i in (0, 4, 8)] == [[0, 5, 0, 2], [0, 5, 2, 5], [0, 5, 5, 8]]
    by_rows = Split(num_threads=2, by_rows=True).shares(5, 8)
    assert [by_rows[:4], by_rows[4:]] == [[0, 2, 0, 8], [2, 5, 0, 8]]
    bounded = Split(num_threads=2, by_rows=True, bounds=(0, 1, 5)).shares(5, 8)
    assert [bounded[:4], bounded[4:]] == [[0, 1, 0, 8], [1, 5, 0, 8]]


def test_blocks_are_counted_in_padded_units():
    assert Sizes(input_size=1, hidden_size=17, padded_size=32, units=16).blocks == 2
