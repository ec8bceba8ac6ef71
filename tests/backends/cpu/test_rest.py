"""Gradients that need values which no kernel keeps."""

import pytest
import torch

from recurry.backends.cpu.rest import Left, Rest
from recurry.compiler.cell import Cell
from recurry.compiler.nodes import Parameter
from recurry.network.recurrent import Recurrent


def test_nothing_is_left_of_plain_cells():
    assert not Left()
    assert Left(vectors=[("b", Parameter("b", "vector"))])


def test_names_come_once_each():
    node = Parameter("b", "vector")
    assert Rest(Left(vectors=[("b", node)]), {}).names == ["b"]


@pytest.mark.parametrize(
    "text", ["h = tanh(W @ x + U @ tanh(V @ h + b))", "h = tanh(W @ (x * sigmoid(V @ x)) + U @ h)"]
)
def test_values_are_worked_out_again(text, rng, make_case):
    error, where = make_case(Cell.parse(text), sizes=(4, 3, 12, 12)).worst_error(rng)
    assert error <= 1e-12, where


def test_frozen_input_is_given_no_gradient():
    layer, x = Recurrent("h = tanh(W @ x * x + U @ h)", 8, 8, backend="cpu"), torch.randn(4, 2, 8)
    layer(x)[0].sum().backward()
    assert x.grad is None
