"""Borrowed memory is nobody else's, and what is kept has a limit."""

import threading

import pytest
import torch

from recurry.backends.cpu import scratch
from recurry.backends.cpu.scratch import borrow, give_back
from recurry.network.recurrent import Recurrent


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(scratch, "_KEPT", scratch._Kept())


def test_memory_that_is_out_is_lent_to_nobody_else():
    first, second = borrow(3, 5, torch.float32), borrow(3, 5, torch.float32)
    first.rows.fill_(1.0)
    second.rows.fill_(2.0)
    assert bool((first.rows == 1.0).all())
    give_back(first)
    third = borrow(2, 4, torch.float64)
    assert third.rows.shape == (2, 4)
    assert third.rows.dtype == torch.float64
    assert third.memory is not second.memory


def test_memory_is_lent_again_where_it_is_large_enough():
    loan = borrow(10, 10, torch.float32)
    give_back(loan)
    assert borrow(11, 10, torch.float32).memory is not loan.memory
    assert borrow(9, 10, torch.float32).memory is loan.memory


def test_no_more_is_kept_than_the_limit(monkeypatch):
    monkeypatch.setattr(scratch, "_MOST_BYTES", 1000)
    loans = [borrow(1, numbers, torch.float32) for numbers in (100, 200, 30)]
    for loan in loans:
        give_back(loan)
    assert [memory.numel() for memory in scratch._KEPT.free] == [800, 120]


def test_another_thread_has_its_own():
    give_back(borrow(10, 10, torch.float32))
    found = []
    thread = threading.Thread(target=lambda: found.append(len(scratch._KEPT.free)))
    thread.start()
    thread.join()
    assert found == [0]


def test_a_second_backward_pass_changes_no_gradient_of_the_first():
    layer = Recurrent("lstm", 5, 40, bidirectional=True, backend="cpu")
    inputs = [torch.randn(6, 3, 5, requires_grad=True) for _ in range(2)]
    expected = [torch.autograd.grad(layer(x)[0].sum(), [x, *layer.parameters()]) for x in inputs]
    copies = [[gradient.clone() for gradient in found] for found in expected]
    again = [torch.autograd.grad(layer(x)[0].sum(), [x, *layer.parameters()]) for x in inputs]
    for first, copy, second in zip(expected, copies, again, strict=True):
        for one, two, three in zip(first, copy, second, strict=True):
            assert torch.equal(one, two)
            assert torch.equal(one, three)
