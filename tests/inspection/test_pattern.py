"""Regular expressions are found, refused with a reason, or stopped in time."""

import time

import pytest

from recurry.errors import UsageError
from recurry.inspection import pattern
from recurry.inspection.pattern import LONGEST_PATTERN, find_pattern


def test_matches_are_found_in_order():
    assert find_pattern("ab?", "a ab b").tolist() == [[0, 1], [2, 4]]
    assert find_pattern("x", "aaa").shape == (0, 2)
    assert find_pattern("x", "").shape == (0, 2)


def test_matches_of_nothing_are_left_out():
    assert find_pattern("b*", "abba").tolist() == [[1, 3]]


def test_places_count_characters_not_bytes():
    assert find_pattern("b", "é€𝄞b").tolist() == [[3, 4]]


def test_half_a_surrogate_pair_is_text_like_any_other():
    assert find_pattern("b", "\ud800b").tolist() == [[1, 2]]


def test_what_is_no_pattern_is_refused_with_its_reason():
    with pytest.raises(UsageError, match="no regular expression") as caught:
        find_pattern("(", "a")
    assert "unterminated subpattern" in str(caught.value)


def test_a_pattern_is_short():
    with pytest.raises(UsageError, match="too long"):
        find_pattern("a" * (LONGEST_PATTERN + 1), "a")


def test_a_pattern_that_would_never_end_is_stopped():
    start = time.monotonic()
    with pytest.raises(UsageError, match="takes too long"):
        find_pattern("(a+)+$", "a" * 60 + "b", limit_seconds=0.7)
    assert time.monotonic() - start < 20


def test_a_pattern_that_would_fill_the_memory_is_stopped(monkeypatch):
    monkeypatch.setattr(pattern, "MEMORY_BYTES", 60 << 20)
    with pytest.raises(UsageError, match="too much memory"):
        find_pattern("a+b", "a" * 30_000_000, limit_seconds=20)
