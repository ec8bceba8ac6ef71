"""A network that reads a whole sequence of symbols and answers once.

Comes in: symbol ids `(T, B)` and lengths. Goes out: scores of classes, or numbers, one a sequence.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from recurry.backends import Symbols
from recurry.compiler.cell import Cell
from recurry.network.configuration import EncoderConfig
from recurry.network.configured import make_layers, make_pooled
from recurry.network.dropout import Dropout
from recurry.network.front import Embedded


class Classifier(nn.Module):
    """Embedding, recurrent layers in one or two directions, pooling, one answer.

    Args:
        cell: The cell of all layers.
        config: Sizes and options; its `cell` is not read.
        dropout: Rates; `input` acts on the embedding and `output` before the last product.
        num_symbols: Number V of symbols.
        num_outputs: Number K of classes, or 1 for a number.
        kind: `class`, `rating` or `number`.
        pooling: How the outputs of all steps become one vector.

    Source: the embedding starts normal with deviation 0.1; the rest as its parts say.
    """

    def __init__(
        self,
        cell: Cell,
        config: EncoderConfig,
        *,
        dropout: Dropout,
        num_symbols: int,
        num_outputs: int,
        kind: str = "class",
        pooling: str = "max",
    ) -> None:
        super().__init__()
        self.num_symbols = num_symbols
        size = config.embedding_size or num_symbols
        self.recurrent = make_layers(cell, config, input_size=size, dropout=dropout)
        self.front = None
        if config.embedding_size:
            self.front = Embedded(num_symbols, size, dtype=self.recurrent.dtype)
            nn.init.normal_(self.front.weight, std=0.1)
        self.head = make_pooled(self.recurrent, num_outputs, kind=kind, pooling=pooling)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.head.linear.weight.device

    def forward(
        self, symbols: Int64[Tensor, "T B"], lengths: Sequence[int]
    ) -> Float[Tensor, "B *K"]:
        """Logits of classes, log-probabilities of ratings `(B, K)`, or numbers `(B,)`."""
        return self.head(self._read(symbols, lengths), lengths)

    def loss(
        self,
        symbols: Int64[Tensor, "T B"],
        targets: Shaped[Tensor, "B"],
        lengths: Sequence[int],
        *,
        weights: Float[Tensor, "K"] | None = None,
    ) -> tuple[Float[Tensor, ""], float]:
        """The loss summed over the sequences, and what to divide it by."""
        return self.head.loss(self._read(symbols, lengths), targets, lengths, weights=weights)

    def _read(self, symbols: Tensor, lengths: Sequence[int]) -> Tensor:
        if self.front is not None:
            return self.recurrent(self.front(symbols), lengths=lengths)[0]
        dtype, num_symbols = self.recurrent.dtype, self.num_symbols
        one_hot = Symbols(ids=symbols, table=None, num_symbols=num_symbols, dtype=dtype)
        return self.recurrent(one_hot, lengths=lengths)[0]
