"""Word vectors as lines of text, and what is said of broken ones."""

import io

import numpy as np
import pytest

from recurry.data.vector_text import check_word, count_lines, read_sizes, read_text, write_text
from recurry.data.vectors import WordVectors
from recurry.errors import DataError


def _read(text, **options):
    data = text.encode()
    options = {"count": count_lines(io.BytesIO(data))} | options
    return read_text(io.BytesIO(data), "some.vec", **options)


@pytest.mark.parametrize(
    ("line", "sizes"),
    [
        (b"1750 10", (1750, 10)),
        (b"3 4 ", (3, 4)),
        (b"the 0.1", None),
        (b"3 4 5", None),
        (b"-3 4", None),
        (b"3 4.5", None),
        (b"9" * 30 + b" 3", None),
        (b"", None),
    ],
)
def test_a_first_line_of_sizes(line, sizes):
    assert read_sizes(line) == sizes


def test_lines_are_read():
    vectors = _read("a 1 2.5\r\nb -3e-2 4 \n\nc\u00a0d 5 6\n")
    assert vectors.words == ("a", "b", "c\u00a0d")
    np.testing.assert_array_equal(vectors.matrix, np.array([[1, 2.5], [-3e-2, 4], [5, 6]], "f4"))


def test_words_of_glove_may_hold_spaces():
    assert _read("a 1 2\n. . . 3 4\n").words == ("a", ". . .")


@pytest.mark.parametrize("has_sizes", [True, False])
def test_what_is_written_reads_back_to_the_bit(rng, has_sizes):
    matrix = (rng.standard_normal((5000, 3)) * 10.0 ** rng.integers(-30, 30, (5000, 1))).astype(
        "f4"
    )
    vectors = WordVectors(words=tuple(f"w{number}" for number in range(5000)), matrix=matrix)
    file = io.BytesIO()
    write_text(vectors, file, has_sizes=has_sizes)
    text = file.getvalue().decode()
    assert text.startswith("5000 3\n") == has_sizes
    found = _read(text.partition("\n")[2] if has_sizes else text)
    assert found.words == vectors.words
    np.testing.assert_array_equal(found.matrix, matrix)


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a 1 2\nb 1\n", {}, ["another size", "some.vec:2", "got: 1 numbers", "2 numbers"]),
        ("a 1 2\nb 1 2 3\n", {}, ["another size", "some.vec:2", "got: 3 numbers"]),
        ("a 1 2\n", {"size": 3}, ["another size", "some.vec:1", "as the first line says"]),
        ("a b 1 2\n", {"size": 2, "first_line": 2}, ["another size", "some.vec:2"]),
        ("a 1 2\n\nb 1 x2\n", {}, ["broken", "some.vec:3", "'x2' in place of a number"]),
        ("a 1 2\nb 1 nan\n", {}, ["not finite", "some.vec:2"]),
        ("a 1 2\nb 1 1e99\n", {}, ["not finite", "some.vec:2"]),
        ("a 1 2\n", {"count": 4}, ["cut off", "1 words", "4 words"]),
        ("once upon a time\n", {}, ["known format", "some.vec:1", "'once upon a time'"]),
        ("alone\n", {}, ["known format", "some.vec:1"]),
    ],
)
def test_broken_lines_are_named(text, options, words):
    with pytest.raises(DataError) as caught:
        _read(text, **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("word", ["", "a b", "a\nb", "a\0"])
def test_a_word_that_could_not_be_read_back(word):
    with pytest.raises(DataError, match="cannot be written"):
        check_word(word)
    with pytest.raises(DataError, match="cannot be written"):
        write_text(
            WordVectors(words=(word,), matrix=np.zeros((1, 1), "f4")), io.BytesIO(), has_sizes=True
        )
