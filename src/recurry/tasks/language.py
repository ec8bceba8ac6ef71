"""The language model: what reads a text one symbol at a time and predicts the next.

Comes in: the configuration of a network and a codec. Goes out: one record that holds all that a
model file holds.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import torch

from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.data.codec import Codec
from recurry.errors import ShapeError
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork, expected_shapes


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel:
    """A network over symbols with everything that is needed to use it.

    Attributes:
        cell: The equations of its layers.
        network_config: The shape of the network.
        dropout: The rates it was, or will be, trained with.
        codec: From text to symbol numbers and back.
        network: The weights; records that share a network share its weights.
        scores: What was measured, for instance "loss_nats".
        provenance: Where the weights come from: hash of the data, settings of the training.
    """

    cell: Cell
    network_config: NetworkConfig
    dropout: Dropout
    codec: Codec
    network: SymbolNetwork
    scores: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("scores", "provenance"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @classmethod
    def build(
        cls,
        *,
        network_config: NetworkConfig,
        codec: Codec,
        dropout: Dropout | None = None,
        seed: int | None = None,
    ) -> "LanguageModel":
        """A model with fresh weights.

        Args:
            network_config: The shape of the network; its `cell` is anything `find_cell` takes.
            codec: From text to symbol numbers and back.
            dropout: Rates for training; None is no dropout.
            seed: Governs the initial weights and leaves torch's generator as it was; None draws
                them from torch's generator as it stands.

        Raises:
            UsageError: There is no such cell.
            ShapeError: The sizes do not fit the cell, or the weights this machine's memory.
        """
        cell = find_cell(network_config.cell)
        _check_memory(cell, network_config, num_symbols=codec.num_symbols)
        dropout = Dropout() if dropout is None else dropout
        with torch.random.fork_rng(enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            network = SymbolNetwork(
                cell, network_config, dropout=dropout, num_symbols=codec.num_symbols
            )
        return cls(
            cell=cell, network_config=network_config, dropout=dropout, codec=codec, network=network
        )

    def with_scores(self, scores: Mapping[str, float]) -> "LanguageModel":
        """The same model, sharing its weights, with other scores."""
        return replace(self, scores=scores)

    def with_provenance(self, provenance: Mapping[str, Any]) -> "LanguageModel":
        """The same model, sharing its weights, with another origin."""
        return replace(self, provenance=provenance)

    def __repr__(self) -> str:
        config, weights = self.network_config, sum(w.numel() for w in self.network.parameters())
        return (
            f"LanguageModel({self.cell.name}, {config.num_layers}x{config.hidden_size}, "
            f"{self.codec.num_symbols} symbols, {weights:,} weights)"
        )


def _check_memory(cell: Cell, config: NetworkConfig, *, num_symbols: int) -> None:
    """Better an error at once than a machine that swaps, or a process that is killed."""
    shapes = expected_shapes(cell, config, num_symbols=num_symbols).values()
    num_weights = sum(math.prod(shape) for shape in shapes)
    needed = num_weights * (8 if config.precision == "float64" else 4)
    present = _memory_bytes()
    if needed > present:
        raise ShapeError(
            "The network is larger than the memory of this machine.",
            got=f"{num_weights:,} weights, {needed / 2**30:,.0f} GiB",
            accepted=f"at most {present / 2**30:,.0f} GiB",
            hint="a smaller network.hidden_size or network.embedding_size, or fewer symbols",
        )


def _memory_bytes() -> float:
    """The physical memory; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf
