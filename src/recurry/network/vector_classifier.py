"""A network that reads a whole sequence of vectors and answers once.

Comes in: vectors `(T, B, I)` and lengths. Goes out: scores of classes, or numbers, one a sequence.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from recurry.compiler.cell import Cell
from recurry.network.configuration import EncoderConfig
from recurry.network.configured import make_layers, make_pooled
from recurry.network.dropout import Dropout
from recurry.network.front import Vectors


class VectorClassifier(nn.Module):
    """Perhaps a linear map, recurrent layers in one or two directions, pooling, one answer.

    Args:
        cell: The cell of all layers.
        config: Sizes and options; its `cell` is not read, and an `embedding_size` above 0 is that
            of a learnt linear map before the layers.
        dropout: Rates.
        input_size: Size I of the vectors.
        num_outputs: Number K of classes, or 1 for a number.
        kind: `class`, `rating` or `number`.
        pooling: How the outputs of all steps become one vector.
    """

    def __init__(
        self,
        cell: Cell,
        config: EncoderConfig,
        *,
        dropout: Dropout,
        input_size: int,
        num_outputs: int,
        kind: str,
        pooling: str,
    ) -> None:
        super().__init__()
        size = config.embedding_size or input_size
        self.recurrent = make_layers(cell, config, input_size=size, dropout=dropout)
        mapped = config.embedding_size or None
        self.front = Vectors(input_size, mapped, dtype=self.recurrent.dtype)
        self.head = make_pooled(self.recurrent, num_outputs, kind=kind, pooling=pooling)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.head.linear.weight.device

    def forward(
        self, vectors: Float[Tensor, "T B I"], lengths: Sequence[int]
    ) -> Float[Tensor, "B *K"]:
        """Logits of classes, log-probabilities of ratings `(B, K)`, or numbers `(B,)`."""
        return self.head(self._read(vectors, lengths), lengths)

    def loss(
        self,
        vectors: Float[Tensor, "T B I"],
        targets: Shaped[Tensor, "B"],
        lengths: Sequence[int],
    ) -> tuple[Float[Tensor, ""], float]:
        """The loss summed over the sequences, and what to divide it by."""
        return self.head.loss(self._read(vectors, lengths), targets, lengths)

    def _read(self, vectors: Tensor, lengths: Sequence[int]) -> Tensor:
        return self.recurrent(self.front(vectors.to(self.recurrent.dtype)), lengths=lengths)[0]
