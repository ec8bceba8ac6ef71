"""Vectors of symbols, and vectors as they are."""

import pytest
import torch

from recurry.errors import ShapeError
from recurry.network.front import Embedded, Vectors
from recurry.network.recurrent import Recurrent


def test_symbols_stand_for_rows_of_the_matrix():
    given = torch.randn(5, 3, dtype=torch.float64)
    front, ids = Embedded(5, 3, vectors=given), torch.randint(5, (4, 2))
    assert torch.equal(front(ids).vectors(), given.float()[ids])
    given.zero_()
    assert front.weight.all(), "the vectors are a copy"


@pytest.mark.parametrize("is_frozen", [False, True])
def test_frozen_vectors_stay(is_frozen: bool):
    front, layer = Embedded(5, 3, is_frozen=is_frozen), Recurrent("gru", 3, 4)
    layer(front(torch.randint(5, (4, 2))), lengths=[4, 2])[0].sum().backward()
    assert (front.weight.grad is None) == is_frozen
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_padding_reaches_no_vector():
    front, layer = Embedded(5, 3), Recurrent("lstm", 3, 4, bidirectional=True)
    ids = torch.tensor([[0, 1], [2, 4], [0, 4]])
    layer(front(ids), lengths=[3, 1])[0].square().sum().backward()
    assert not front.weight.grad[4].any()
    assert front.weight.grad[1].any()


def test_vectors_go_through_as_they_are_or_through_a_map():
    x = torch.randn(4, 2, 3)
    assert Vectors(3)(x) is x
    front = Vectors(3, 5)
    assert torch.equal(front(x), front.linear(x))
    assert front.output_size == 5


def test_what_does_not_fit_is_named():
    with pytest.raises(ShapeError, match=r"vectors do not fit(.|\n)*\(5, 3\)"):
        Embedded(5, 3, vectors=torch.zeros(5, 4))
    with pytest.raises(ShapeError, match="another size than was said"):
        Vectors(3)(torch.zeros(4, 2, 5))
    with pytest.raises(ShapeError, match="num_symbols"):
        Embedded(0, 3)
