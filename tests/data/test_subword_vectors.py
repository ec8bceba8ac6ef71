"""Parts of words and their hashes, against a plain program that takes one letter at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.subword_vectors import SubwordVectors

WORDS = ["night", "a", "über", "каморку", "日本", "", "naïve-café", "</s>", "𝒳y"]


def _parts(word, shortest, longest, rows):
    """As fastText's `computeSubwords` does it."""
    letters = f"<{word}>"
    found = []
    for start in range(len(letters)):
        for size in range(shortest, longest + 1):
            part = letters[start : start + size]
            if len(part) < size or (size == 1 and start in (0, len(letters) - 1)):
                continue
            found.append(_hash(part) % rows)
    return found


def _hash(text):
    state = 2166136261
    for byte in text.encode():
        state ^= byte if byte < 128 else byte | 0xFFFFFF00
        state = state * 16777619 % 2**32
    return state


def _check(words, shortest, longest):
    parts = SubwordVectors(rows=np.zeros((97, 1), np.float32), shortest=shortest, longest=longest)
    owners, places = parts.parts(words)
    for number, word in enumerate(words):
        expected = [] if word == "</s>" else _parts(word, shortest, longest, 97)
        assert sorted(places[owners == number].tolist()) == sorted(expected)


def test_a_known_hash():
    """Of the usual FNV-1a test values."""
    assert _hash("a") == 0xE40C292C


def test_parts_are_those_of_the_program():
    for shortest, longest in ((3, 6), (1, 2), (5, 5), (4, 3)):
        _check(WORDS, shortest, longest)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=4))
def test_parts_of_any_words(words):
    _check(words, 1, 4)


def test_composing_averages(rng):
    parts = SubwordVectors(
        rows=rng.standard_normal((50, 3)).astype(np.float32), shortest=2, longest=3
    )
    own = rng.standard_normal((len(WORDS), 3)).astype(np.float32)
    found = parts.compose_known(WORDS, own)
    for number, word in enumerate(WORDS):
        places = [] if word == "</s>" else _parts(word, 2, 3, 50)
        expected = np.array([own[number], *parts.rows[places]]).mean(axis=0)
        np.testing.assert_allclose(found[number], expected, rtol=0, atol=1e-6)
        if places:
            mean = parts.rows[places].mean(axis=0)
            np.testing.assert_allclose(parts.compose(word), mean, rtol=0, atol=1e-6)
    assert parts.compose("</s>") is None


def test_without_rows_or_lengths_nothing_is_composed():
    assert SubwordVectors(rows=np.zeros((0, 2)), shortest=3, longest=6).compose("word") is None
    assert SubwordVectors(rows=np.zeros((9, 2)), shortest=0, longest=0).compose("word") is None
