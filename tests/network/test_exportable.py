"""A module in the form that torch.export can save; programs are run in `backends/cpu`."""

import inspect

import torch
from torch import nn

from recurry.network.exportable import exportable
from recurry.network.recurrent import Recurrent


def test_it_computes_the_same_with_the_same_parameters():
    layer, x = Recurrent("gru", 3, 4, 2), torch.randn(5, 2, 3)
    flat = exportable(layer)
    torch.testing.assert_close(flat(x, lengths=[5, 3])[0], layer(x, lengths=[5, 3])[0])
    assert [id(p) for p in flat.parameters()] == [id(p) for p in layer.parameters()]
    assert "layers__1__forward__U_h" in dict(flat.named_parameters())


def test_arguments_keep_their_names():
    names = inspect.signature(exportable(Recurrent("gru", 3, 4)).forward).parameters
    assert list(names) == ["x", "state", "lengths"]


def test_names_that_become_equal_are_told_apart():
    both = nn.Module()
    both.add_module("a__b", nn.Linear(1, 1))
    both.add_module("a", nn.Module())
    both.a.add_module("b", nn.Linear(1, 1))
    assert len(dict(exportable(both).named_parameters())) == 4


def test_buffers_and_the_mode_are_taken_over():
    norm = nn.BatchNorm1d(3).eval()
    flat = exportable(norm)
    assert not flat.training
    x = torch.randn(2, 3)
    assert torch.equal(flat(x), norm(x))
    assert "running_mean" in flat.state_dict()
