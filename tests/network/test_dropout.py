"""Dropout masks have the rate, the scale and the sharing that they promise."""

import pytest
import torch
from pydantic import ValidationError

from recurry.network.dropout import Dropout, drop, keep_mask


def test_rates_are_checked_and_unknown_names_refused():
    with pytest.raises(ValidationError, match="less than 1"):
        Dropout(between=1.0)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Dropout(zoneout=-0.1)
    with pytest.raises(ValidationError, match="Extra inputs"):
        Dropout.model_validate({"betwen": 0.1})


def test_rate_zero_is_the_same_tensor():
    x = torch.ones(2, 3, 4)
    assert drop(x, 0.0) is x


@pytest.mark.parametrize("is_locked", [False, True])
def test_drop_keeps_the_expectation(is_locked: bool):
    dropped = drop(torch.ones(5, 40, 50), 0.3, is_locked=is_locked)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.7], rel=1e-5)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.05)
    assert (dropped == dropped[0]).all().item() == is_locked


def test_keep_mask_follows_the_generator():
    torch.manual_seed(3)
    first = keep_mask(torch.empty(10, 10), 0.5)
    torch.manual_seed(3)
    assert torch.equal(first, keep_mask(torch.empty(10, 10), 0.5))


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.9])
def test_each_place_of_a_mask_is_dropped_at_the_rate(rate: float):
    torch.manual_seed(0)
    is_dropped = torch.stack([keep_mask(torch.empty(7), rate) == 0 for _ in range(4000)])
    share = is_dropped.double().mean(0)
    error = (rate * (1 - rate) / 4000) ** 0.5
    assert ((share - rate).abs() < 5 * error).all(), share
    both = (is_dropped[:, :-1] & is_dropped[:, 1:]).double().mean().item()
    assert both == pytest.approx(rate * rate, abs=5 * error), "neighbours do not depend on another"


@pytest.mark.parametrize("rate", [1e-9, 1 - 1e-9])
def test_extreme_rates_leave_finite_masks(rate: float):
    found = keep_mask(torch.empty(50, dtype=torch.float64), rate)
    assert found.isfinite().all()
    assert found.dtype == torch.float64


def test_a_mask_for_nothing_is_empty():
    assert keep_mask(torch.empty(0, 3), 0.5).shape == (0, 3)
