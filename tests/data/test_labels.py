"""Labels as numbers and back, and everything that a stored one can have wrong."""

import numpy as np
import pytest

from recurry.data.labels import UNSEEN, Labels, parse_numbers
from recurry.errors import DataError

PLACES = ["a:1", "a:2", "a:3", "a:4"]


def test_classes_are_sorted_and_counted():
    labels = Labels.learn("class", ["b", "a", "b", "b"], PLACES)
    assert (labels.names, labels.counts, labels.num_outputs) == (("a", "b"), (1, 3), 2)
    assert labels.encode(["b", "c"], PLACES).tolist() == [1, UNSEEN]


def test_ratings_are_sorted_as_numbers():
    labels = Labels.learn("rating", ["10", "9", "-1", "9"], PLACES)
    assert labels.names == ("-1", "9", "10")
    assert labels.values.tolist() == [-1, 9, 10]


def test_a_rating_is_the_same_however_it_is_written():
    labels = Labels.learn("rating", ["4", "4.0", "2.50", " 5 "], PLACES)
    assert (labels.names, labels.counts) == (("2.5", "4", "5"), (1, 2, 1))
    assert labels.encode(["4.00", "2.5", "1", "no"], PLACES).tolist() == [1, 0, UNSEEN, UNSEEN]
    labels.check_known(["4.000"], where="b:1")
    assert Labels.learn("class", ["4", "4.0"], PLACES).names == ("4", "4.0")
    stored = Labels(kind="rating", names=("1", "2.0"), counts=(1, 1))
    assert stored.encode(["2", "2.0"], PLACES).tolist() == [1, 1]


def test_numbers_are_standardised():
    labels = Labels.learn("number", ["1", "3", "1", "3"], PLACES)
    assert (labels.centre, labels.spread, labels.num_outputs) == (2.0, 1.0, 1)
    assert labels.encode(["4"], PLACES).tolist() == [2.0]
    assert Labels.learn("number", ["7"], PLACES).spread == 1.0


def test_what_is_no_number_is_named():
    for kind in ("rating", "number"):
        with pytest.raises(DataError, match="no number") as caught:
            Labels.learn(kind, ["1", "two"], PLACES)
        assert "a:2" in str(caught.value)
        assert "'two'" in str(caught.value)
        assert "--set answer.kind=class" in str(caught.value)
    with pytest.raises(DataError):
        parse_numbers(["nan"], PLACES)


def test_one_class_alone_is_nothing_to_learn():
    with pytest.raises(DataError, match="only one class"):
        Labels.learn("class", ["a", "a"], PLACES)


@pytest.mark.parametrize("kind", ["class", "rating", "number"])
def test_into_json_and_back(kind):
    labels = Labels.learn(kind, ["1", "2", "2"], PLACES)
    assert Labels.from_dict(labels.to_dict()) == labels


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "thing"},
        {"names": ["a", "a"]},
        {"names": []},
        {"names": ["a"], "counts": [1]},
        {"names": "ab"},
        {"counts": [1]},
        {"counts": [1, -1]},
        {"counts": [1, True]},
        {"spread": "1"},
        {"centre": float("inf")},
        {"kind": "number"},
        {"kind": "rating"},
        {"more": 1},
    ],
)
def test_what_is_damaged_is_refused(change):
    whole = Labels.learn("class", ["a", "b"], PLACES).to_dict()
    with pytest.raises(DataError):
        Labels.from_dict(whole | change)
    with pytest.raises(DataError):
        Labels.from_dict(None)


def test_an_array_of_the_right_type():
    assert Labels.learn("class", ["a", "b"], PLACES).encode(["a"], PLACES).dtype == np.int64


def test_labels_of_which_none_is_known():
    labels = Labels.learn("class", ["a", "b"], PLACES)
    labels.check_known(["c", "a"], where="x:1")
    labels.check_known([], where="x:1")
    Labels.learn("number", ["1", "2"], PLACES).check_known(["3"], where="x:1")
    with pytest.raises(DataError, match="none in common") as caught:
        labels.check_known(["c", "d", "c"], where="x:1")
    text = str(caught.value)
    assert all(word in text for word in ("x:1", "got: c, d", "accepted: a, b", "--label-column"))
