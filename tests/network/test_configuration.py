"""The network table refuses what cannot work."""

import pytest
from pydantic import ValidationError

from recurry.network.configuration import (
    ByClassConfig,
    DecoderConfig,
    EncoderDecoderConfig,
    NetworkConfig,
    SpellingConfig,
    TaggerConfig,
    TwoReadersConfig,
)
from recurry.network.translated import TranslatedConfig


def test_tied_weights_need_equal_sizes():
    with pytest.raises(ValidationError, match="set embedding_size = 8"):
        NetworkConfig(hidden_size=8, embedding_size=4, is_tied=True)
    assert NetworkConfig(hidden_size=8, embedding_size=8, is_tied=True).is_tied


@pytest.mark.parametrize(
    "table", [{"hidden_size": 0}, {"num_layers": 0}, {"precision": "float16"}, {"hiden_size": 3}]
)
def test_impossible_tables_are_refused(table: dict):
    with pytest.raises(ValidationError):
        NetworkConfig.model_validate(table)


@pytest.mark.parametrize("kind", [NetworkConfig, TaggerConfig])
def test_it_has_eight_fields(kind):
    assert len(kind.model_fields) == 8


def test_words_need_vectors_and_characters_a_reader():
    with pytest.raises(ValidationError, match="embedding_size"):
        TaggerConfig(embedding_size=0)
    with pytest.raises(ValidationError, match="reader"):
        SpellingConfig.model_validate({"reader": "recurent"})


def test_auto_becomes_a_precision_that_is_stored(monkeypatch):
    monkeypatch.setattr("recurry.network.configuration.fast_precision", lambda backend: "bfloat16")
    config = NetworkConfig.model_validate({"precision": "auto"})
    assert config.precision == "bfloat16"
    assert NetworkConfig.model_validate(config.model_dump()) == config


def test_an_encoder_and_decoder_have_two_tables(monkeypatch):
    monkeypatch.setattr("recurry.network.configuration.fast_precision", lambda backend: "bfloat16")
    sizes = EncoderDecoderConfig.model_validate({"precision": "auto", "hidden_size": 8})
    both = {**sizes.model_dump(), **DecoderConfig(has_copying=True).model_dump()}
    config = TranslatedConfig.model_validate(both)
    assert (config.precision, config.hidden_size, config.has_copying) == ("bfloat16", 8, True)
    assert set(both) == set(TranslatedConfig.model_fields)
    with pytest.raises(ValidationError, match="set smoothing = 0"):
        DecoderConfig(has_copying=True, smoothing=0.1)
    with pytest.raises(ValidationError):
        EncoderDecoderConfig(hidden_size=7)


def test_two_readers_share_vectors_that_may_be_the_head_s():
    assert TwoReadersConfig(embedding_size=8, hidden_size=8, is_tied=True).is_tied
    with pytest.raises(ValidationError, match="set embedding_size = 9"):
        TwoReadersConfig(embedding_size=8, hidden_size=9, is_tied=True)
    with pytest.raises(ValidationError, match="embedding_size"):
        TwoReadersConfig(embedding_size=0)


def test_half_of_what_is_read_may_be_the_class():
    with pytest.raises(ValidationError, match="multiple of 2"):
        ByClassConfig(embedding_size=7)
    with pytest.raises(ValidationError, match="feed"):
        ByClassConfig.model_validate({"feed": "last"})
