"""The UTF-8 automaton agrees with Python's decoder about every sequence."""

import itertools
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.utf8 import START, advance, allowed_next, bytes_left


@cache
def is_prefix_of_utf8(data: bytes) -> bool:
    """Whether some bytes can follow so that all is valid, by Python's own decoder."""
    middles = (0x80, 0x90, 0xA0, 0xBF)
    return any(
        _is_utf8(data + bytes(rest))
        for length in range(4)
        for rest in itertools.product(middles, repeat=length)
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_every_sequence_of_up_to_three_bytes_agrees_with_python():
    leads = {0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, *range(0xF0, 0xF6), 0xFF}
    edges = sorted({0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF} | leads)
    for data in itertools.product(edges, repeat=3):
        state, ok = START, True
        for length, byte in enumerate(data, start=1):
            ok = bool(allowed_next(state)[byte])
            assert ok == is_prefix_of_utf8(bytes(data[:length])), bytes(data[:length])
            if not ok:
                break
            state = advance(state, byte)


@given(text=st.text())
def test_valid_text_passes_and_ends_at_the_start_state(text):
    state = START
    for byte in text.encode():
        left = bytes_left(state)
        state = advance(state, byte)
        assert left == 0 or bytes_left(state) == left - 1
    assert state == START


@pytest.mark.parametrize("state", range(8))
def test_any_allowed_walk_ends_after_the_bytes_that_are_left(state, rng):
    for _ in range(20):
        here = state
        for _ in range(bytes_left(state)):
            here = advance(here, int(rng.choice(allowed_next(here).nonzero()[0])))
        assert here == START


def test_a_byte_that_may_not_follow_is_an_error_and_the_table_is_read_only():
    with pytest.raises(ValueError, match="0xFF may not follow"):
        advance(START, 0xFF)
    with pytest.raises(ValueError, match="read-only"):
        allowed_next(START)[0] = False
