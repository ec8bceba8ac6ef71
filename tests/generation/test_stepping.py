"""Reading a prime and one's own symbols."""

from dataclasses import replace

import numpy as np
import pytest

from recurry.data.codec import byte_codec
from recurry.data.configuration import DataConfig
from recurry.errors import DataError
from recurry.generation.stepping import ROWS, Block, begin, quiet_beginning
from recurry.network.stepper import Stepper


def test_a_block_goes_on_where_the_prime_ended(character_model):
    codec = character_model.codec
    block = Block(
        character_model,
        begin(character_model, "ab"),
        stepper=Stepper(character_model.network, ROWS),
    )
    block.read(np.full(ROWS, codec.encode("c")[0]))
    whole = begin(character_model, "abc")
    np.testing.assert_allclose(block.logits, np.repeat(whole.logits, ROWS, axis=0), atol=1e-5)


def test_a_long_prime_is_read_in_chunks(character_model, monkeypatch):
    whole = begin(character_model, "abcdefgh").logits
    monkeypatch.setattr("recurry.generation.stepping._CHUNK", 3)
    np.testing.assert_allclose(begin(character_model, "abcdefgh").logits, whole, atol=1e-5)


def test_rows_go_on_from_others_when_reordered(character_model):
    block = Block(
        character_model, begin(character_model, ""), stepper=Stepper(character_model.network, 3)
    )
    block.read(np.array([1, 2, 3]))
    logits = block.logits
    block.reorder(np.array([2, 2, 0]))
    block.read(np.array([5, 5, 5]))
    # Equal texts in different rows may round differently: the reason for fixed rows.
    np.testing.assert_allclose(block.logits[0], block.logits[1], atol=1e-5)
    assert np.abs(block.logits[0] - block.logits[2]).max() > 1e-2
    assert logits.shape == (3, character_model.codec.num_symbols)


def test_a_text_without_prime_follows_a_line_end(character_model, word_model, build_model):
    assert quiet_beginning(byte_codec()) == 10
    assert character_model.codec.decode([quiet_beginning(character_model.codec)]) == "\n"
    assert quiet_beginning(word_model.codec) == 1
    empty, line_end = begin(character_model, ""), begin(character_model, "\n")
    np.testing.assert_array_equal(empty.logits, line_end.logits)
    assert empty.prime.tolist() == []


def test_byte_pairs_spell_a_line_end_in_their_own_way(character_codec):
    vocabulary = replace(character_codec.vocabulary, symbols=("a", "Ċ"), counts=(5, 1))
    codec = replace(character_codec, config=DataConfig(tokens="bpe"), vocabulary=vocabulary)
    assert quiet_beginning(codec) == 1


def test_without_line_ends_the_commonest_symbol_is_the_beginning(character_codec):
    vocabulary = replace(character_codec.vocabulary, symbols=tuple("abc"), counts=(1, 5, 2))
    assert quiet_beginning(replace(character_codec, vocabulary=vocabulary)) == 1


def test_unknown_characters_in_the_prime_are_named(character_model):
    with pytest.raises(DataError, match="'ß'"):
        begin(character_model, "straße")
