"""BPE: learned pieces, exact round trips, and damaged merges."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.subwords import Subwords, byte_spelling
from recurry.data.tokens import pieces
from recurry.data.vocabulary import Vocabulary
from recurry.errors import DataError, MissingExtra

pytest.importorskip("tokenizers")
TEXT = "the cat sat on the mat and the dog sat on the cat\n\n  Grüße, 世界!\n" * 20
LEARNED = Subwords.learn([TEXT], size=300, is_lower=False)
VOCABULARY = Vocabulary(symbols=LEARNED.symbols, counts=(0,) * len(LEARNED.symbols))


def decode(numbers):
    decoder = LEARNED.decoder(VOCABULARY)
    return "".join(map(decoder.feed, numbers)) + decoder.flush()


@given(text=st.text() | st.text(alphabet="the catsond ü世\n"))
def test_any_text_comes_back(text):
    assert decode(LEARNED.encoder(VOCABULARY)(text).tolist()) == text


@given(text=st.text(alphabet="the cat's \n\t12.Grüße", max_size=60), size=st.integers(1, 9))
def test_streaming_equals_the_whole(text, size):
    encode = LEARNED.encoder(VOCABULARY)
    chunks = [text[place : place + size] for place in range(0, len(text), size)]
    streamed = [number for piece in pieces(chunks) for number in encode(piece).tolist()]
    assert streamed == encode(text).tolist()


def test_learned_pieces_are_shorter_than_bytes_and_the_same_every_time():
    assert 256 < len(LEARNED.symbols) <= 300
    assert len(LEARNED.split(TEXT)) < len(TEXT) / 2
    assert Subwords.learn([TEXT], size=300, is_lower=False) == LEARNED


def test_lower_case_comes_first():
    lower = Subwords.learn(["The THE the"], size=260, is_lower=True)
    assert lower.split("THE") == lower.split("the")


def test_spelling_is_one_printable_character_for_each_byte():
    spelling = byte_spelling()
    assert sorted(spelling.values()) == list(range(256))
    assert spelling["Ġ"] == ord(" ")


def test_stored_merges_give_the_same_pieces():
    merges = [list(pair) for pair in LEARNED.merges]
    again = Subwords.from_merges(merges, symbols=LEARNED.symbols, is_lower=False)
    assert again == LEARNED
    assert again.split(TEXT) == LEARNED.split(TEXT)


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        (None, "no list"),
        ([["t"]], "no pair"),
        ([["t", 1]], "no pair"),
        ([["t", "世"]], "no pair"),
        ([["q", "q"]], "no pair"),
        ([["t", "h"]] * 999, "more than"),
    ],
)
def test_damaged_merges_are_refused(merges, message):
    with pytest.raises(DataError, match=message):
        Subwords.from_merges(merges, symbols=LEARNED.symbols, is_lower=False)


@pytest.mark.parametrize("symbols", [LEARNED.symbols[1:], (*LEARNED.symbols, "世")])
def test_pieces_must_be_spelled_in_bytes(symbols):
    with pytest.raises(DataError, match="all 256 bytes"):
        Subwords.from_merges([], symbols=symbols, is_lower=False)


def test_a_panic_in_the_package_becomes_an_error_of_ours(monkeypatch):
    class PanicException(BaseException):
        pass

    class Broken:
        def encode(self, text):
            raise PanicException("slice index")

    subwords = Subwords(symbols=LEARNED.symbols, merges=LEARNED.merges)
    monkeypatch.setitem(subwords.__dict__, "_tokenizer", Broken())
    with pytest.raises(DataError, match=r"could not be used.\n  got: PanicException: slice"):
        subwords.split("text")


def test_without_the_package_decoding_works_and_encoding_says_what_to_install(monkeypatch):
    numbers = LEARNED.encoder(VOCABULARY)("the cat").tolist()
    fresh = Subwords(symbols=LEARNED.symbols, merges=LEARNED.merges)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    decoder = fresh.decoder(VOCABULARY)
    assert "".join(map(decoder.feed, numbers)) == "the cat"
    with pytest.raises(MissingExtra, match=r"pip install 'recurry\[text\]'"):
        fresh.split("the cat")
