"""Chunks run again: gradients of shared products are copies, and edits in place are seen."""

import pytest
import torch

from recurry.network.recurrent import Recurrent


def test_gradients_of_one_product_share_no_memory():
    layer = Recurrent("lstm", 5, 16, backend="cpu", memory="low")
    layer(torch.randn(9, 2, 5))[0].sum().backward()
    places = [p.grad.untyped_storage().data_ptr() for p in layer.parameters()]
    assert len(set(places)) == len(places)


def test_the_same_call_gives_the_same_bits():
    layer, x = Recurrent("gru", 5, 16, backend="cpu", memory="low"), torch.randn(9, 2, 5)
    found = []
    for _ in range(2):
        layer.zero_grad()
        layer(x)[0].square().sum().backward()
        found.append([parameter.grad.clone() for parameter in layer.parameters()])
    assert all(map(torch.equal, *found))


def test_input_changed_before_the_backward_pass_is_an_error():
    layer, x = Recurrent("gru", 5, 16, backend="cpu", memory="low"), torch.randn(9, 2, 5)
    output = layer(x)[0]
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        output.sum().backward()
