"""Tables that a lecture draws: one-hot rows and counts of words in documents.

Comes in: numbers or lines. Goes out: NumPy matrices.
"""

from collections.abc import Sequence

import numpy as np

from recurry.data.codec import Codec
from recurry.data.ids import check_numbers


def one_hot(ids: Sequence[int] | np.ndarray, num_symbols: int) -> np.ndarray:
    """One row for each number, with a single 1 in the column of that number.

    Shapes:
        ids: (T,).
        returns: (T, num_symbols) float32.

    Raises:
        DataError: A number is outside the vocabulary.
    """
    numbers = np.asarray(ids, dtype=np.int64).reshape(-1)
    check_numbers(numbers, num_symbols)
    table = np.zeros((len(numbers), num_symbols), dtype=np.float32)
    table[np.arange(len(numbers)), numbers] = 1
    return table


def bag_of_symbols(documents: Sequence[str], codec: Codec) -> np.ndarray:
    """How often each symbol occurs in each document: the bag-of-words counts matrix.

    Shapes:
        returns: (number of documents, V) int64.
    """
    rows = [np.bincount(codec.encode(text), minlength=codec.num_symbols) for text in documents]
    return np.array(rows, dtype=np.int64).reshape(len(rows), codec.num_symbols)
