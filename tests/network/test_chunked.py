"""Overlapping chunks: where predictions come from, and that padding changes nothing."""

import pytest
import torch
from torch import nn

from recurry.errors import ShapeError
from recurry.network.chunked import Chunked
from recurry.network.convolved import Convolution
from recurry.network.recurrent import Recurrent
from recurry.testing import assert_near

LENGTHS = [23, 9, 0, 10, 11, 4]


class Both(nn.Module):
    """A layer that reads both ways."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = Recurrent("gru", 3, 4, bidirectional=True, precision="float64")

    def forward(self, x, lengths):
        return self.layer(x, lengths=lengths)[0]


@pytest.mark.parametrize(("size", "overlap"), [(6, 2), (6, 4), (7, 2), (10, 4)])
@pytest.mark.parametrize("num_together", [1, 5, 100])
def test_what_sees_few_neighbours_predicts_as_if_nothing_were_cut(size, overlap, num_together):
    """A window of three steps needs one neighbour on each side, and an overlap of two gives it."""
    front = Convolution(3, 4, widths=(3,), dtype=torch.float64)
    x = torch.randn(23, 6, 3, dtype=torch.float64)
    chunked = Chunked(front, size=size, overlap=overlap, num_together=num_together)
    found, expected = chunked(x, LENGTHS), front(x, LENGTHS)
    assert_near(found, expected, "padding_float64", what="features")


def test_each_sequence_is_as_if_it_were_alone():
    chunked = Chunked(Both(), size=6, overlap=3)
    x = torch.randn(23, 6, 3, dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        x[length:, stream] = torch.nan
    found = chunked(x, LENGTHS)
    found.sum().backward()
    for parameter in chunked.parameters():
        assert torch.isfinite(parameter.grad).all()
    for stream, length in enumerate(LENGTHS):
        alone = chunked(x[:length, stream : stream + 1])
        assert not found[length:, stream].any()
        assert_near(found[:length, stream], alone[:, 0], "padding_float64", what="alone")


def test_every_step_comes_from_the_chunk_where_it_is_farthest_from_a_border():
    borders = []

    def inside(x, lengths):
        place = torch.arange(len(x))[:, None].expand(-1, x.shape[1])
        last = torch.tensor(lengths) - 1
        borders.append(len(x))
        return torch.minimum(place, last - place)

    found = Chunked(inside, size=8, overlap=4)(torch.zeros(20, 1))
    assert borders == [8]
    assert found[:, 0].tolist() == [0, 1, 2, 3, 3, 2] + [2, 3, 3, 2] * 2 + [2, 3, 3, 2, 1, 0]


def test_gradients_equal_finite_differences():
    chunked = Chunked(Convolution(2, 3, dtype=torch.float64), size=4, overlap=2)
    x = torch.randn(9, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: chunked(x, [9, 5]), (x,))


def test_short_batches_are_not_cut():
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    both = Both()
    assert torch.equal(Chunked(both, size=6, overlap=3)(x), both(x, [6, 6]))


def test_what_does_not_fit_is_named():
    with pytest.raises(ShapeError, match="cannot overlap so much"):
        Chunked(Both(), size=4, overlap=4)
    with pytest.raises(ShapeError, match="size must be"):
        Chunked(Both(), size=0, overlap=0)
