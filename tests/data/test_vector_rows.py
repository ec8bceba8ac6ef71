"""Sequences of numbers in a field: what is read, and what is said of anything else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.vector_rows import parse_vectors
from recurry.errors import DataError

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n))))
def test_lists_are_read_as_they_are_written(rows):
    found = parse_vectors(json.dumps(rows), "x:1")
    assert found.dtype == np.float32
    assert found.tolist() == rows


def test_numbers_alone_are_steps_of_one():
    assert parse_vectors(" 0.5 -2 1e3\n", "x:1").tolist() == [[0.5], [-2.0], [1000.0]]
    assert parse_vectors("[1, 2]", "x:1").tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize("text", ["", " ", "[]"])
def test_an_empty_sequence_has_no_step(text):
    assert parse_vectors(text, "x:1").shape == (0, 1)
    assert parse_vectors(text, "x:1", size=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "none of numbers"),
        ("[1, 2", "none of numbers"),
        ('["a"]', "none of numbers"),
        ("[true]", "none of numbers"),
        ("[null]", "none of numbers"),
        ("[[]]", "none of numbers"),
        ("[[[1]]]", "none of numbers"),
        ("[" * 100_000, "none of numbers"),
        ("[[1, 2], [3]]", "not all of one size"),
        ("[[1, 2], 3]", "not all of one size"),
        ("nan", "not finite"),
        ("[1e39]", "too large"),
        ("[Infinity]", "not finite"),
        ("[1" + "0" * 400 + "]", "too large"),
    ],
)
def test_what_is_no_sequence(text, message):
    with pytest.raises(DataError, match=message) as caught:
        parse_vectors(text, "x:7")
    assert "x:7" in str(caught.value)


def test_another_size_than_was_learnt():
    with pytest.raises(DataError, match="not all of one size") as caught:
        parse_vectors("[[1, 2]]", "x:7", size=3)
    assert "2 numbers a step" in str(caught.value)
    assert "3 numbers in each" in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_vectors(text, "x:1")
    except DataError:
        return
    assert np.isfinite(found).all()
