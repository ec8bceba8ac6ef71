"""Text as symbols: the text stays whole, and nothing is refused."""

import numpy as np
import pytest

from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import Words
from recurry.errors import DataError
from recurry.inspection.text_reader import TextReader, cut_behind


def _characters(symbols: str, **options) -> Codec:
    unknown = symbols.index("\ufffd") if "\ufffd" in symbols else None
    vocabulary = Vocabulary(symbols=tuple(symbols), counts=(0,) * len(symbols), unknown=unknown)
    return Codec(config=DataConfig(), tokeniser=Characters(**options), vocabulary=vocabulary)


def _words(*symbols: str, **options) -> Codec:
    symbols = ("<unk>", "<eos>", *symbols)
    vocabulary = Vocabulary(symbols=symbols, counts=(0,) * len(symbols), unknown=0)
    config = DataConfig(tokens="words")
    return Codec(config=config, tokeniser=Words(**options), vocabulary=vocabulary)


def test_characters_without_a_number():
    found = TextReader(_characters("abc")).read("axb\ud800\x00")
    assert found.ids.tolist() == [0, -1, 1, -1, -1]
    assert found.pieces == tuple("axb\ud800\x00")
    assert found.is_known.tolist() == [True, False, True, False, False]


def test_the_unknown_character_keeps_its_text():
    found = TextReader(_characters("ab\ufffd", is_lower=True)).read("Ax")
    assert found.ids.tolist() == [0, 2]
    assert found.pieces == ("A", "x")
    assert found.is_known.tolist() == [True, False]


@pytest.mark.parametrize("text", ["plain", "naïve 😀 text", "\r\n\x1b[31m", "half \ud83d one"])
def test_bytes_belong_to_their_character(text):
    found = TextReader(byte_codec()).read(text)
    assert "".join(found.pieces) == text.replace("\ud83d", "?")
    assert found.is_known.all()
    assert len(found) == len(text.encode("utf-8", "replace"))


def test_words_keep_the_spaces_before_them():
    found = TextReader(_words("the", "cat", ",", is_lower=True)).read(" The  cat,\nzzz the \n ")
    assert found.pieces == (" The", "  cat", ",", "\n", "zzz", " the", " \n ")
    assert found.is_known.tolist() == [True, True, True, True, False, True, True]


def test_words_between_spaces():
    text = "the <eos> cat\nthe <unk>"
    found = TextReader(_words("the", "cat", is_spaced=True)).read(text)
    assert "".join(found.pieces) == text
    assert found.pieces[1:4] == (" <eos>", " cat", "\n")


def test_numbers_are_taken_as_well():
    reader = TextReader(_characters("abc"))
    found = reader.number(np.array([2, -1, 0]))
    assert found.pieces == ("c", "\ufffd", "a")
    assert found.is_known.tolist() == [True, False, True]
    with pytest.raises(DataError):
        reader.number([3])


def test_a_cut_text_is_whole():
    assert cut_behind("  a b ", ["a", "b"]) == ("  a", " b ")
    assert cut_behind("", []) == ()


def test_a_line_of_ten_million_characters():
    found = TextReader(byte_codec()).read("x" * 10_000_000)
    assert len(found.pieces) == len(found) == 10_000_000
