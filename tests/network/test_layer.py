"""The modules that hold weights."""

import pytest
import torch
from torch.nn.utils import prune

from recurry.cells import cell
from recurry.network.layer import CellWeights, Layer, make_layers, recurrent_matrices
from recurry.network.recurrent import Recurrent


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


@pytest.mark.parametrize("backend", ["cpu", "eager"])
def test_pruned_weights_follow_what_they_are_made_of(backend):
    layer, x = Recurrent("lstm", 3, 4, backend=backend), torch.randn(2, 1, 3)
    weights = layer.layers[0].forward
    with torch.no_grad():
        layer(x)
    prune.l1_unstructured(weights, "U_f", 0.5)
    optimiser = torch.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(2):
        layer(x)[0].sum().backward()
        optimiser.step()
    assert torch.equal(weights.tensors()["U_f"], weights.U_f_orig * weights.U_f_mask)
    assert (weights.U_f_orig.grad[weights.U_f_mask == 0] == 0).all()
