"""Thresholds between ordered classes, against differences of sigmoids."""

import torch

from recurry.network.rating import Thresholds
from recurry.testing import assert_near


def test_they_start_with_equal_shares():
    found = Thresholds(5, dtype=torch.float64)(torch.zeros(1, dtype=torch.float64)).exp()
    assert_near(
        found, torch.full((1, 5), 0.2, dtype=torch.float64), "interpreter_float64", what="shares"
    )


def test_probabilities_are_differences_of_sigmoids():
    thresholds = Thresholds(4, dtype=torch.float64)
    with torch.no_grad():
        for parameter in thresholds.parameters():
            parameter.normal_()
    numbers = torch.randn(6, dtype=torch.float64)
    values = thresholds.values()
    assert (values.diff() > 0).all()
    below = torch.sigmoid(values - numbers[:, None])
    below = torch.cat([torch.zeros(6, 1), below, torch.ones(6, 1)], 1)
    assert_near(thresholds(numbers).exp(), below.diff(dim=1), "interpreter_float64", what="shares")


def test_far_numbers_and_narrow_classes_stay_finite():
    thresholds = Thresholds(5)
    with torch.no_grad():
        thresholds.gaps.fill_(-200.0)
    numbers = torch.tensor([-300.0, 0.0, 300.0], requires_grad=True)
    logs = thresholds(numbers)
    logs.sum().backward()
    assert torch.isfinite(logs).all()
    assert torch.isfinite(numbers.grad).all()


def test_gradients_equal_finite_differences():
    thresholds = Thresholds(4, dtype=torch.float64)
    numbers = torch.randn(3, dtype=torch.float64, requires_grad=True)
    leaves = (numbers, *thresholds.parameters())
    assert torch.autograd.gradcheck(lambda numbers, *_: thresholds(numbers), leaves)


def test_two_classes_are_a_logistic_regression():
    numbers = torch.randn(5, dtype=torch.float64)
    found = Thresholds(2, dtype=torch.float64)(numbers)
    assert_near(found[:, 1].exp(), numbers.sigmoid(), "interpreter_float64", what="share")
