"""Records as numbers: taking, padding, and the way into arrays and back."""

import numpy as np
import pytest

from recurry.data.examples import Examples, Ragged
from recurry.errors import DataError

ROWS = [np.array([1, 2, 3]), np.array([], dtype=int), np.array([4])]


@pytest.fixture
def examples() -> Examples:
    return Examples(
        sequences={"text": Ragged.from_sequences(ROWS)}, values={"label": np.array([0, 1, 0])}
    )


def test_sequences_come_back():
    ragged = Ragged.from_sequences(ROWS)
    assert len(ragged) == 3
    assert [row.tolist() for row in map(ragged.__getitem__, range(3))] == [[1, 2, 3], [], [4]]
    assert ragged.lengths.tolist() == [3, 0, 1]


def test_padding_stands_behind_each_end():
    padded = Ragged.from_sequences(ROWS).padded(padding=9)
    assert padded.T.tolist() == [[1, 2, 3], [9, 9, 9], [4, 9, 9]]
    assert padded.dtype == np.int64
    assert Ragged.from_sequences([]).padded().shape == (0, 0)


def test_vectors_and_numbers_that_are_not_whole_keep_their_type():
    rows = [np.array([[0.5, 1], [2, 3]]), np.zeros((0, 2)), np.array([[4, 5]])]
    ragged = Ragged.from_sequences(rows, dtype=np.float32)
    padded = ragged.padded()
    assert (padded.shape, padded.dtype) == ((2, 3, 2), np.float32)
    assert padded[:, 0].tolist() == [[0.5, 1], [2, 3]]
    assert padded[:, 2].tolist() == [[4, 5], [0, 0]]
    assert ragged.take([2]).padded().tolist() == [[[4, 5]]]


def test_some_records_in_the_order_asked_for(examples):
    some = examples.take([2, 0])
    assert some.sequences["text"].values.tolist() == [4, 1, 2, 3]
    assert some.values["label"].tolist() == [0, 0]
    assert some.lengths.tolist() == [1, 3]
    assert len(examples.take([])) == 0


def test_into_arrays_and_back(examples):
    again = Examples.from_arrays(examples.to_arrays(), ["text"])
    assert again.sequences["text"].values.tolist() == [1, 2, 3, 4]
    assert again.lengths.tolist() == [3, 0, 1]
    assert again.values["label"].tolist() == [0, 1, 0]


def test_parts_of_different_number_are_refused():
    with pytest.raises(DataError, match="differ in number"):
        Examples(sequences={"text": Ragged.from_sequences(ROWS)}, values={"label": np.zeros(2)})


def test_sequences_one_after_the_other():
    rows = Ragged.from_sequences([np.array([1, 2]), np.array([]), np.array([3])])
    assert [row.tolist() for row in rows] == [[1, 2], [], [3]]
