"""The checks by themselves; their messages are tested where users meet them."""

import numpy as np
import pytest
import torch

from recurry.errors import ShapeError, UsageError
from recurry.network.checks import (
    check_ids,
    check_input,
    check_lengths,
    check_memory,
    check_precision,
    check_rate,
    check_sizes,
    check_state,
)
from recurry.network.dropout import Dropout
from recurry.network.state import State


def test_lengths_become_plain_numbers():
    assert check_lengths(torch.tensor([2, 0]), num_steps=2, batch_size=2) == (2, 0)
    assert check_lengths(None, num_steps=2, batch_size=2) is None
    assert check_lengths([], num_steps=0, batch_size=0) == ()
    numbers = check_lengths(np.array([2, 0]), num_steps=2, batch_size=2)
    assert numbers == (2, 0)
    assert all(type(number) is int for number in numbers)
    assert check_lengths([torch.tensor(1)], num_steps=2, batch_size=1) == (1,)


@pytest.mark.parametrize(
    ("lengths", "shown"),
    [
        (2, "2"),
        (torch.tensor(2), r"tensor\(2\)"),
        ([1, "a"], r"\[1, 'a'\]"),
        ([None], r"\[None\]"),
        ([1.0], r"\[1.0\]"),
        ([True], r"\[True\]"),
        (torch.tensor([True]), r"tensor\(\[True\]\)"),
        ([], r"\[\]"),
        ([-1], "1 of them, from -1 to -1"),
    ],
)
def test_lengths_of_another_kind_are_shown(lengths, shown):
    with pytest.raises(ShapeError, match=rf"lengths do not fit[\s\S]*{shown}[\s\S]*from 0 to 2"):
        check_lengths(lengths, num_steps=2, batch_size=1)


def test_an_input_that_is_no_tensor_is_refused():
    with pytest.raises(ShapeError, match=r"not a tensor[\s\S]*ndarray[\s\S]*as_tensor"):
        check_input(np.zeros((2, 1, 3)), ("steps", "batch"), 3, like=torch.zeros(1))


def test_a_single_vector_is_offered_a_batch_of_one():
    with pytest.raises(ShapeError, match=r"\(3,\)[\s\S]*\(batch, 3\)[\s\S]*unsqueeze\(0\)"):
        check_input(torch.zeros(3), ("batch",), 3, like=torch.zeros(1))


def test_another_device_is_named():
    meta = torch.zeros(2, 1, 3, device="meta")
    with pytest.raises(ShapeError, match=r"another device[\s\S]*meta[\s\S]*cpu[\s\S]*to\('cpu'\)"):
        check_input(meta, ("steps", "batch"), 3, like=torch.zeros(1))
    with pytest.raises(ShapeError, match=r"device[\s\S]*float32 on meta[\s\S]*float32 on cpu"):
        check_state(State(tensors={"h": meta}), ("h",), (2, 1, 3), like=torch.zeros(1))


def test_a_rate_is_dropout_between_layers():
    assert check_rate(0.5) == Dropout(between=0.5)
    for rate in (float("nan"), 1, True, "0.5", None):
        with pytest.raises(UsageError, match="not a rate"):
            check_rate(rate)


def test_sizes_are_whole_numbers():
    check_sizes({"hidden_size": 1})
    with pytest.raises(ShapeError, match="hidden_size"):
        check_sizes({"hidden_size": 1.5})


def test_unknown_precision_offers_the_nearest():
    with pytest.raises(UsageError, match=r"precision named 'float23'[\s\S]*try: float32"):
        check_precision("float23")


def test_unknown_memory_offers_the_nearest():
    with pytest.raises(UsageError, match=r"memory named 'lo'[\s\S]*try: low"):
        check_memory("lo")


def test_ids_out_of_range_are_named():
    check_ids("labels", torch.tensor([0, 2]), 3)
    check_ids("labels", torch.tensor([]).long(), 3)
    with pytest.raises(ShapeError, match=r"labels are out of range(.|\n)*from -1 to 2"):
        check_ids("labels", torch.tensor([-1, 2]), 3)
