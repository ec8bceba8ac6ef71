"""Recurrent layers as the table `[network]` of a run describes them, and an answer behind them.

Comes in: a cell and a table. Goes out: modules with fresh weights.
"""

from recurry.compiler.cell import Cell
from recurry.network.configuration import EncoderConfig, LayersConfig
from recurry.network.dropout import Dropout
from recurry.network.pooled import Pooled
from recurry.network.recurrent import Recurrent


def make_layers(
    cell: Cell, config: LayersConfig, *, input_size: int, dropout: Dropout
) -> Recurrent:
    """Layers of the sizes that a table names.

    Args:
        cell: The cell of all layers.
        config: Sizes and options; neither its `cell` nor its `embedding_size` is read. A table
            that does not speak of directions means one.
        input_size: Size I of what they read.
        dropout: Rates.

    Raises:
        UsageError: There is no such backend, or it cannot run the cell.
    """
    return Recurrent(
        cell,
        input_size,
        config.hidden_size,
        config.num_layers,
        isinstance(config, EncoderConfig) and config.is_bidirectional,
        dropout=dropout,
        backend=config.backend,
        precision=config.precision,
        has_residual=config.has_residual,
    )


def make_pooled(layers: Recurrent, num_outputs: int, *, kind: str, pooling: str) -> Pooled:
    """One answer for each sequence that layers have read.

    Args:
        layers: The layers whose output comes in.
        num_outputs: As for `Pooled`, like the others.
        kind: What is answered.
        pooling: How a sequence becomes one vector.

    Raises:
        UsageError: As `Pooled`.
        ShapeError: As `Pooled`.
    """
    return Pooled(
        layers.output_size,
        num_outputs,
        pooling=pooling,
        kind=kind,
        num_directions=layers.num_directions,
        dtype=layers.dtype,
    )
