"""One-hot rows and counts of symbols in documents."""

import numpy as np
import pytest

from recurry.data.codec import byte_codec
from recurry.data.tables import bag_of_symbols, one_hot
from recurry.errors import DataError


def test_one_row_has_one_one():
    table = one_hot([2, 0], 3)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, [[0, 0, 1], [1, 0, 0]])
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize("ids", [[3], [-1], [0, 9]])
def test_a_number_outside_is_an_error(ids):
    with pytest.raises(DataError, match="outside the vocabulary"):
        one_hot(ids, 3)


def test_symbols_are_counted_in_each_document():
    counts = bag_of_symbols(["aab", "", "b"], byte_codec())
    assert counts.shape == (3, 256)
    assert counts[:, ord("a")].tolist() == [2, 0, 0]
    assert counts[:, ord("b")].tolist() == [1, 0, 1]
    assert counts.sum() == 4
    assert bag_of_symbols([], byte_codec()).shape == (0, 256)
