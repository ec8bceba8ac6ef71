"""Rows of tables and of JSON lines."""

import csv

import pytest

from recurry.data.rows import as_lines, delimited_rows, json_objects
from recurry.errors import DataError


def test_rows_of_commas_know_quotes_and_the_line_that_they_begin_on():
    text = 'a,b\n"one\ntwo",3\n\nx,y\n'
    assert list(delimited_rows(text, ",", "t.csv")) == [
        (1, ["a", "b"]),
        (2, ["one\ntwo", "3"]),
        (4, []),
        (5, ["x", "y"]),
    ]


def test_a_quote_between_tabs_is_a_character():
    assert list(delimited_rows('say "hi\tb\n', "\t", "t.tsv")) == [(1, ['say "hi', "b"])]


def test_a_field_may_be_as_long_as_a_book():
    ((_, (field, _)),) = delimited_rows("x" * 200_000 + ",b\n", ",", "t.csv")
    assert len(field) == 200_000


@pytest.fixture
def narrow_fields(monkeypatch):
    """Fields of at most ten characters; the limit of the module csv is one for the process."""
    limit = csv.field_size_limit()
    monkeypatch.setattr("recurry.data.rows._LARGEST_FIELD", 10)
    yield
    csv.field_size_limit(limit)


@pytest.mark.usefixtures("narrow_fields")
def test_a_broken_row_is_named():
    with pytest.raises(DataError, match=r"t\.csv:2"):
        list(delimited_rows("a,b\n" + "x" * 11 + ",c\n", ",", "t.csv"))


def test_objects_skip_empty_lines_and_keep_their_number():
    assert list(json_objects('{"a": 1}\n\n{"b": [2]}\n', "t.jsonl")) == [
        (1, {"a": 1}),
        (3, {"b": [2]}),
    ]


@pytest.mark.parametrize(
    ("line", "message"), [("{", "no JSON."), ("[1]", "no JSON object"), ("[" * 99_999, "no JSON.")]
)
def test_a_line_that_is_no_object_is_named(line: str, message: str):
    with pytest.raises(DataError, match=message) as caught:
        list(json_objects('{"a": 1}\n' + line, "t.jsonl"))
    assert "t.jsonl:2" in str(caught.value)


def test_an_object_without_a_key_of_the_first_one_is_named():
    rows = json_objects('{"a": 1}\n{}\n', "x", keys=("a", "b"))
    assert next(rows) == (1, {"a": 1})
    with pytest.raises(DataError, match="no key 'a'") as caught:
        next(rows)
    assert "x:2" in str(caught.value)


def test_sentences_become_lines():
    assert as_lines(["one  two\n", "three"]) == "one two\nthree"
