"""Vocabularies: order, rare symbols, and hostile stored ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError

COUNTS = {"b": 5, "a": 5, "c": 1, "d": 2}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def test_the_frequent_come_first_and_ties_go_by_symbol():
    vocabulary = Vocabulary.from_counts(COUNTS)
    assert vocabulary.symbols == ("a", "b", "d", "c")
    assert vocabulary.counts == (5, 5, 2, 1)
    assert vocabulary.unknown is None
    assert Vocabulary.from_counts(COUNTS, order="symbol").symbols == ("a", "b", "c", "d")


def test_the_order_does_not_depend_on_the_order_of_counting():
    reverse = dict(reversed(COUNTS.items()))
    assert Vocabulary.from_counts(reverse) == Vocabulary.from_counts(COUNTS)


def test_rare_symbols_become_the_unknown_one():
    vocabulary = Vocabulary.from_counts(COUNTS, unknown="?", min_count=3)
    assert vocabulary.symbols == ("a", "b", "?")
    assert vocabulary.counts == (5, 5, 3)
    assert vocabulary.unknown == 2


def test_a_vocabulary_without_any_symbol_is_refused():
    with pytest.raises(DataError, match=r"No symbol is left") as caught:
        Vocabulary.from_counts(COUNTS, unknown="?", min_count=6)
    assert "min_count = 6; the most frequent symbol was seen 5 times" in str(caught.value)
    with pytest.raises(DataError, match="seen 5 times"):
        Vocabulary.from_counts({"?": 99} | COUNTS, unknown="?", min_count=6)
    assert "accepted: min_count from 1 to 5" in str(caught.value)
    assert Vocabulary.from_counts({"?": 3}, unknown="?", min_count=9).symbols == ("?",)


def test_a_vocabulary_that_could_not_be_read_back_is_refused(monkeypatch):
    monkeypatch.setattr("recurry.data.vocabulary.MOST_SYMBOLS", 3)
    with pytest.raises(DataError, match=r"too large[\s\S]*4 different[\s\S]*at most 3"):
        Vocabulary.from_counts(COUNTS)
    assert len(Vocabulary.from_counts(COUNTS, unknown="?", max_size=3)) == 3


def test_the_size_counts_the_unknown_symbol():
    vocabulary = Vocabulary.from_counts(COUNTS, unknown="?", max_size=2)
    assert dict(zip(vocabulary.symbols, vocabulary.counts, strict=True)) == {"a": 5, "?": 8}


def test_an_unknown_symbol_in_the_text_is_the_same_symbol():
    vocabulary = Vocabulary.from_counts({"?": 7, "a": 2, "b": 1}, unknown="?", min_count=2)
    assert vocabulary.symbols == ("?", "a")
    assert vocabulary.counts == (8, 2)


@given(counts=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 99), min_size=1))
def test_it_goes_through_json(counts):
    vocabulary = Vocabulary.from_counts(counts, unknown="<unk>")
    stored = json.loads(json.dumps(vocabulary.to_dict()))
    assert Vocabulary.from_dict(stored) == vocabulary
    assert all(vocabulary.numbers[s] == n for n, s in enumerate(vocabulary.symbols))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": []}, "no list of 1 to"),
        ({"symbols": "ab"}, "no list of 1 to"),
        ({"symbols": ["a", "a"]}, "occurs twice"),
        ({"symbols": ["a", ""]}, "no text of 1 to"),
        ({"symbols": ["a", 1]}, "no text of 1 to"),
        ({"symbols": ["a", "x" * 70_000]}, "no text of 1 to"),
        ({"symbols": ["a", "\ud800"]}, "half a surrogate"),
        ({"counts": [1]}, "one count for each"),
        ({"counts": None}, "one count for each"),
        ({"counts": [1, -1]}, "no whole number"),
        ({"counts": [1, 1.5]}, "no whole number"),
        ({"counts": [1, True]}, "no whole number"),
        ({"counts": [1, 1 << 70]}, "no whole number"),
        ({"unknown": 2}, "not one of the symbols"),
        ({"unknown": -1}, "not one of the symbols"),
        ({"unknown": "a"}, "not one of the symbols"),
        ({"unknown": False}, "not one of the symbols"),
        ({"more": 1}, "no table of"),
    ],
)
def test_a_hostile_value_is_refused(change, message):
    good = {"symbols": ["a", "b"], "counts": [1, 2], "unknown": 1}
    with pytest.raises(DataError, match=message):
        Vocabulary.from_dict(good | change)


@given(data=JSON)
def test_no_json_value_crashes_it(data):
    with pytest.raises(DataError, match="stored vocabulary is damaged"):
        Vocabulary.from_dict(data)


@given(symbols=JSON, counts=JSON, unknown=JSON)
def test_no_fields_crash_it(symbols, counts, unknown):
    fields = {"symbols": symbols, "counts": counts, "unknown": unknown}
    try:
        vocabulary = Vocabulary.from_dict(fields)
    except DataError:
        return
    assert vocabulary.to_dict() == fields


def test_symbols_join_behind_the_others_once():
    words = Vocabulary(symbols=("a", "<unk>"), counts=(3, 1), unknown=1)
    wider = words.extended(["b", "a", "c", "b"])
    assert wider.symbols == ("a", "<unk>", "b", "c")
    assert wider.counts == (3, 1, 0, 0)
    assert wider.unknown == 1
    assert words.extended([]) == words


def test_a_vocabulary_does_not_outgrow_what_can_be_stored(monkeypatch):
    monkeypatch.setattr("recurry.data.vocabulary.MOST_SYMBOLS", 2)
    with pytest.raises(DataError, match="would be too large"):
        Vocabulary(symbols=("a",), counts=(1,)).extended(["b", "c"])
