"""The language model: what reads a text one symbol at a time and predicts the next.

Comes in: the configuration of a network and a codec. Goes out: one record that holds all that a
model file holds.
"""

from dataclasses import dataclass

import torch

from recurry.cells import find_cell
from recurry.compiler.cell import Cell
from recurry.data.codec import Codec
from recurry.network.configuration import NetworkConfig
from recurry.network.dropout import Dropout
from recurry.network.symbols import SymbolNetwork, expected_shapes
from recurry.tasks.memory import check_memory
from recurry.tasks.model import Scored
from recurry.tasks.names import LANGUAGE


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageModel(Scored):
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

    @property
    def task(self) -> str:
        """The name of its task."""
        return LANGUAGE

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
        shapes = expected_shapes(cell, network_config, num_symbols=codec.num_symbols)
        check_memory(shapes.values(), precision=network_config.precision)
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

    def __repr__(self) -> str:
        config, weights = self.network_config, sum(w.numel() for w in self.network.parameters())
        return (
            f"LanguageModel({self.cell.name}, {config.num_layers}x{config.hidden_size}, "
            f"{self.codec.num_symbols} symbols, {weights:,} weights)"
        )
