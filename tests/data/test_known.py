"""Vocabularies that are extended by the symbols of a source."""

import pytest

from recurry.data.known import Known, extend_codec, extend_vocabulary, symbol_of
from recurry.data.record_configuration import TextConfig
from recurry.data.texts import learn_codec
from recurry.data.vocabulary import Vocabulary

TEXTS = ["a good film", "a bad film"]


def _known(*symbols: str, **more) -> Known:
    return Known(symbols=symbols, sha256="0" * 64, **more)


def test_words_join_behind_those_that_were_learnt():
    codec = learn_codec(TextConfig(lower_case=True), TEXTS)
    wider = extend_codec(codec, _known("dull", "Good", "New York", "dull"))
    assert wider.vocabulary.symbols == (*codec.vocabulary.symbols, "dull")
    assert wider.vocabulary.counts[-1] == 0
    assert wider.vocabulary.unknown == codec.vocabulary.unknown
    assert wider.encode("dull").tolist() == [codec.num_symbols]
    assert codec.encode("dull").tolist() == [codec.vocabulary.unknown]


def test_words_are_cut_to_their_stems():
    codec = learn_codec(TextConfig(stem="english"), TEXTS)
    wider = extend_codec(codec, _known("boring", "bored", "films"))
    assert wider.vocabulary.symbols == (*codec.vocabulary.symbols, "bore")
    assert symbol_of(codec)("films") == "film"
    assert symbol_of(codec)("two words") is None


def test_characters_take_single_characters_alone():
    codec = learn_codec(TextConfig(tokens="characters"), TEXTS)
    wider = extend_codec(codec, _known("zebra", "z"))
    assert wider.vocabulary.symbols == (*codec.vocabulary.symbols, "z")


def test_nothing_joins_without_a_source_or_where_all_is_known():
    for tokens in ("words", "bytes"):
        codec = learn_codec(TextConfig(tokens=tokens), TEXTS)
        assert extend_codec(codec, None) is codec
    assert extend_codec(codec, _known("x")) is codec


def test_pieces_of_a_model_take_the_place_of_those_that_were_learnt():
    pytest.importorskip("tokenizers")
    ours = learn_codec(TextConfig(tokens="bpe", vocabulary_size=260), TEXTS)
    theirs = learn_codec(TextConfig(tokens="bpe", vocabulary_size=262), ["zebra zebra"] * 9)
    taken = extend_codec(ours, _known(is_model=True, codec=theirs))
    assert taken.vocabulary.symbols == theirs.vocabulary.symbols != ours.vocabulary.symbols
    assert taken.config is ours.config
    assert taken.encode("zebra").tolist() == theirs.encode("zebra").tolist()
    assert symbol_of(ours)("e") is None  # no merge has joined it to the space before it


@pytest.mark.parametrize("text", [TextConfig(), TextConfig(tokens="bpe", lower_case=True)])
def test_pieces_of_another_kind_stay_away(text):
    pytest.importorskip("tokenizers")
    ours = learn_codec(TextConfig(tokens="bpe"), TEXTS)
    theirs = learn_codec(text, TEXTS)
    assert extend_codec(ours, _known(is_model=True, codec=theirs)) is ours
    assert extend_codec(ours, _known("film")) is ours


def test_a_vocabulary_leaves_out_what_would_never_be_met():
    words = Vocabulary(symbols=("a",), counts=(3,))
    assert extend_vocabulary(words, ["b c", "b", "a"], str.split).symbols == ("a", "b")


def test_the_key_tells_sources_and_numbers_of_symbols_apart():
    keys = {_known("a").key, _known("a", "b").key, Known(symbols=("a",), sha256="1" * 64).key}
    assert len(keys) == 3
