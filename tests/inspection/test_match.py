"""Cells that are on over a stretch, and where else."""

import numpy as np
import pytest

from recurry.errors import UsageError
from recurry.inspection.address import CellAddress
from recurry.inspection.keeping import WINDOW
from recurry.inspection.match import OnCell, Place, count_on, find_on, find_places, places_of
from recurry.inspection.recording import record


@pytest.fixture
def planted(model):
    """A recording of two windows whose painted values are known: unit 3 of layer 0 and unit 5 of
    layer 1 are on at 10 to 20 and at 1020 to 1030, the latter with negative values; unit 0 of
    layer 0 is on at 5 to 25."""
    recording = record(model, "a" * (WINDOW + 100))
    values = {layer: np.zeros((2, 6, WINDOW), dtype=np.int8) for layer in (0, 1)}

    def put(layer, unit, start, stop, level):
        row = values[layer][:, unit].copy().reshape(-1)
        row[start:stop] = level
        values[layer][:, unit] = row.reshape(2, WINDOW)

    for start in (10, 1020):
        put(0, 3, start, start + 10, 100)
        put(1, 5, start, start + 10, -90)
    put(0, 0, 5, 25, 127)
    for layer in recording.subject.layers:
        recording._files.painted[layer].write(0, values[layer.index])
    return recording


def test_exactly_these_cells(planted):
    found = find_on(planted, 10, 20)
    assert [(str(cell.address), cell.sign) for cell in found] == [("0:c:3", 1), ("1:c:5", -1)]
    assert found[0].mean == pytest.approx(100 / 127)
    assert [str(c.address) for c in find_on(planted, 10, 20, is_exact=False)] == [
        *("0:c:0", "0:c:3", "1:c:5")
    ]
    assert find_on(planted, 11, 20) == []
    assert find_on(planted, 10, 21) == []
    assert len(find_on(planted, 10, 20, threshold=0.75)) == 1
    assert len(find_on(planted, 10, 20, layers=planted.subject.layers[1:])) == 1


def test_the_same_cells_elsewhere(planted):
    cells = find_on(planted, 10, 20)
    found = find_places(planted, cells)
    assert found == [Place(start=10, stop=20, share=1.0), Place(start=1020, stop=1030, share=1.0)]
    assert len(found[0]) == 10
    cells = find_on(planted, 10, 20, is_exact=False)
    assert [place.start for place in find_places(planted, cells)] == [10]
    found = find_places(planted, cells, share=2 / 3)
    assert [(place.start, place.stop) for place in found] == [(10, 20), (1020, 1030)]
    assert found[1].share == pytest.approx(2 / 3)


def test_counts_are_those_of_the_definition(model):
    recording = record(model, "abc def\n" * 300)
    rng = np.random.default_rng(0)
    cells = [
        OnCell(
            address=CellAddress(layer=layer, state="c", unit=unit),
            sign=int(rng.choice([-1, 1])),
            mean=0.0,
        )
        for layer in (0, 1)
        for unit in range(6)
    ]
    expected = np.zeros(recording.length, dtype=int)
    for cell in cells:
        expected += cell.sign * np.rint(127 * recording.painted(cell.address)) >= round(0.05 * 127)
    np.testing.assert_array_equal(count_on(recording, cells, threshold=0.05), expected)


def test_more_cells_than_eight_bits_can_count(make_subject):
    from recurry.network.recurrent import Recurrent

    recording = record(make_subject(Recurrent("rnn", 4, 600)), np.zeros(3, dtype=np.int64))
    (layer,) = recording.subject.layers
    recording._files.painted[layer].write(0, np.full((1, 600, WINDOW), 127))
    cells = find_on(recording, 0, 3)
    assert len(cells) == 600
    assert count_on(recording, cells).tolist() == [600] * 3


def test_no_cells_are_nowhere(planted):
    assert find_places(planted, []) == []
    assert places_of(np.zeros(0, dtype=np.int16), 3) == []


@pytest.mark.parametrize(("start", "stop"), [(3, 3), (5, 2), (0, 9999), (-1, 2)])
def test_a_stretch_that_is_none(planted, start, stop):
    with pytest.raises(UsageError, match="no stretch of the text"):
        find_on(planted, start, stop)
