"""A network over symbols: embedding or one-hot vectors, recurrent layers, one score a symbol.

Comes in: symbol ids `(T, B)`. Goes out: logits `(T, B, V)` and the state.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from recurry.backends import Symbols
from recurry.compiler.cell import Cell
from recurry.errors import ShapeError, UsageError
from recurry.network.configuration import NetworkConfig
from recurry.network.configured import make_layers
from recurry.network.dropout import Dropout
from recurry.network.state import State


class SymbolNetwork(nn.Module):
    """Next-symbol scores from symbols.

    Args:
        cell: The cell of all layers.
        config: Sizes and options; its `cell` is not read.
        dropout: Rates; `input` acts on the embedding and `output` before the head.
        num_symbols: Number V of symbols.

    Raises:
        ShapeError: `num_symbols` below 1.
        UsageError: Tied weights and an embedding of another size than the layers.

    Source: the embedding starts standard normal, as in torch.nn.Embedding, the head Glorot uniform
    and its bias at 0. A tied matrix starts normal with deviation 1 / sqrt(H), as fits a head.
    """

    def __init__(
        self, cell: Cell, config: NetworkConfig, *, dropout: Dropout, num_symbols: int
    ) -> None:
        super().__init__()
        _check(config, num_symbols)
        self.config, self.num_symbols = config, num_symbols
        size = config.embedding_size or num_symbols
        self.recurrent = make_layers(cell, config, input_size=size, dropout=dropout)
        dtype = self.recurrent.dtype
        self.embedding = None
        if config.embedding_size:
            self.embedding = nn.Embedding(num_symbols, config.embedding_size, dtype=dtype)
            deviation = config.embedding_size**-0.5 if config.is_tied else 1.0
            nn.init.normal_(self.embedding.weight, std=deviation)
        self.head = _Head(config.hidden_size, num_symbols, is_tied=config.is_tied, dtype=dtype)

    @property
    def cell(self) -> Cell:
        """The cell of all layers."""
        return self.recurrent.cell

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.head.bias.device

    def initial_state(self, batch_size: int) -> State:
        """Zeros for every state, `(L, B, H)` each."""
        return self.recurrent.initial_state(batch_size)

    def forward(
        self, symbols: Int64[Tensor, "T B"], state: State | None = None
    ) -> tuple[Float[Tensor, "T B V"], State]:
        """Scores for the symbol after each of some symbols.

        Args:
            symbols: Ids from 0 to V - 1.
            state: The state before the first step; zeros when not given.

        Returns:
            Logits over the next symbol at every step, and the state after the last.
        """
        output, new = self.recurrent(self._as_input(symbols), state)
        return self._score(output), new

    def forward_past(
        self, symbols: Int64[Tensor, "T B"], state: State | None = None, *, at: int
    ) -> tuple[Float[Tensor, "T B V"], State]:
        """Scores as `forward` gives them, and the state after the first `at` steps."""
        output, noted, _ = self.recurrent.forward_past(self._as_input(symbols), state, at=at)
        return self._score(output), noted

    def step(
        self, symbols: Int64[Tensor, "B"], state: State | None = None
    ) -> tuple[Float[Tensor, "B V"], State]:
        """One step of every stream."""
        output, new = self.recurrent(self._as_input(symbols[None]), state)
        return self._score(output[0]), new

    def _as_input(self, symbols: Tensor) -> Symbols:
        """What the first layer reads."""
        return Symbols(
            ids=symbols,
            table=None if self.embedding is None else self.embedding.weight,
            num_symbols=self.num_symbols,
            dtype=self.head.bias.dtype,
        )

    def _score(self, output: Tensor) -> Tensor:
        tied = self.embedding.weight if self.embedding is not None else None
        weight = tied if self.head.weight is None else self.head.weight
        assert weight is not None
        return functional.linear(output, weight, self.head.bias)


class _Head(nn.Module):
    """Weight `(V, H)`, unless it is the embedding's, and bias `(V,)`."""

    def __init__(self, size: int, num_symbols: int, *, is_tied: bool, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = None if is_tied else nn.Parameter(torch.empty(num_symbols, size, dtype=dtype))
        if self.weight is not None:
            nn.init.xavier_uniform_(self.weight)
        self.bias = nn.Parameter(torch.zeros(num_symbols, dtype=dtype))


def expected_shapes(
    cell: Cell, config: NetworkConfig, *, num_symbols: int
) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter of a network, without making it."""
    _check(config, num_symbols)
    hidden = config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(config.num_layers):
        size = hidden if layer else config.embedding_size or num_symbols
        for name, shape in cell.parameter_shapes(size, hidden).items():
            shapes[f"recurrent.layers.{layer}.forward.{name}"] = shape
    if config.embedding_size:
        shapes["embedding.weight"] = (num_symbols, config.embedding_size)
    if not config.is_tied:
        shapes["head.weight"] = (num_symbols, hidden)
    shapes["head.bias"] = (num_symbols,)
    return shapes


def _check(config: NetworkConfig, num_symbols: int) -> None:
    if num_symbols < 1:
        raise ShapeError("A network over symbols needs at least one symbol.", got=str(num_symbols))
    if config.is_tied and config.embedding_size != config.hidden_size:
        raise UsageError(
            "Tied weights need an embedding as large as the layers.",
            got=f"embedding_size {config.embedding_size}, hidden_size {config.hidden_size}",
            hint=f"embedding_size = {config.hidden_size}",
        )
