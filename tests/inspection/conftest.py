"""Small models with random weights whose states can be recorded."""

import pytest

from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel


@pytest.fixture
def build_model():
    """A maker of models that know a few letters."""
    symbols = "\n abcdefgh"
    vocabulary = Vocabulary(symbols=tuple(symbols), counts=(1,) * len(symbols))
    codec = Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)

    def build(**network) -> LanguageModel:
        config = NetworkConfig(**{"cell": "lstm", "hidden_size": 6, "num_layers": 2, **network})
        return LanguageModel.build(network_config=config, codec=codec, seed=0)

    return build


@pytest.fixture
def model(build_model) -> LanguageModel:
    return build_model()
