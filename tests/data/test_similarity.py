"""Rank correlations against known ones, and lists of pairs."""

import numpy as np
import pytest

from recurry.data.similarity import agreement, rank_correlation, read_pairs
from recurry.data.vector_files import load_vectors
from recurry.data.vectors import WordVectors
from recurry.errors import DataError


def test_correlation_of_ranks_alone():
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.array([2.0, 1.0, 4.0, 3.0])) == pytest.approx(0.6)
    assert rank_correlation(a, np.ones(4)) == 0.0


def test_equal_values_share_their_ranks():
    """By hand: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4."""
    found = rank_correlation(np.array([1, 2, 2, 5]), np.array([1, 2, 3, 4]))
    assert found == pytest.approx(np.sqrt(0.9))


def test_pairs_without_vectors_are_counted():
    matrix = np.array([[1, 0], [1, 0.1], [0, 1]], np.float32)
    vectors = WordVectors(words=("cat", "dog", "tax"), matrix=matrix)
    pairs = [("cat", "dog", 9.0), ("Cat", "tax", 1.0), ("dog", "tax", 2.0), ("cat", "emu", 5.0)]
    found = agreement(vectors, pairs)
    assert (found.num_pairs, found.num_unknown) == (3, 1)
    assert found.correlation == pytest.approx(1)
    with pytest.raises(DataError, match="Too few pairs"):
        agreement(vectors, pairs[3:])


def test_real_lists(data_folder):
    folder = data_folder / "word_vectors"
    simlex, wordsim = (read_pairs(folder / name) for name in ("simlex999.txt", "wordsim353.tsv"))
    assert (len(simlex), simlex[0]) == (999, ("old", "new", 1.58))
    assert (len(wordsim), wordsim[0]) == (353, ("love", "sex", 6.77))
    found = agreement(load_vectors(folder / "euclidean_vectors.bin"), wordsim)
    assert (found.num_pairs, round(found.correlation, 3)) == (109, 0.274)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n", ["empty"]),
        ("a\tb\t1\n\na\tb\n", ["broken", "pairs.txt:3", "'a\\tb'"]),
        ("a,b,many\n", ["broken", "pairs.txt:1"]),
    ],
)
def test_broken_lists_are_named(tmp_path, text, words):
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_pairs(path)
    for word in words:
        assert word in str(caught.value)


def test_separators_and_a_missing_list(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("a,b, 1\nc d 2\ne\tf\t3\textra\n")
    assert read_pairs(path) == [("a", "b", 1.0), ("c", "d", 2.0), ("e", "f", 3.0)]
    with pytest.raises(DataError, match="cannot be read"):
        read_pairs(tmp_path / "missing.txt")
