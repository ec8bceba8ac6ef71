"""Layers are given back as torch modules where torch has the cell."""

import pytest
import torch

from recurry.errors import UsageError
from recurry.network.dropout import Dropout
from recurry.network.recurrent import Recurrent
from recurry.network.torch_module import to_torch
from recurry.testing import assert_near


@pytest.mark.parametrize("name", ["lstm", "gru_after", "rnn", "rnn_relu", "irnn"])
def test_a_layer_given_back_computes_the_same(name: str):
    layer = Recurrent(name, 3, 4, 2, bidirectional=True, dropout=0.25).eval()
    x = torch.randn(5, 2, 3)
    module = to_torch(layer)
    assert_near(module(x)[0], layer(x)[0], "torch_float32", what=name)
    assert module.dropout == 0.25
    assert not module.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "gru"}, r"no module that computes the cell 'gru'[\s\S]*gru_after"),
        ({"num_layers": 2, "has_residual": True}, "has_residual"),
        ({"dropout": Dropout(zoneout=0.1)}, "dropout other than between layers"),
        ({"precision": "bfloat16"}, "bfloat16"),
    ],
)
def test_layers_that_cannot_be_given_back(options: dict, message: str):
    layer = Recurrent(**({"cell": "lstm", "input_size": 3, "hidden_size": 4} | options))
    with pytest.raises(UsageError, match=message):
        to_torch(layer)
