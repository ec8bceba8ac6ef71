"""Layers and answers as a table describes them."""

import pytest
import torch

from recurry.cells import find_cell
from recurry.errors import UsageError
from recurry.network.configuration import EncoderConfig, NetworkConfig
from recurry.network.configured import make_layers, make_pooled
from recurry.network.dropout import Dropout

SIZES = {"hidden_size": 5, "num_layers": 2, "has_residual": True, "precision": "float64"}


@pytest.mark.parametrize(
    ("config", "num_directions"),
    [
        (NetworkConfig(**SIZES), 1),
        (EncoderConfig(**SIZES), 2),
        (EncoderConfig(**SIZES, is_bidirectional=False), 1),
    ],
)
def test_layers_have_what_the_table_says(config, num_directions):
    dropout = Dropout(input=0.5)
    layers = make_layers(find_cell("gru"), config, input_size=3, dropout=dropout)
    assert (layers.input_size, layers.hidden_size, layers.num_layers) == (3, 5, 2)
    assert layers.num_directions == num_directions
    assert (layers.dtype, layers.has_residual) == (torch.float64, True)
    assert layers.dropout == dropout
    head = make_pooled(layers, 4, kind="class", pooling="last")
    output, _ = layers(torch.zeros(6, 2, 3, dtype=torch.float64))
    assert head(output, [6, 1]).shape == (2, 4)


def test_what_they_refuse():
    config = EncoderConfig(hidden_size=5, backend="abacus")
    with pytest.raises(UsageError, match="abacus"):
        make_layers(find_cell("gru"), config, input_size=3, dropout=Dropout())
    layers = make_layers(find_cell("gru"), EncoderConfig(), input_size=3, dropout=Dropout())
    with pytest.raises(UsageError, match="sum"):
        make_pooled(layers, 4, kind="class", pooling="sum")
