"""A network over symbols that predicts the next one, as a subject: a language model of any origin.

Comes in: layers, vectors of symbols, a head, a codec. Goes out: a `Subject`. Imports network.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recurry.backends import Symbols as InputSymbols
from recurry.data.codec import Codec
from recurry.inspection.subject import Kind, SubjectLayer, Symbols, dense, make_layers
from recurry.inspection.text_reader import TextReader
from recurry.network.recurrent import Recurrent
from recurry.tasks.language import LanguageModel


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageSubject:
    """A language model as a subject.

    Attributes:
        title: What it is, in a few words.
        recurrent: Its layers.
        table: The vector of each symbol, (V, I); None for one-hot vectors.
        head: Weight (V, H) and bias (V,) of the scores.
        codec: From text to symbol numbers.
        model: The model itself; None for a foreign one.
        names: What symbols are called, where the codec does not say it.
        kind: `language`, or `foreign`.
        layers: Its layers, in the order in which they read.
    """

    title: str
    recurrent: Recurrent
    table: Tensor | None
    head: tuple[Tensor, Tensor]
    codec: Codec
    model: Any = None
    names: tuple[str, ...] | None = None
    kind: Kind = "language"
    layers: tuple[SubjectLayer, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", make_layers(self.recurrent))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that it chooses from."""
        return self.names or self.codec.vocabulary.symbols

    @cached_property
    def _reader(self) -> TextReader:
        return TextReader(self.codec)

    def read(self, text: str) -> Symbols:
        """A text as symbols; those that are unknown are marked, never refused."""
        return self._reader.read(text)

    def number(self, ids: np.ndarray) -> Symbols:
        """Symbol numbers as symbols."""
        return self._reader.number(ids)

    def inputs(self, symbols: Symbols, start: int, stop: int) -> Tensor | InputSymbols:
        """What the first layer reads at some steps, (n, 1, I)."""
        return inputs_of(symbols.ids[start:stop], self.table, like=self)

    def embed(self, ids: np.ndarray) -> np.ndarray:
        """The vectors of symbols, (T, I) float32; zeros for -1."""
        return dense(ids, self.table, num_symbols=len(self.symbols))

    def log_probabilities(self, hidden: np.ndarray) -> np.ndarray:
        """Of the next symbol after some outputs (n, H): (n, V)."""
        output = torch.from_numpy(hidden).to(self.recurrent.device, self.recurrent.dtype)
        return self._score(output).float().cpu().numpy()

    def losses(self, hidden: Tensor, ids: np.ndarray) -> np.ndarray:
        """The loss of the symbols (n,) after some outputs (n, H)."""
        numbers = torch.from_numpy(np.maximum(ids, 0)).to(hidden.device)[:, None]
        return -self._score(hidden).gather(1, numbers)[:, 0].float().cpu().numpy()

    def answers(self, text: str) -> list[dict[str, Any]]:
        """None."""
        return []

    def _score(self, output: Tensor) -> Tensor:
        with torch.no_grad():
            return functional.linear(output, *self.head).log_softmax(1)


def language_subject(model: LanguageModel) -> LanguageSubject:
    """A language model of Recurry as a subject."""
    network = model.network
    table = None if network.embedding is None else network.embedding.weight
    weight = table if network.head.weight is None else network.head.weight
    assert weight is not None
    return LanguageSubject(
        title=f"{describe_layers(network.recurrent)}, {model.codec.num_symbols:,} symbols "
        f"({model.codec.config.tokens})",
        recurrent=network.recurrent,
        table=None if table is None else table.detach(),
        head=(weight.detach(), network.head.bias.detach()),
        codec=model.codec,
        model=model,
    )


def describe_layers(recurrent: Recurrent) -> str:
    """Cell and sizes in a few words."""
    count = recurrent.num_layers
    layers = "1 layer" if count == 1 else f"{count} layers"
    both = ", both ways" if recurrent.bidirectional else ""
    return f"{recurrent.cell.name}, {layers} of {recurrent.hidden_size} units{both}"


def inputs_of(ids: np.ndarray, table: Tensor | None, *, like: Any) -> Tensor | InputSymbols:
    """Symbols as a first layer reads them, (n, 1, I); those without a number as zeros.

    Args:
        ids: Numbers.
        table: The vector of each symbol; None for one-hot vectors.
        like: A subject whose layers read them.
    """
    recurrent: Recurrent = like.recurrent
    num_symbols = recurrent.input_size if table is None else len(table)
    if (ids < 0).any():
        vectors = torch.from_numpy(dense(ids, table, num_symbols=num_symbols))
        return vectors[:, None].to(recurrent.device, recurrent.dtype)
    return InputSymbols(
        ids=torch.from_numpy(ids)[:, None].to(recurrent.device),
        table=table,
        num_symbols=num_symbols,
        dtype=recurrent.dtype,
    )
