"""A small text, a small model, and a recipe to train it by: what most tests here need."""

from collections.abc import Callable

import numpy as np
import pytest

from recurry.data.codec import Codec, make_tokeniser
from recurry.data.configuration import DataConfig
from recurry.data.ids import IdFile
from recurry.data.vocabulary import Vocabulary
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.tasks.language import LanguageModel
from recurry.training.configuration import (
    OptimiserConfig,
    ScheduleConfig,
    TrainingConfig,
    WindowConfig,
)
from recurry.training.data import TrainingData
from recurry.training.state import TrainingState

NUM_SYMBOLS = 7


@pytest.fixture
def codec() -> Codec:
    """The codec of seven letters."""
    config = DataConfig()
    vocabulary = Vocabulary(symbols=tuple("abcdefg"), counts=(1,) * NUM_SYMBOLS)
    return Codec(config=config, tokeniser=make_tokeniser(config), vocabulary=vocabulary)


@pytest.fixture
def make_model(codec) -> Callable[..., LanguageModel]:
    """A function that builds the same small model each time it is asked for the same."""

    def make(*, dropout: Dropout | None = None, seed: int = 0, **network) -> LanguageModel:
        config = NetworkConfig(**{"cell": "lstm", "hidden_size": 6} | network)
        return LanguageModel.build(network_config=config, dropout=dropout, codec=codec, seed=seed)

    return make


@pytest.fixture
def data(rng) -> TrainingData:
    """A text with a pattern that can be learnt: each symbol is most often followed by the next."""

    def text(length: int) -> IdFile:
        steps = rng.choice([1, 1, 1, 2, 5], size=length)
        return IdFile.from_array(np.cumsum(steps) % NUM_SYMBOLS)

    return TrainingData(train=text(600), validation=text(120))


@pytest.fixture
def begin(data) -> Callable[..., TrainingState]:
    """A function that begins a training of a model; each table is a dict of what differs."""

    def begin_with(
        model: LanguageModel,
        *,
        training: dict | None = None,
        window: dict | None = None,
        optimiser: dict | None = None,
        schedule: dict | None = None,
    ) -> TrainingState:
        return TrainingState.begin(
            model,
            data,
            training=TrainingConfig(**{"lanes": 4, "epochs": 2} | (training or {})),
            window=WindowConfig(**{"k1": 8} | (window or {})),
            optimiser=OptimiserConfig(**{"learning_rate": 0.01} | (optimiser or {})),
            schedule=ScheduleConfig(**(schedule or {})),
        )

    return begin_with
