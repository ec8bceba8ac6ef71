"""Real steps of a padded batch, there and back."""

import pytest
import torch

from recurry.errors import ShapeError
from recurry.network.padding import Steps


def test_what_is_picked_comes_back_and_padding_is_filled():
    x = torch.randn(4, 3, 2)
    steps = Steps.of(x, [4, 0, 2])
    rows = steps.pick(x)
    assert rows.shape == (6, 2)
    assert torch.equal(rows[1], x[0, 2])
    back = steps.spread(rows, 7.0)
    assert torch.equal(back[:, 0], x[:, 0])
    assert torch.equal(back[:2, 2], x[:2, 2])
    assert (back[2:, 2] == 7).all()
    assert (back[:, 1] == 7).all()


def test_without_padding_nothing_is_copied():
    x = torch.randn(4, 3, 2)
    for lengths in (None, [4, 4, 4]):
        steps = Steps.of(x, lengths)
        assert steps.is_full
        assert steps.pick(x).data_ptr() == x.data_ptr()
        assert torch.equal(steps.spread(steps.pick(x)), x)


def test_gradients_of_both_are_those_of_finite_differences():
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    steps = Steps.of(x, [1, 3])
    weights = torch.randn(4, 2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: steps.pick(x) * weights, (x,))
    assert torch.autograd.gradgradcheck(lambda x: steps.spread(steps.pick(x) ** 2, 1.0), (x,))


def test_places_of_ends_and_from_the_end():
    steps = Steps.of(torch.zeros(3, 3), [3, 1, 0])
    assert steps.ends().tolist() == [2, 0, 0]
    assert steps.reversed_places().tolist() == [[2, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert steps.mask().tolist() == [
        [True, True, False],
        [True, False, False],
        [True, False, False],
    ]


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="lengths do not fit"):
        Steps.of(torch.zeros(3, 2), [1, 4])
