"""Cells that vary most."""

import numpy as np
import pytest

from recurry.inspection.interest import most_varying, spread
from recurry.inspection.recording import record

TEXT = "abc def\ngh abc"


def _planted(recording, values):
    """The recording with other painted values, (L, H, T)."""

    def levels(*, layer, start=0, stop=None, **_):
        return np.rint(values[layer][:, start:stop] * 127).astype(np.int8)

    recording.levels = levels
    return recording


def test_most_varying_are_those_with_the_largest_deviation(model):
    recording = record(model, TEXT * 3)
    found = most_varying(recording, 4, span=1)
    values = [np.tanh(recording.values("c", layer=layer)) for layer in (0, 1)]
    deviation = np.stack([one.std(axis=0) for one in values])
    best = np.argsort(-deviation, axis=None)[:4]
    assert {(a.layer, a.unit) for a in found} == {divmod(int(place), 6) for place in best}
    assert len(most_varying(recording, 99)) == 12
    np.testing.assert_allclose(
        spread(recording, recording.subject.layers[1], span=1), deviation[1], atol=0.01
    )


def test_flicker_does_not_count_as_varying(model):
    recording = record(model, TEXT * 4)
    values = np.zeros((2, 6, 56))
    values[0, 1, ::2] = 0.99  # on and off at every symbol
    values[1, 2, :24] = 0.5  # on for a long while
    _planted(recording, values)
    assert most_varying(recording, 1)[0].unit == 2
    assert most_varying(recording, 1, span=1)[0].unit == 1


def test_a_dozen_words_have_cells_that_vary_most(model):
    recording = record(model, "abc def gh a")
    values = np.zeros((2, 6, 12))
    values[1, 3, 6:] = 0.5
    _planted(recording, values)
    assert most_varying(recording, 1)[0].unit == 3


def test_no_cell_varies_over_an_empty_text(model):
    assert most_varying(record(model, "")) == []


def test_short_texts(model):
    assert len(most_varying(record(model, "ab"), 5)) == 5


@pytest.mark.parametrize("length", [2, 7, 15, 30])
def test_cells_of_short_texts_are_told_apart(model, length):
    recording = record(model, (TEXT * 3)[:length])
    values = np.zeros((2, 6, length))
    values[0, 4, length // 2 :] = 0.9
    values[1, 3, length // 2 :] = 0.4
    found = most_varying(_planted(recording, values), 2)
    assert [(one.layer, one.unit) for one in found] == [(0, 4), (1, 3)]
