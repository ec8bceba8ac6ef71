"""A small language model over seven letters."""

import pytest

from recurry.data.codec import Codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.tasks.language import LanguageModel


@pytest.fixture
def codec() -> Codec:
    """The codec of seven letters."""
    config = DataConfig()
    vocabulary = Vocabulary(symbols=tuple("abcdefg"), counts=(1,) * 7)
    return Codec(config=config, tokeniser=make_tokeniser(config), vocabulary=vocabulary)


@pytest.fixture
def model(codec) -> LanguageModel:
    """An untrained model with dropout, in float64."""
    config = NetworkConfig(cell="lstm", hidden_size=6, precision="float64")
    return LanguageModel.build(
        network_config=config, dropout=Dropout(output=0.5), codec=codec, seed=0
    )
