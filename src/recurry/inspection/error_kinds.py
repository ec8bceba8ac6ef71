"""Kinds of errors: which part of a model's mistakes what kind of knowledge would have mended.

Comes in: the pieces of a text, the probability of each, what n-grams say, words that are known.
Goes out: the kind of each error. Imports NumPy.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

# In the order in which they are taken away; an error is of the first kind that it fits.
KINDS: dict[str, str] = {
    "n-gram": "a model that sees only the last few symbols gives more than one half",
    "memory": "inside a word that stood in the text shortly before",
    "rare word": "inside a word that the counted text has at most a few times",
    "word start": "after a space, a quote or a line end: which word comes is open",
    "punctuation": "a sign that is neither letter nor digit nor space",
    "other": "none of these",
}
RIGHT = "right"
_STARTERS = set(" \n\t\"'“”‘’«»")


def error_kinds(
    pieces: Sequence[str],
    is_error: np.ndarray,
    *,
    is_ngram_right: np.ndarray,
    word_counts: Mapping[str, int],
    memory: int = 1000,
    rarest: int = 5,
) -> np.ndarray:
    """The kind of each symbol: a number among `KINDS`, or -1 where there is no error.

    A symbol of several characters, such as a word, is a word by itself: it is the start of one
    where it is neither rare nor was there before.

    Args:
        pieces: The text of each symbol.
        is_error: Where the model gave the symbol less than one half, (T,).
        is_ngram_right: Where some n-gram model gives it more than one half, (T,).
        word_counts: How often each word stands in the text that was counted.
        memory: How many characters before a word are searched for it.
        rarest: A word that was counted no more often is rare.

    Source: Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078), section 4.4, which takes errors
        away in this order with n from 1 to 9, memories of 100 to 5000 characters and words of at
        most 0 to 5 occurrences; a symbol is an error there where its probability is below one half.
    """
    order = list(KINDS)
    kinds = np.where(is_error, order.index("other"), -1)
    kinds[is_error & is_ngram_right] = order.index("n-gram")
    text = "".join(pieces)
    begins = np.cumsum([0, *(len(piece) for piece in pieces)])
    words = _words(text)
    for place in np.flatnonzero(is_error & ~is_ngram_right):
        start, stop = int(begins[place]), int(begins[place + 1])
        kinds[place] = order.index(
            _kind(text, start, stop, words, word_counts, memory=memory, rarest=rarest)
        )
    return kinds


def count_words(text: str) -> Counter[str]:
    """How often each word stands in a text: letters, digits and apostrophes between others."""
    return Counter(text[start:stop] for start, stop in _spans(text))


def share_of_kinds(kinds: np.ndarray) -> dict[str, float]:
    """The share of each kind among the errors; 0 everywhere where there are none."""
    counts = np.bincount(kinds[kinds >= 0], minlength=len(KINDS))
    return {name: float(n / max(counts.sum(), 1)) for name, n in zip(KINDS, counts, strict=True)}


def _kind(
    text: str,
    start: int,
    stop: int,
    words: np.ndarray,
    word_counts: Mapping[str, int],
    *,
    memory: int,
    rarest: int,
) -> str:
    """The kind of one error that no n-gram mends, by the characters of its symbol."""
    if stop <= start:  # a part of a character, whose rest follows
        return "other"
    first, end = (int(limit) for limit in words[start:stop].max(axis=0))
    is_whole = stop - start > 1
    if end > first and (is_whole or start > first):
        word = text[first:end]
        if text.find(word, max(0, first - memory), first) >= 0:
            return "memory"
        if word_counts.get(word, 0) <= rarest:
            return "rare word"
    if is_whole and end > first:
        return "word start"
    if start == 0 or text[start - 1] in _STARTERS:
        return "word start"
    letter = text[start]
    return "other" if letter.isalnum() or letter.isspace() else "punctuation"


def _words(text: str) -> np.ndarray:
    """Where the word of each character begins and ends; twice the same where it is in none."""
    found = np.zeros((len(text), 2), dtype=np.int64)
    for start, stop in _spans(text):
        found[start:stop] = (start, stop)
    return found


def _spans(text: str) -> list[tuple[int, int]]:
    inside = np.array([letter.isalnum() or letter in "'’" for letter in text], dtype=np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside, [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
