"""The conformance suite passes good cells and fails bad ones; tolerances have reasons."""

import pytest
import torch

from recurry.compiler.cell import Cell
from recurry.network.recurrent import Recurrent
from recurry.testing import TOLERANCES, CellConformance, assert_near, distance


class TestMine(CellConformance):
    """What a stranger writes."""

    cell = Cell.parse("h = tanh(W @ x + U @ h)", name="mine")


class _Wrong(Recurrent):
    """A layer with an answer that is off by a little."""

    def forward(self, x, state=None, lengths=None):
        output, new = super().forward(x, state, lengths)
        return output * (1 + 1e-6), new


class _WrongConformance(CellConformance):
    cell = TestMine.cell

    def layer(self, *, precision="float64", bidirectional=False, num_layers=1) -> Recurrent:
        right = super().layer(
            precision=precision, bidirectional=bidirectional, num_layers=num_layers
        )
        right.__class__ = _Wrong
        return right


def test_a_wrong_layer_fails():
    with pytest.raises(AssertionError, match="output"):
        _WrongConformance().test_output_equals_interpreter()
    with pytest.raises(AssertionError):
        _WrongConformance().test_gradients_equal_interpreter()


def test_every_tolerance_has_a_reason():
    assert all(row.reason and 0 < row.relative <= 0.05 for row in TOLERANCES.values())


def test_distance_is_relative_to_the_largest_value():
    assert distance(torch.tensor([100.0, 1.0]), torch.tensor([100.0, 2.0])) == 0.01
    assert distance(torch.tensor([0.1]), torch.tensor([0.2])) == pytest.approx(0.1)
    assert distance(torch.zeros(0), torch.zeros(0)) == 0.0
    with pytest.raises(AssertionError, match="shapes differ"):
        distance(torch.zeros(1), torch.zeros(2))
    with pytest.raises(AssertionError, match="apart"):
        assert_near(torch.ones(1), torch.zeros(1), "torch_float32")
