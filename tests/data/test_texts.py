"""Texts of records as numbers: what is unknown, empty or too long is counted."""

import pytest

from recurry.data.record_configuration import TextConfig
from recurry.data.texts import check_overlap, encode_texts, learn_codec
from recurry.errors import DataError

TEXTS = ["the cat sat", "the dog", "the cat"]


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_what_the_training_texts_lack_is_unknown(tokens):
    codec = learn_codec(TextConfig(tokens=tokens), TEXTS)
    assert codec.decode(codec.encode(TEXTS[0])) == TEXTS[0]
    unknown = codec.vocabulary.unknown
    assert unknown is not None
    assert codec.encode("x")[0] == unknown
    found = encode_texts(codec, ["x" if tokens == "characters" else "x y", "the", ""], longest=9)
    assert found.is_strange.tolist() == [True, False, False]


def test_rare_words_are_unknown():
    codec = learn_codec(TextConfig(min_count=2), TEXTS)
    assert set(codec.vocabulary.symbols) == {"the", "cat", "<unk>"}


def test_bytes_need_no_text():
    assert learn_codec(TextConfig(tokens="bytes"), TEXTS).num_symbols == 256


def test_pieces_of_words():
    pytest.importorskip("tokenizers")
    config = TextConfig(tokens="bpe", vocabulary_size=260)
    codec = learn_codec(config, ["the cat "] * 50)
    assert codec.decode(codec.encode("the cat")) == "the cat"


def test_empty_and_long_texts_are_counted():
    codec = learn_codec(TextConfig(), TEXTS)
    found = encode_texts(codec, ["", "the cat sat", "the"], longest=2)
    assert found.numbers.lengths.tolist() == [1, 2, 1]
    assert found.numbers[0].tolist() == [codec.vocabulary.unknown]
    assert [found.remarks(number) for number in range(3)] == [["empty"], ["cut"], []]
    empty, cut = found.notes("training", longest=2)
    assert "1 texts of the training part are empty" in empty
    assert "1 texts of the training part are longer than 2 symbols and were cut" in cut


def test_a_vocabulary_without_any_overlap_is_refused():
    codec = learn_codec(TextConfig(), TEXTS)
    check_overlap(encode_texts(codec, ["the moon", "?"], longest=9), codec, where="a")
    check_overlap(encode_texts(codec, [""], longest=9), codec, where="a")
    with pytest.raises(DataError, match="no symbol in common") as caught:
        check_overlap(encode_texts(codec, ["Der Mond", "?"], longest=9), codec, where="de.csv:2")
    assert "de.csv:2" in str(caught.value)


def test_texts_without_any_symbol():
    with pytest.raises(DataError, match="no symbol"):
        learn_codec(TextConfig(), ["", " "])
