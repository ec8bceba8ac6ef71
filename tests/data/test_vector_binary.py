"""The binary files of word2vec, whole and cut off."""

import io

import numpy as np
import pytest

from recurry.data.vector_binary import read_binary, write_binary
from recurry.data.vectors import WordVectors
from recurry.errors import DataError


def _written(words, matrix):
    file = io.BytesIO()
    write_binary(WordVectors(words=words, matrix=matrix), file)
    return file.getvalue()


@pytest.fixture
def vectors(rng):
    words = tuple(f"wörd{number}" for number in range(40_000))
    return WordVectors(words=words, matrix=rng.standard_normal((40_000, 33)).astype("f4"))


@pytest.mark.parametrize("ending", [b"\n", b""])
def test_files_with_and_without_newlines_read_back(vectors, ending):
    """More than one chunk of the reader."""
    data = b"".join(
        word.encode() + b" " + row.tobytes() + ending
        for word, row in zip(vectors.words, vectors.matrix, strict=True)
    )
    if ending:
        assert _written(vectors.words, vectors.matrix) == b"40000 33\n" + data
    found = read_binary(io.BytesIO(data), "some.bin", count=40_000, size=33)
    assert found.words == vectors.words
    np.testing.assert_array_equal(found.matrix, vectors.matrix)


@pytest.mark.parametrize("cut", [0, 1, 6, 10, 13])
def test_a_cut_is_named(cut):
    data = _written(("aa", "bb"), np.ones((2, 1), "f4"))[4:]
    assert read_binary(io.BytesIO(data), "some.bin", count=2, size=1).words == ("aa", "bb")
    with pytest.raises(DataError, match="cut off or damaged") as caught:
        read_binary(io.BytesIO(data[:cut]), "some.bin", count=2, size=1)
    assert f"some.bin, word {1 if cut < 7 else 2}" in str(caught.value)


def test_a_word_that_never_ends():
    with pytest.raises(DataError, match="cut off or damaged"):
        read_binary(io.BytesIO(b"x" * (1 << 23)), "some.bin", count=2, size=1)


def test_numbers_that_are_not_finite():
    data = _written(("aa", "bb"), np.array([[1], [np.inf]], "f4"))[4:]
    with pytest.raises(DataError, match="not finite") as caught:
        read_binary(io.BytesIO(data), "some.bin", count=2, size=1)
    assert "word 2" in str(caught.value)
    assert "'bb'" in str(caught.value)


def test_words_with_spaces_are_refused():
    with pytest.raises(DataError, match="cannot be written"):
        _written(("a b",), np.ones((1, 1), "f4"))
