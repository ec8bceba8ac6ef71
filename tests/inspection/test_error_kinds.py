"""Each error is of the first kind that it fits."""

import numpy as np
import pytest

from recurry.inspection.error_kinds import KINDS, count_words, error_kinds, share_of_kinds

NAMES = list(KINDS)


def _kinds(pieces, errors, *, right=(), counts=None, **limits) -> list[str | None]:
    is_error, is_right = np.zeros((2, len(pieces)), dtype=bool)
    is_error[list(errors)], is_right[list(right)] = True, True
    found = error_kinds(
        pieces, is_error, is_ngram_right=is_right, word_counts=counts or {}, **limits
    )
    assert (found[~is_error] == -1).all()
    return [NAMES[kind] for kind in found[is_error]]


TEXT = "Jon saw Mary, but Mary ran."


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (1, "rare word"),  # the o of Jon
        (0, "word start"),
        (8, "word start"),  # the M of the first Mary
        (9, "rare word"),
        (18, "word start"),  # of the second
        (19, "memory"),
        (21, "memory"),
        (12, "punctuation"),
        (13, "other"),  # the space after the comma
        (26, "punctuation"),
    ],
)
def test_errors_have_the_kind_of_their_place(place, kind):
    assert _kinds(list(TEXT), [place]) == [kind]


def test_what_an_ngram_knows_comes_first():
    assert _kinds(list(TEXT), [19, 20], right=[19]) == ["n-gram", "memory"]


def test_frequent_words_are_not_rare_and_memory_has_an_end():
    assert _kinds(list(TEXT), [9], counts={"Mary": 6}) == ["other"]
    assert _kinds(list(TEXT), [9], counts={"Mary": 5}) == ["rare word"]
    assert _kinds(list(TEXT), [9], counts={"Mary": 5}, rarest=4) == ["other"]
    assert _kinds(list(TEXT), [19], counts={"Mary": 9}, memory=3) == ["other"]


def test_words_as_symbols_are_words():
    pieces = ["the ", "cat ", "saw ", "the ", "dog", "."]
    counts = {"the": 9, "cat": 9, "saw": 1}
    found = _kinds(pieces, [1, 2, 3, 5], counts=counts)
    assert found == ["word start", "rare word", "memory", "punctuation"]


def test_parts_of_a_character_are_shown_with_no_kind():
    assert _kinds(["a", "", "é"], [1]) == ["other"]


def test_shares_sum_to_one_or_are_none():
    shares = share_of_kinds(np.array([-1, 0, 0, 5, -1]))
    assert shares["n-gram"] == pytest.approx(2 / 3)
    assert sum(shares.values()) == pytest.approx(1)
    assert set(share_of_kinds(np.full(3, -1)).values()) == {0.0}


def test_words_are_counted_with_their_apostrophes():
    assert count_words("don't go, don't! 42") == {"don't": 2, "go": 1, "42": 1}
