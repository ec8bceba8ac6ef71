"""Small models with random weights whose states can be recorded."""

import numpy as np
import pytest
import torch

from recurry.data.codec import Codec
from recurry.data.configuration import DataConfig
from recurry.data.tokens import Characters
from recurry.data.vocabulary import Vocabulary
from recurry.inspection.language_subject import LanguageSubject
from recurry.network.configuration import NetworkConfig
from recurry.network.recurrent import Recurrent
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


@pytest.fixture
def make_subject(model):
    """A maker of subjects around any layers."""

    def make(recurrent: Recurrent) -> LanguageSubject:
        num_symbols, size = model.codec.num_symbols, recurrent.output_size
        return LanguageSubject(
            title="made for a test",
            recurrent=recurrent,
            table=torch.randn(num_symbols, recurrent.input_size, dtype=recurrent.dtype),
            head=(
                torch.randn(num_symbols, size, dtype=recurrent.dtype),
                torch.zeros(num_symbols, dtype=recurrent.dtype),
            ),
            codec=model.codec,
        )

    return make


@pytest.fixture
def interpreted():
    """A maker of every named value of every layer by the meaning of its equations."""

    def interpret(subject: LanguageSubject, ids: np.ndarray) -> dict:
        x = subject.table.double().numpy()[ids][:, None]
        found: dict[tuple[str, str], np.ndarray] = {}
        for index in range(subject.recurrent.num_layers):
            outputs = []
            for layer in (one for one in subject.layers if one.index == index):
                turn = -1 if layer.direction == "backward" else 1
                weights = {name: value.double().numpy() for name, value in layer.tensors.items()}
                made = layer.cell.interpret(weights, x[::turn])
                for name, values in made.values.items():
                    found[layer.label, name] = values[::turn, 0]
                outputs.append(made.output[::turn])
            output = np.concatenate(outputs, 2)
            x = output + x if subject.recurrent.has_residual and index else output
        return found

    return interpret
