"""Every format is known by what a file holds, and every wrong file gets an answer."""

import gzip

import numpy as np
import pytest

from recurry.data.vector_files import FORMATS, load_vectors, save_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError, UsageError


@pytest.fixture
def vectors(rng):
    words = ("the", "naïve", "3", "10", "…")
    return WordVectors(words=words, matrix=rng.standard_normal((5, 12)).astype("f4"))


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_reads_back(tmp_path, vectors, format, ending):
    path = tmp_path / f"some.vec{ending}"
    save_vectors(vectors, path, format=format)
    assert path.read_bytes().startswith(b"\x1f\x8b") == bool(ending)
    found = load_vectors(path)
    assert found.words == vectors.words
    np.testing.assert_array_equal(found.matrix, vectors.matrix)
    assert load_vectors(path, limit=2).words == ("the", "naïve")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("a.bin", b"5 12\nthe "),
        ("a.vec", b"5 12\nthe "),
        ("a.txt", b"5 12\nthe "),
    ],
)
def test_the_name_decides_where_no_format_is_given(tmp_path, vectors, name, starts):
    save_vectors(vectors, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert data.startswith(starts)
    is_binary = data[len(starts) :].startswith(vectors.matrix[0].tobytes())
    assert is_binary == name.endswith(".bin")


@pytest.mark.parametrize(
    ("name", "count", "size", "first"),
    [
        ("euclidean_vectors.bin", 2747, 10, "the"),
        ("word2vec_pre_kv_c", 1750, 10, "the"),
        ("pang_lee_polarity_fasttext.vec", 1694, 100, "."),
        ("test_glove.txt", 76, 50, "the"),
        ("lee_fasttext.bin", 1762, 10, "the"),
        ("crime-and-punishment.bin", 291, 5, "и"),
    ],
)
def test_real_files(data_folder, name, count, size, first):
    found = load_vectors(data_folder / "word_vectors" / name)
    assert (len(found), found.size, found.words[0]) == (count, size, first)


def test_known_neighbours(data_folder):
    found = load_vectors(data_folder / "word_vectors" / "euclidean_vectors.bin")
    near = found.neighbours("war", 3)
    assert [word for word, _ in near] == ["conflict", "administration", "terrorism"]
    assert [round(cosine, 2) for _, cosine in near] == [0.93, 0.92, 0.92]


def test_one_word_with_few_numbers_is_no_first_line(tmp_path):
    """`3 4` is a first line; `a 4` is a word with one number."""
    (tmp_path / "some.txt").write_text("a 4\nb 5\n")
    assert load_vectors(tmp_path / "some.txt").size == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["empty"]),
        (b"\n\n", ["empty"]),
        (b"PK\x03\x04\0\0\0\0", ["known format", "word2vec (text or binary)"]),
        (b"once upon a time\n", ["known format", "some.file:1"]),
        (b"0 10\n", ["known format"]),
        (b"3 0\na\nb\nc\n", ["known format"]),
        (b"2 3\na 1 2 3\nb 1 2\n", ["another size", "some.file:3"]),
        (b"2 3\na 1 2 3\nb 1 2 x\n", ["broken", "some.file:3"]),
        (b"2 2\na 1 2 3\nb 1 2 3\n", ["another size", "some.file:2", "as the first line says"]),
        (b"3 1\na 1\nb 12345678901\n", ["cut off", "2 words", "3 words"]),
        (b"900000000000000 300\na 1 2 3\n", ["cut off", "bytes"]),
        (b"2 2\na \0\0\0\0\0\0\0\0\nb \0\0", ["cut off"]),
        (b"\x1f\x8b not packed", ["cannot be read"]),
        (gzip.compress(b"a 1\n" * 99, mtime=0)[:-9], ["cannot be read"]),
        (gzip.compress(b"900000000000000 300\na 1 2 3\n", mtime=0), ["cut off"]),
    ],
)
def test_wrong_files_get_an_answer(tmp_path, data, words):
    path = tmp_path / "some.file"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        load_vectors(path)
    for word in words:
        assert word in str(caught.value)


def test_a_missing_file_a_folder_and_an_unknown_format(tmp_path, vectors):
    with pytest.raises(DataError, match="no such file"):
        load_vectors(tmp_path / "missing.vec")
    with pytest.raises(DataError, match="cannot be read"):
        load_vectors(tmp_path)
    with pytest.raises(UsageError, match="no format of word vectors named 'glov'") as caught:
        save_vectors(vectors, tmp_path / "some.vec", format="glov")
    assert caught.value.hint == "glove"
    with pytest.raises(DataError, match="cannot be written"):
        save_vectors(vectors, tmp_path / "missing" / "some.vec")


def test_a_failed_write_leaves_the_old_file(tmp_path, vectors):
    path = tmp_path / "some.vec"
    save_vectors(vectors, path)
    before = path.read_bytes()
    broken = WordVectors(words=("a", "b c"), matrix=np.zeros((2, 1), "f4"))
    with pytest.raises(DataError, match="cannot be written"):
        save_vectors(broken, path, format="binary")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["some.vec"]
