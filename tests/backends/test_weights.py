"""Stacks are kept until a parameter changes, and never while gradients are wanted."""

import copy
import pickle

import pytest
import torch
from torch import nn

from recurry.backends.weights import StackCache, Weights, round_to_bfloat16


def _weights(cache: StackCache | None, parameters: dict, *, is_rounded: bool = False) -> Weights:
    return Weights(parameters, is_rounded=is_rounded, cache=cache)


@pytest.fixture
def parameters() -> dict[str, nn.Parameter]:
    return {name: nn.Parameter(torch.randn(2, 3)) for name in "ab"}


def test_stack_puts_the_first_on_top(parameters):
    stack = _weights(None, parameters).stack(("b", "a"))
    assert torch.equal(stack, torch.cat([parameters["b"], parameters["a"]]))
    assert not stack.requires_grad


def test_rounding_keeps_the_type(parameters):
    stack = _weights(None, parameters, is_rounded=True).stack(("a",))
    assert torch.equal(stack, parameters["a"].bfloat16().float())
    assert round_to_bfloat16(torch.tensor([1.001])).item() == 1.0


def test_the_cache_outlives_a_call_until_something_changes(parameters):
    cache = StackCache()
    first = _weights(cache, parameters).stack(("a", "b"))
    assert _weights(cache, parameters).stack(("a", "b")) is first
    with torch.no_grad():
        parameters["a"].add_(1.0)
    second = _weights(cache, parameters).stack(("a", "b"))
    assert torch.equal(second[:2], parameters["a"])
    parameters["b"].data = torch.zeros(2, 3)
    assert not _weights(cache, parameters).stack(("a", "b"))[2:].any()
    parameters["a"] = nn.Parameter(torch.ones(2, 3))
    assert _weights(cache, parameters).stack(("a", "b"))[:2].eq(1).all()


def test_clear_forgets_edits_that_cannot_be_seen(parameters):
    cache = StackCache()
    _weights(cache, parameters).stack(("a",))
    parameters["a"].data.zero_()
    cache.clear()
    assert not _weights(cache, parameters).stack(("a",)).any()


def test_copies_start_empty(parameters):
    cache = StackCache()
    _weights(cache, parameters).stack(("a",))
    assert copy.deepcopy(cache)._kept == pickle.loads(pickle.dumps(cache))._kept == {}


def test_inference_tensors_are_never_cached():
    with torch.inference_mode():
        parameters = {"a": torch.ones(2, 3)}
    cache = StackCache()
    _weights(cache, parameters).stack(("a",))
    assert cache._kept == {}
