"""Chunks run again: gradients of shared products are copies, and edits in place are seen."""

import pytest
import torch

from recurry.backends import Symbols
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


@pytest.mark.parametrize("is_picked", [False, True])
def test_bfloat16_gives_what_the_default_gives(is_picked):
    layers = [
        Recurrent("gru", 8, 16, backend="cpu", precision="bfloat16", memory=memory)
        for memory in ("default", "low")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    ids, table = torch.randint(5, (9, 3)), torch.randn(5, 8)
    symbols = Symbols(ids=ids, table=table, num_symbols=5, dtype=torch.float32)
    found = []
    for layer, x in zip(layers, (table[ids], symbols if is_picked else table[ids]), strict=True):
        output = layer(x)[0]
        output.square().sum().backward()
        found.append([output.detach(), *(parameter.grad for parameter in layer.parameters())])
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(*found, strict=True):
        assert float((one - other).norm() / one.norm()) <= 1e-6
