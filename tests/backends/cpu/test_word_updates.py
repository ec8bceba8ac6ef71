"""Tables of draws, seeds, threads, and what is left alone."""

import numpy as np
import pytest

from recurry.backends.cpu.word_updates import (
    WordSettings,
    WordUpdates,
    alias_table,
    aligned_zeros,
    keep_table,
)


def _shares(table):
    """The chance of each word, from a table."""
    chances = np.zeros(len(table))
    for word, (stays, other) in enumerate(table.tolist()):
        chances[word] += stays / 2**32
        chances[other] += 1 - stays / 2**32
    return chances / len(table)


def test_the_alias_table_gives_every_word_its_share(rng):
    for weights in (rng.random(500) ** 4, np.array([1.0]), np.array([0, 3, 0, 1.0, 0])):
        np.testing.assert_allclose(
            _shares(alias_table(weights)), weights / weights.sum(), rtol=0, atol=1e-9
        )


def test_a_word_of_weight_0_is_never_drawn(rng):
    weights = np.where(rng.random(1000) < 0.3, 0, rng.random(1000))
    assert not _shares(alias_table(weights))[weights == 0].any()


def test_frequent_words_are_left_out_as_word2vec_does():
    counts = np.array([0, 10, 990])
    keep = keep_table(counts, 0.001) / 2**32
    ratio = 0.001 / np.array([0.01, 0.99])
    np.testing.assert_allclose(keep[1:], np.sqrt(ratio) + ratio)
    assert keep[0] == 0
    assert (keep_table(counts, 0.0) == [0, 2**32, 2**32]).all()
    assert keep_table(counts, 1.0)[1] == 2**32


def test_matrices_begin_at_a_cache_line():
    for _ in range(5):
        found = aligned_zeros(3, 16)
        assert found.ctypes.data % 64 == 0
        assert not found.any()


def _learn(rng, threads, set_threads, seed=0, is_in_two=False):
    ids = rng.integers(0, 30, 45_000)
    set_threads(threads)
    updates = WordUpdates(
        np.bincount(ids, minlength=30), WordSettings(size=20, seed=seed), num_pieces=5
    )
    if is_in_two:
        updates.learn(ids[:20_000], 0)
        updates.learn(ids[20_000:], 2)
    else:
        assert updates.learn(ids) == min(threads, 5)
    return updates.vectors.copy()


def test_one_thread_gives_the_same_bits(set_threads):
    first = _learn(np.random.default_rng(0), 1, set_threads)
    again = _learn(np.random.default_rng(0), 1, set_threads)
    np.testing.assert_array_equal(first, again)
    in_two = _learn(np.random.default_rng(0), 1, set_threads, is_in_two=True)
    np.testing.assert_array_equal(first, in_two)
    other = _learn(np.random.default_rng(0), 1, set_threads, seed=1)
    assert not np.array_equal(first, other)


def test_two_threads_learn_much_the_same(set_threads):
    one = _learn(np.random.default_rng(0), 1, set_threads)
    two = _learn(np.random.default_rng(0), 2, set_threads)
    cosines = (one * two).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)
    assert cosines.min() > 0.9


@pytest.mark.parametrize("ids", [[], [3], [3, 3]])
def test_edges_of_a_text(ids):
    updates = WordUpdates(np.array([0, 0, 0, 2, 1]), WordSettings(size=3, window=2))
    before = updates.vectors.copy()
    updates.learn(np.array(ids, dtype=np.int64))
    if len(ids) < 2:
        np.testing.assert_array_equal(updates.vectors, before)
    assert np.isfinite(updates.vectors).all()
