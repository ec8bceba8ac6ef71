"""The tables data and text of a run over records."""

import pytest
from pydantic import ValidationError

from recurry.data.record_configuration import (
    HeldOutConfig,
    LineConfig,
    PairsConfig,
    RecordsConfig,
    SentencesConfig,
    SidesConfig,
    TextConfig,
    WordsConfig,
)


def test_shares_may_be_typed_as_text():
    config = RecordsConfig.model_validate({"validation": "0.2", "test": "held-out.csv"})
    assert (config.validation, config.test) == (0.2, "held-out.csv")


@pytest.mark.parametrize("shares", [{"validation": 1.0}, {"validation": 0.5, "test": 0.5}])
def test_shares_leave_something_to_learn_from(shares):
    with pytest.raises(ValidationError, match="something to learn from"):
        RecordsConfig(**shares)


def test_a_text_is_cut_as_a_codec_says():
    data = TextConfig(tokens="words", lower_case=True, min_count=3).as_data()
    assert (data.tokens, data.lower_case, data.min_count) == ("words", True, 3)
    with pytest.raises(ValidationError, match="means nothing with tokens"):
        TextConfig(tokens="bytes", min_count=2)


@pytest.mark.parametrize(
    "kind", [HeldOutConfig, RecordsConfig, SentencesConfig, TextConfig, WordsConfig]
)
def test_at_most_nine_keys(kind):
    # Nine: `data` says which files, where in them, what is held out of them, and how much is used.
    assert len(kind.model_fields) <= 9


def test_held_out_pairs_are_shares_or_files_parted_by_commas():
    config = PairsConfig.model_validate({"validation": "v.en,v.de", "test": 0.2})
    assert (config.validation, config.test) == (("v.en", "v.de"), 0.2)
    assert PairsConfig.model_validate(config.model_dump(mode="json")) == config
    assert PairsConfig.model_validate({"validation": "0.3"}).validation == 0.3
    with pytest.raises(ValidationError, match="something to learn from"):
        PairsConfig.model_validate({"validation": 0.5, "test": "0.5"})


def test_pieces_have_a_size_of_their_own():
    assert SidesConfig().as_text().vocabulary_size == 8000
    assert SidesConfig(tokens="characters").as_text().vocabulary_size is None
    assert SidesConfig(vocabulary_size=300).as_text().vocabulary_size == 300
    with pytest.raises(ValidationError, match="at least 256"):
        SidesConfig(vocabulary_size=200)


def test_columns_may_be_numbers():
    config = SentencesConfig.model_validate({"label_column": -1, "word_column": "2"})
    assert (config.label_column, config.word_column) == ("-1", 2)
    with pytest.raises(ValidationError):
        SentencesConfig(word_column=0)


def test_lines_are_made_of_words():
    data = LineConfig(lower_case=True, vocabulary_size=100).as_data()
    assert (data.tokens, data.is_lower, data.min_count, data.vocabulary_size) == (
        "words",
        True,
        2,
        100,
    )
    with pytest.raises(ValidationError):
        LineConfig(longest=0)
