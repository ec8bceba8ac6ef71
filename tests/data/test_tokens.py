"""Bytes and characters: exact round trips, lower case, pieces, and unseen characters."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data import tokens
from recurry.data.tokens import Bytes, Characters, code_points, lower_each, pieces, utf8
from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError

ALPHABET = Vocabulary.from_counts(dict.fromkeys("abc é∑𝄞", 1), order="symbol")


@given(chunks=st.lists(st.text(alphabet="a \n\t\u2003Σ", max_size=5)))
def test_pieces_are_the_same_text_cut_before_white_space(chunks):
    found = list(pieces(chunks))
    assert "".join(found) == "".join(chunks)
    for before, after in itertools.pairwise(found):
        assert after[0] in " \n"
        assert not before[-1].isspace()


def test_a_run_without_white_space_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(tokens, "_LONGEST_RUN", 10)
    found = list(pieces(["aaaa"] * 10))
    assert "".join(found) == "a" * 40
    assert max(map(len, found)) < 14


@given(text=st.text())
def test_code_points_are_those_of_the_text(text):
    assert code_points(text).tolist() == [ord(character) for character in text]


@given(text=st.text())
def test_lower_case_is_the_same_by_text_by_character_and_by_table(text):
    lower = lower_each(text)
    assert len(lower) == len(text)
    assert lower == "".join(map(lower_each, text))
    assert tokens.lower_code_points()[code_points(text)].tolist() == code_points(lower).tolist()


def test_lower_case_differs_from_python_in_two_letters_only():
    every = map(chr, (point for point in range(0x110000) if not 0xD800 <= point < 0xE000))
    assert [c for c in every if c.lower() != lower_each(c)] == ["İ"]
    assert lower_each("ΟΔΟΣ") == "οδοσ"


@given(text=st.text())
def test_bytes_come_back_one_at_a_time(text):
    encode, decoder = Bytes().encoder(ALPHABET), Bytes().decoder(ALPHABET)
    numbers = encode(text)
    assert bytes(numbers.tolist()) == text.encode()
    assert "".join(map(decoder.feed, numbers.tolist())) + decoder.flush() == text
    assert len(Bytes().split(text)) == len(numbers)


@given(data=st.binary())
def test_bytes_that_are_no_text_go_through_surrogate_escapes(data):
    text = data.decode(errors="surrogateescape")
    assert bytes(Bytes().encoder(ALPHABET)(text).tolist()) == data
    decoder = Bytes().decoder(ALPHABET)
    shown = "".join(map(decoder.feed, data)) + decoder.flush()
    assert shown == data.decode(errors="replace")


def test_the_names_of_bytes_are_distinct_and_printable():
    names = Bytes.symbols()
    assert len(set(names)) == 256
    assert all(name.isprintable() for name in names)
    assert names[ord("a")] == "a"
    assert names[0] == "<0x00>"


@given(text=st.text(alphabet="abc é∑𝄞"))
def test_characters_come_back(text):
    characters = Characters()
    numbers = characters.encoder(ALPHABET)(text)
    decoder = characters.decoder(ALPHABET)
    assert "".join(map(decoder.feed, numbers.tolist())) + decoder.flush() == text
    assert characters.split(text) == list(text)


def test_lower_case_characters_share_a_number():
    characters = Characters(is_lower=True)
    encode = characters.encoder(ALPHABET)
    np.testing.assert_array_equal(encode("ABCÉ"), encode("abcé"))
    assert characters.split("AbÉ") == ["a", "b", "é"]


def test_unseen_characters_are_named():
    with pytest.raises(DataError) as caught:
        Characters().encoder(ALPHABET)("abß ☃ a")
    message = str(caught.value)
    assert "not in the vocabulary" in message
    assert "got: 'ß' (U+00DF), '☃' (U+2603)\n" in message
    assert "7 characters: ' abcé∑𝄞'" in message
    assert "--tokens bytes" in message
    with pytest.raises(DataError, match=r"and 21 more"):
        Characters().encoder(ALPHABET)("defghijklmnopqrstuvwxyz123")


def test_unseen_characters_have_a_number_where_there_is_an_unknown_one():
    vocabulary = Vocabulary.from_counts({"a": 1}, unknown=Characters.UNKNOWN, order="symbol")
    numbers = Characters().encoder(vocabulary)("a☃")
    assert numbers.tolist() == [0, 1]
    assert Characters().decoder(vocabulary).feed(1) == "\ufffd"


def test_half_a_surrogate_pair_is_an_error_of_ours():
    with pytest.raises(DataError, match=r"half a surrogate pair[^\n]*\n.*character 2\n.*U\+D800"):
        utf8("ab\ud800")
    with pytest.raises(DataError, match="not in the vocabulary"):
        Characters().encoder(ALPHABET)("ab\ud800")
