"""Small models with random weights, one for each kind of symbol."""

import pytest
import torch

from recurry.data.codec import Codec, byte_codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import Words
from recurry.network.configuration import NetworkConfig
from recurry.tasks.language import LanguageModel

ALPHABET = "\n abcdefghijklmnopqrstuvwxyzé€"


def make_character_codec(symbols: str = ALPHABET) -> Codec:
    vocabulary = Vocabulary(symbols=tuple(symbols), counts=(1,) * len(symbols))
    return Codec(config=DataConfig(), tokeniser=Characters(), vocabulary=vocabulary)


def make_word_codec() -> Codec:
    symbols = ("<unk>", "<eos>", "the", "cat", "sat", ",", ".")
    vocabulary = Vocabulary(symbols=symbols, counts=(9, 8, 7, 6, 5, 4, 3), unknown=0)
    return Codec(config=DataConfig(tokens="words"), tokeniser=Words(), vocabulary=vocabulary)


def make_model(codec: Codec, *, seed: int = 0, scale: float = 3.0, **network) -> LanguageModel:
    """A random model whose predictions are far from even."""
    config = NetworkConfig(**{"cell": "lstm", "hidden_size": 12, "num_layers": 2, **network})
    model = LanguageModel.build(network_config=config, codec=codec, seed=seed)
    with torch.no_grad():
        for weight in model.network.parameters():
            weight.mul_(scale)
    return model


@pytest.fixture
def character_model() -> LanguageModel:
    return make_model(make_character_codec())


@pytest.fixture
def word_model() -> LanguageModel:
    return make_model(make_word_codec())


@pytest.fixture
def byte_model() -> LanguageModel:
    return make_model(byte_codec())


@pytest.fixture
def build_model():
    """The maker itself, for models with other sizes and cells."""
    return make_model


@pytest.fixture
def character_codec() -> Codec:
    return make_character_codec()
