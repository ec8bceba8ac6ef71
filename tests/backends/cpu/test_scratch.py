"""Borrowed memory is nobody else's, and what is kept has a limit."""

import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurry.backends.cpu import scratch
from recurry.backends.cpu.scratch import borrow, find_matrix, give_back
from recurry.network.recurrent import Recurrent


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    monkeypatch.setattr(scratch, "_KEPT", scratch._Kept())


def test_memory_that_is_out_is_lent_to_nobody_else():
    first, second = borrow(60), borrow(60)
    first.fill_(1)
    second.fill_(2)
    assert bool((first == 1).all())
    give_back(first)
    assert borrow(64) is not second


def test_memory_is_lent_again_where_it_is_large_enough():
    small, large = borrow(400), borrow(800)
    give_back(small)
    give_back(large)
    assert borrow(801) is not large
    assert borrow(399) is small
    assert borrow(399) is large


def test_no_more_is_kept_than_the_limit(monkeypatch):
    monkeypatch.setattr(scratch, "_MOST_BYTES", 1000)
    loans = [borrow(size) for size in (400, 800, 120)]
    for loan in loans:
        give_back(loan)
    assert [memory.numel() for memory in scratch._KEPT.free] == [800, 120]
    monkeypatch.setattr(scratch, "_MOST_PIECES", 2)
    give_back(borrow(10))
    give_back(torch.empty(10, dtype=torch.uint8))
    assert len(scratch._KEPT.free) == 2


def test_another_thread_has_its_own():
    give_back(borrow(100))
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


def test_memory_is_used_again_once_no_tensor_has_it():
    first = find_matrix((300, 200), torch.float32)
    place, part = first.data_ptr(), first[5:]
    assert find_matrix((300, 200), torch.float32).data_ptr() != place
    del first
    assert find_matrix((300, 200), torch.float32).data_ptr() != place
    del part
    assert find_matrix((300, 200), torch.float32).data_ptr() == place


def test_memory_of_about_the_same_size_is_used_again():
    place = find_matrix((300, 200), torch.float32).data_ptr()
    again = find_matrix((600, 200), torch.bfloat16)
    assert again.data_ptr() == place
    assert again.is_contiguous()
    del again
    shorter = find_matrix((290, 200), torch.float32)
    assert shorter.data_ptr() == place
    assert shorter.shape == (290, 200)
    del shorter
    assert find_matrix((200, 200), torch.float32).data_ptr() != place
    assert find_matrix((400, 200), torch.float32).data_ptr() != place


@given(st.integers(2**17, 2**31))
def test_no_more_than_an_eighth_is_given_away(num_bytes: int):
    found = scratch._rounded(num_bytes)
    assert num_bytes <= found <= num_bytes * 9 / 8
    assert found % 8 == 0
    assert scratch._rounded(found) == found


def test_what_is_free_makes_way(monkeypatch):
    monkeypatch.setattr(scratch, "_MOST_SHARED_BYTES", 2**20)
    held = find_matrix((512, 256), torch.float32)
    find_matrix((448, 256), torch.float32)
    find_matrix((384, 256), torch.float32)
    assert _kept_sizes() == [held.nbytes, 384 * 1024]
    more = [find_matrix((512, 256), torch.float32) for _ in range(3)]
    assert sum(_kept_sizes()) <= 2**20
    assert len({one.data_ptr() for one in more}) == 3


def _kept_sizes() -> list[int]:
    return [len(one) for shared in scratch._KEPT.shared.values() for one in shared]


def test_an_output_that_is_held_keeps_its_memory():
    layer = Recurrent("lstm", 32, 64, backend="cpu")
    x = torch.randn(20, 64, 32)
    with torch.no_grad():
        held = layer(x)[0]
        copy = held.clone()
        layer(x + 1)
    assert torch.equal(held, copy)


def test_memory_that_another_process_may_read_is_not_used_again():
    shared = find_matrix((300, 200), torch.float32).share_memory_()
    place = shared.data_ptr()
    del shared
    assert find_matrix((300, 200), torch.float32).data_ptr() != place


def test_memory_whose_storage_is_held_is_not_used_again():
    held = find_matrix((300, 200), torch.float32).fill_(1).untyped_storage()
    again = find_matrix((300, 200), torch.float32).zero_()
    assert again.data_ptr() != held.data_ptr()
    assert torch.empty(0).set_(held)[0] == 1
    del held
    assert find_matrix((300, 200), torch.float32).data_ptr() != again.data_ptr()


def test_memory_that_was_made_smaller_is_not_used_again():
    find_matrix((300, 200), torch.float32).untyped_storage().resize_(0)
    again = find_matrix((300, 200), torch.float32)
    assert again.untyped_storage().nbytes() >= again.nbytes
