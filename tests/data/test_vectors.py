"""Neighbours, analogies, and rows for a vocabulary."""

import numpy as np
import pytest

from recurry.data.subword_vectors import SubwordVectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError, UsageError

ROWS = {
    "king": [2, 0, 2],
    "queen": [0, 2, 2],
    "man": [1, 0, 0],
    "woman": [0, 1, 0],
    "throne": [0, 0, 3],
    "nothing": [0, 0, 0],
}


@pytest.fixture
def vectors():
    return WordVectors(words=tuple(ROWS), matrix=np.array(list(ROWS.values()), np.float32))


def test_neighbours_come_in_the_order_of_their_cosines(vectors):
    found = vectors.neighbours("king")
    assert [word for word, _ in found[:3]] in (
        ["man", "throne", "queen"],
        ["throne", "man", "queen"],
    )
    assert dict(found)["man"] == pytest.approx(np.sqrt(0.5))
    assert dict(found)["queen"] == pytest.approx(0.5)
    assert dict(found)["nothing"] == 0.0
    assert "king" not in dict(found)
    assert len(vectors.neighbours("king", 2)) == 2
    assert len(vectors.neighbours("king", 99)) == 5


def test_neighbours_are_those_of_all_words_sorted(rng):
    matrix = rng.standard_normal((300, 7)).astype(np.float32)
    vectors = WordVectors(words=tuple(map(str, range(300))), matrix=matrix)
    unit = matrix / np.linalg.norm(matrix, axis=1)[:, None]
    expected = [str(number) for number in np.argsort(-(unit @ unit[17])) if number != 17]
    assert [word for word, _ in vectors.neighbours("17", 20)] == expected[:20]


def test_king_and_woman_unlike_man_is_queen(vectors):
    found = vectors.analogy(["king", "woman"], ["man"])
    assert found[0][0] == "queen"
    assert not {"king", "man", "woman"} & set(dict(found))
    with pytest.raises(UsageError, match="at least one word"):
        vectors.analogy([])


def test_a_word_without_a_vector_is_an_error_that_offers_others(vectors):
    with pytest.raises(DataError, match="no vector for 'quen'") as caught:
        vectors.neighbours("quen")
    assert "queen" in str(caught.value.hint)
    assert vectors.find("quen") is None
    assert "queen" in vectors
    assert "quen" not in vectors


def test_of_a_word_that_occurs_twice_the_first_row_counts():
    vectors = WordVectors(words=("a", "a"), matrix=np.array([[1], [2]], np.float32))
    assert vectors.vector("a").tolist() == [1]


def test_the_cosine_of_two_words(vectors):
    assert vectors.cosine("man", "king") == pytest.approx(np.sqrt(0.5))
    assert vectors.cosine("man", "nothing") == 0.0


def test_rows_for_a_vocabulary(vectors):
    rows, is_known = vectors.rows_of(["<unk>", "woman", "Throne"])
    assert is_known.tolist() == [False, True, True]
    assert rows.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 3]]
    with pytest.raises(DataError, match="no word in common"):
        vectors.rows_of(["roi", "reine"])


def test_unknown_words_are_composed_where_there_are_parts():
    parts = SubwordVectors(rows=np.ones((4, 2), np.float32), shortest=3, longest=3)
    vectors = WordVectors(words=("a",), matrix=np.zeros((1, 2), np.float32), subwords=parts)
    assert vectors.vector("unseen").tolist() == [1, 1]
    assert vectors.rows_of(["unseen"])[1].tolist() == [True]


def test_one_word_for_each_row():
    with pytest.raises(DataError, match="one row for each word"):
        WordVectors(words=("a",), matrix=np.zeros((2, 1), np.float32))


def test_a_symbol_takes_the_first_word_that_would_be_it():
    words = ("Film", "films", "FILM", "the")
    vectors = WordVectors(words=words, matrix=np.eye(4, dtype=np.float32))
    rows, is_known = vectors.rows_of(["film", "The", "x"], symbol_of=lambda w: w.lower()[:4])
    assert rows.argmax(1).tolist() == [0, 3, 0]
    assert is_known.tolist() == [True, True, False]
    assert vectors.rows_of(["films"], symbol_of=lambda word: None)[0].argmax() == 1
