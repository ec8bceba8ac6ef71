"""The modules that hold weights."""

import pytest
import torch

from recurry.cells import cell
from recurry.network.layer import CellWeights, Layer, make_layers, recurrent_matrices


def test_a_layer_has_its_directions_as_submodules():
    (layer,) = make_layers(cell("gru"), [3], 4, num_directions=2, dtype=torch.float64)
    assert isinstance(layer, Layer)
    assert list(layer.forward.tensors()) == list(cell("gru").parameters)
    assert [name for name, _ in layer.named_children()] == ["forward", "backward"]
    assert layer.directions() == list(layer.children())
    assert {value.dtype for value in layer.parameters()} == {torch.float64}


def test_an_empty_layer_has_no_forward_direction():
    with pytest.raises(AttributeError):
        _ = Layer({}).forward


def test_weights_keep_the_order_of_the_equations():
    weights = CellWeights({"b": torch.zeros(2), "a": torch.zeros(2)})
    assert list(weights.tensors()) == ["b", "a"]


def test_recurrent_matrices_multiply_states():
    assert recurrent_matrices(cell("lstm")) == {"U_f", "U_i", "U_g", "U_o"}
    assert recurrent_matrices(cell("mingru")) == frozenset()
