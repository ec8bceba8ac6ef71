"""The .bin files of fastText: real ones of two versions, written ones, and damaged ones."""

import struct

import numpy as np
import pytest

from recurry.data.fasttext import is_fasttext, read_fasttext, write_fasttext
from recurry.data.subword_vectors import SubwordVectors
from recurry.data.vector_files import load_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError


@pytest.fixture
def vectors(rng):
    parts = SubwordVectors(rows=rng.standard_normal((30, 4)).astype("f4"), shortest=2, longest=4)
    words = ("night", "über", "</s>")
    return WordVectors(words=words, matrix=rng.standard_normal((3, 4)).astype("f4"), subwords=parts)


@pytest.fixture
def path(tmp_path, vectors):
    path = tmp_path / "some.bin"
    with open(path, "wb") as file:
        write_fasttext(vectors, file)
    return path


@pytest.mark.parametrize("name", ["crime-and-punishment", "lee_fasttext"])
def test_composed_vectors_are_those_that_the_program_printed(data_folder, name):
    """The .vec beside a .bin has the vectors of words with their parts, rounded."""
    folder = data_folder / "word_vectors"
    composed, printed = (load_vectors(folder / f"{name}.{end}") for end in ("bin", "vec"))
    assert composed.words == printed.words
    np.testing.assert_allclose(composed.matrix, printed.matrix, rtol=1e-4, atol=6e-5)
    assert printed.find("unhörd") is None
    assert composed.find("unhörd") is not None


def test_what_is_written_reads_back(path, vectors):
    found = read_fasttext(path)
    assert is_fasttext(path.read_bytes())
    assert found.words == vectors.words
    np.testing.assert_allclose(found.matrix, vectors.matrix, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.vector("unseen"), vectors.vector("unseen"))
    assert read_fasttext(path, limit=1).words == ("night",)


def test_without_parts_the_rows_are_the_vectors(tmp_path, vectors):
    with open(tmp_path / "some.bin", "wb") as file:
        write_fasttext(WordVectors(words=vectors.words, matrix=vectors.matrix), file)
    found = read_fasttext(tmp_path / "some.bin")
    assert found.subwords is None
    np.testing.assert_array_equal(found.matrix, vectors.matrix)


def test_other_files_are_none():
    for start in (b"", b"3 4\n", b"2747 10\nthe ", b"the 0.418 0.24", b"\0" * 8):
        assert not is_fasttext(start)


def test_every_cut_is_an_error(path):
    """The output matrix, the last 3 * 4 numbers and their sizes, is not looked at."""
    whole = path.read_bytes()
    for size in range(4, len(whole) - 3 * 16 - 17, 7):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="cut off or damaged"):
            read_fasttext(path)


@pytest.mark.parametrize(
    ("place", "kind", "value", "words"),
    [
        (4, "i", 13, "unknown version"),
        (8, "i", 0, "sizes that no model has"),
        (8, "i", 5, "4 numbers"),
        (64, "i", 1 << 29, "sizes that no model has"),
        (84, "q", 7, "quantised"),
        (92 + 6 + 9 + 6 + 9 + 5 + 9, "b", 1, "quantised"),
        (92 + 6 + 9 + 6 + 9 + 5 + 9 + 1, "q", 1 << 40, "bytes in place of"),
        (92 + 6 + 9 + 6 + 9 + 5 + 9 + 1, "q", 2, "2 rows"),
        (92 + 6 + 9 + 6 + 9 + 5 + 9 + 17, "f", float("nan"), "not finite"),
    ],
)
def test_damage_is_named(path, place, kind, value, words):
    data = bytearray(path.read_bytes())
    struct.pack_into("<" + kind, data, place, value)
    path.write_bytes(data)
    with pytest.raises(DataError, match=words):
        read_fasttext(path)
