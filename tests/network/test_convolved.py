"""Convolutions along time, against loops over windows."""

import pytest
import torch
from torch import Tensor

from recurry.errors import ShapeError
from recurry.network.convolved import Convolution, Convolved
from recurry.network.front import Embedded
from recurry.testing import assert_near

LENGTHS = [6, 2, 0, 1]


def expected_features(front: Convolution, sequence: Tensor) -> Tensor:
    """The features of one sequence (T, I), window by window."""
    rows = []
    for t in range(len(sequence)):
        features = []
        for one in front.convolutions:
            _, size, width = one.weight.shape
            window = torch.zeros(size, width, dtype=sequence.dtype)
            for k in range(width):
                if 0 <= (at := t + k - width // 2 + (width % 2 == 0)) < len(sequence):
                    window[:, k] = sequence[at]
            features.append((one.weight * window).sum((1, 2)) + one.bias)
        rows.append(torch.cat(features).relu())
    return torch.stack(rows)


@pytest.mark.parametrize("widths", [(3,), (2, 5, 1), (4,)])
def test_features_are_those_of_each_window_alone(widths):
    front = Convolution(3, 4, widths=widths, dtype=torch.float64)
    pooled = Convolved(3, 4, widths=widths, dtype=torch.float64)
    pooled.convolution = front
    x = torch.randn(6, 4, 3, dtype=torch.float64)
    for stream, length in enumerate(LENGTHS):
        x[length:, stream] = torch.nan
    found, most = front(x, LENGTHS), pooled(x, LENGTHS)
    for stream, length in enumerate(LENGTHS):
        assert not found[length:, stream].any()
        if not length:
            assert not most[stream].any()
            continue
        expected = expected_features(front, x[:length, stream])
        assert_near(found[:length, stream], expected, "padding_float64", what="features")
        assert_near(most[stream], expected.amax(0), "padding_float64", what="largest")
        alone = pooled(x[:length, stream : stream + 1])
        assert_near(most[stream], alone[0], "padding_float64", what="alone")


def test_gradients_equal_finite_differences_and_leave_padding_out():
    front = Convolved(2, 3, widths=(2, 3), dtype=torch.float64)
    x = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
    leaves = (x, *front.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: front(x, [4, 1, 0]), leaves)
    (gradient,) = torch.autograd.grad(front(x, [4, 1, 0]).sum(), x)
    assert not gradient[1:, 1].any()
    assert not gradient[:, 2].any()


def test_symbols_are_read_as_their_vectors():
    front, embedded, ids = Convolved(3, 4), Embedded(7, 3), torch.randint(7, (5, 2))
    assert torch.equal(front(embedded(ids), [5, 2]), front(embedded.weight[ids], [5, 2]))


@pytest.mark.parametrize("num_steps", [0, 1, 2])
def test_sequences_may_be_shorter_than_windows(num_steps: int):
    assert Convolved(3, 4)(torch.randn(num_steps, 2, 3)).shape == (2, 12)
    assert Convolution(3, 4)(torch.randn(num_steps, 2, 3)).shape == (num_steps, 2, 12)


def test_what_does_not_fit_is_named():
    with pytest.raises(ShapeError, match="width must be"):
        Convolved(3, 4, widths=(3, 0))
    with pytest.raises(ShapeError, match="number of widths"):
        Convolved(3, 4, widths=())
