"""Models of each task as subjects.

Comes in: a model. Goes out: a `Subject`. Imports network, tasks and data.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recurry.backends import Symbols as InputSymbols
from recurry.data.codec import Codec
from recurry.errors import UsageError
from recurry.inspection.subject import (
    UNKNOWN,
    Kind,
    Subject,
    Symbols,
    dense,
    make_layers,
)
from recurry.network.recurrent import Recurrent
from recurry.network.symbols import SymbolNetwork
from recurry.tasks.language import LanguageModel


class LanguageSubject:
    """A language model as a subject.

    Args:
        model: The model.
    """

    kind: Kind = "language"

    def __init__(self, model: LanguageModel) -> None:
        self._model, self._network = model, model.network
        self.layers = make_layers(model.network.recurrent)
        self.symbols = model.codec.vocabulary.symbols
        config = model.network_config
        layers = "1 layer" if config.num_layers == 1 else f"{config.num_layers} layers"
        self.title = (
            f"{model.cell.name}, {layers} of {config.hidden_size} units, "
            f"{model.codec.num_symbols:,} symbols ({model.codec.config.tokens})"
        )

    @property
    def model(self) -> LanguageModel:
        """The model itself."""
        return self._model

    @property
    def recurrent(self) -> Recurrent:
        """All layers together."""
        return self._network.recurrent

    def read(self, text: str) -> Symbols:
        """A text as symbols; those that are unknown are marked, never refused."""
        return read_text(self._model.codec, text)

    def inputs(self, symbols: Symbols, start: int, stop: int) -> Tensor | InputSymbols:
        """What the first layer reads at some steps, (n, 1, I)."""
        network = self._network
        table = None if network.embedding is None else network.embedding.weight
        return inputs_of(
            symbols.ids[start:stop], table, num_symbols=network.num_symbols, like=network
        )

    def embed(self, ids: np.ndarray) -> np.ndarray:
        """The vectors of symbols, (T, I) float32; zeros for -1."""
        network = self._network
        table = None if network.embedding is None else network.embedding.weight
        return dense(ids, table, num_symbols=network.num_symbols)

    def number(self, ids: np.ndarray) -> Symbols:
        """Symbol numbers as symbols."""
        return number_text(self._model.codec, np.asarray(ids, dtype=np.int64))

    def log_probabilities(self, hidden: np.ndarray) -> np.ndarray:
        """Of the next symbol after some outputs (n, H): (n, V)."""
        output = torch.from_numpy(hidden).to(self._network.device, self.recurrent.dtype)
        return self._score(output).float().cpu().numpy()

    def losses(self, hidden: Tensor, ids: np.ndarray) -> np.ndarray:
        """The loss of the symbols (n,) after some outputs (n, H)."""
        numbers = torch.from_numpy(np.maximum(ids, 0)).to(hidden.device)[:, None]
        return -self._score(hidden).gather(1, numbers)[:, 0].float().cpu().numpy()

    def _score(self, output: Tensor) -> Tensor:
        network = self._network
        head = network.embedding if network.head.weight is None else network.head
        assert head is not None and head.weight is not None
        with torch.no_grad():
            return functional.linear(output, head.weight, network.head.bias).log_softmax(1)

    def answers(self, text: str) -> list[dict[str, Any]]:
        """None."""
        return []


def inputs_of(
    ids: np.ndarray, table: Tensor | None, *, num_symbols: int, like: SymbolNetwork
) -> Tensor | InputSymbols:
    """Symbols as a first layer reads them, (n, 1, I); those without a number as zeros."""
    dtype, device = like.recurrent.dtype, like.device
    if (ids < 0).any():
        return torch.from_numpy(dense(ids, table, num_symbols=num_symbols))[:, None].to(
            device, dtype
        )
    return InputSymbols(
        ids=torch.from_numpy(ids)[:, None].to(device),
        table=table,
        num_symbols=num_symbols,
        dtype=dtype,
    )


def read_text(codec: Codec, text: str) -> Symbols:
    """A text as the symbols of a codec."""
    return number_text(codec, codec.encode(text))


def number_text(codec: Codec, ids: np.ndarray) -> Symbols:
    """Symbol numbers as the symbols of a codec."""
    pieces = tuple(codec.decode_each(ids))
    unknown = codec.vocabulary.unknown
    known = np.ones(len(ids), dtype=bool) if unknown is None else ids != unknown
    return Symbols(ids=ids, pieces=pieces, is_known=known & (ids != UNKNOWN))


def make_subject(model: Any) -> Subject:
    """The subject that a model is.

    Raises:
        UsageError: The model is of a task that one cannot look into.
    """
    if isinstance(model, LanguageModel):
        return LanguageSubject(model)
    raise UsageError(
        f"A model of the task {model.task} cannot be looked into.",
        accepted="a model of one of the tasks language, classify, tag, translate, summarise",
    )
