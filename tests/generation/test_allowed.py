"""What may come next: whole characters, known symbols."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurry.data import utf8
from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.subwords import Subwords, byte_spelling
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.generation.allowed import _NUM_STATES, Allowed


def character_codec(symbols: str, unknown: int | None = None) -> Codec:
    vocabulary = Vocabulary(symbols=tuple(symbols), counts=(1,) * len(symbols), unknown=unknown)
    return Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)


def subword_codec() -> Codec:
    names = {byte: name for name, byte in byte_spelling().items()}
    spelled = ["".join(names[b] for b in piece) for piece in (b"the", "é".encode(), b"\xa9\xe2")]
    symbols = (*byte_spelling(), *spelled)
    return Codec(
        config=DataConfig(tokens="bpe"),
        tokeniser=Subwords(symbols=symbols, merges=()),
        vocabulary=Vocabulary(symbols=symbols, counts=(0,) * len(symbols)),
    )


def test_the_number_of_states_is_that_of_the_automaton():
    utf8.allowed_next(_NUM_STATES - 1)
    with pytest.raises(IndexError):
        utf8.allowed_next(_NUM_STATES)


@pytest.mark.parametrize("codec", [byte_codec(), subword_codec()], ids=["bytes", "bpe"])
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_any_walk_is_valid_utf8_of_the_asked_length(codec, seed, length):
    rng, allowed, symbols = np.random.default_rng(seed), Allowed(codec, 2), []
    # Low temperature over random logits, with the first bytes of characters made likely.
    for num_left in range(length, 0, -1):
        penalties = allowed.penalties(num_left)
        assert penalties is not None
        logits = rng.normal(size=(2, codec.num_symbols))
        logits[:, 128:256] += 2
        chosen = (logits + penalties).argmax(axis=1)
        assert np.isfinite(penalties[np.arange(2), chosen]).all()
        allowed.advance(chosen)
        symbols.append(chosen)
    for row in range(2):
        ids = [int(step[row]) for step in symbols]
        assert codec.decode(ids) == _bytes(codec, ids).decode()  # which is strict


def _bytes(codec: Codec, ids: list[int]) -> bytes:
    if isinstance(codec.tokeniser, Subwords):
        spelling = byte_spelling()
        return bytes(spelling[c] for i in ids for c in codec.tokeniser.symbols[i])
    return bytes(ids)


def test_rows_take_their_place_along_when_reordered():
    allowed = Allowed(byte_codec(), 2)
    allowed.advance(np.array([0xC3, ord("a")]))
    allowed.reorder(np.array([1, 0]))
    penalties = allowed.penalties(5)
    assert penalties is not None
    assert penalties[0, ord("b")] == 0
    assert penalties[1, ord("b")] == -np.inf
    assert penalties[1, 0xA9] == 0


def test_characters_are_free():
    assert Allowed(character_codec("ab"), 3).penalties(1) is None


def test_the_unknown_symbol_never_comes_unless_it_is_all_there_is():
    penalties = Allowed(character_codec("ab?", unknown=2), 3).penalties(9)
    assert penalties is not None
    assert penalties.tolist() == [[0, 0, -np.inf]]
    assert Allowed(character_codec("?", unknown=0), 3).penalties(9) is None
