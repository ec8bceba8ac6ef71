"""The checks by themselves; their messages are tested where users meet them."""

import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.checks import check_lengths, check_precision, check_rate, check_sizes
from recurry.network.dropout import Dropout


def test_lengths_become_plain_numbers():
    assert check_lengths(torch.tensor([2, 0]), num_steps=2, batch_size=2) == (2, 0)
    assert check_lengths(None, num_steps=2, batch_size=2) is None
    assert check_lengths([], num_steps=0, batch_size=0) == ()


def test_a_rate_is_dropout_between_layers():
    assert check_rate(0.5) == Dropout(between=0.5)
    with pytest.raises(UsageError):
        check_rate(float("nan"))


def test_sizes_are_whole_numbers():
    check_sizes({"hidden_size": 1})
    with pytest.raises(ShapeError, match="hidden_size"):
        check_sizes({"hidden_size": 1.5})


def test_unknown_precision_offers_the_nearest():
    with pytest.raises(UsageError, match=r"precision named 'float23'[\s\S]*try: float32"):
        check_precision("float23")
