"""The data table: defaults, limits, and contradictions that are all reported at once."""

import pytest
from pydantic import ValidationError

from recurry.data.configuration import DataConfig


def test_it_has_at_most_eight_fields_and_is_frozen():
    assert len(DataConfig.model_fields) <= 8
    with pytest.raises(ValidationError):
        DataConfig().tokens = "bytes"


def test_stemming_implies_lower_case():
    assert DataConfig(tokens="words", stem="english").is_lower
    assert not DataConfig(tokens="words").is_lower


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stem": "english"}, 'stem = "english" needs tokens = "words", got'),
        ({"tokens": "words", "stem": "englich"}, 'no stemming language "englich"; try: english'),
        ({"tokens": "bytes", "lower_case": True}, "lower_case needs a text"),
        ({"tokens": "bytes", "min_count": 2}, "all 256 bytes are symbols"),
        ({"tokens": "bytes", "vocabulary_size": 9}, "it is always 256"),
        ({"tokens": "bpe", "min_count": 2}, "set vocabulary_size"),
        ({"tokens": "bpe", "vocabulary_size": 100}, "at least 256"),
        ({"tokens": "bpe", "vocabulary_size": 10**9}, "less than or equal to 16777216"),
        ({"validation": 1.5}, "fractions from 0 to below 1"),
        ({"validation": 0.6, "test": 0.4}, "leave no text for training"),
        ({"min_count": 0}, "greater than or equal to 1"),
        ({"token": "words"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named(values, message):
    with pytest.raises(ValidationError, match=message):
        DataConfig(**values)


def test_all_contradictions_come_in_one_message():
    with pytest.raises(ValidationError) as caught:
        DataConfig(tokens="bytes", lower_case=True, min_count=2, vocabulary_size=10)
    assert str(caught.value).count('tokens = "bytes"') == 3
