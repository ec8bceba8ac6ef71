"""Requests and options are plain facts."""

import dataclasses

import pytest

from recurry.backends.options import PRECISIONS, Request, RunOptions
from recurry.cells import cell


def test_options_are_frozen_and_ignore_their_cache():
    assert RunOptions() == RunOptions()
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunOptions().zoneout = 0.5  # type: ignore[misc]


def test_a_request_knows_nothing_by_default():
    request = Request(plan=cell("rnn").plan, options=RunOptions())
    assert (request.num_steps, request.is_padded, request.device) == (0, False, "cpu")
    assert PRECISIONS == ("float64", "float32", "bfloat16")
