"""Packed weights hold every number where the products look for it."""

import torch

from recurry.backends.cpu.packing import pack_group, pack_vectors, padded_size, stack_rows
from recurry.backends.cpu.tasks import backward, forward
from recurry.cells import find_cell


def test_sizes_are_whole_blocks():
    assert [padded_size(size, 16) for size in (1, 16, 17)] == [16, 16, 32]


def test_panels_follow_block_sum_term_unit():
    plan = find_cell("rnn").plan
    (group,) = forward(plan, is_saving=False, is_fused=True).schedule.groups
    parameters = {"W_h": torch.randn(5, 3), "U_h": torch.randn(5, 5)}
    packed = pack_group(group, parameters, 5, 4)
    assert packed.shape == (2, 1, 8, 4)
    assert torch.equal(packed[0, 0, :3], parameters["W_h"][:4].t())
    assert torch.equal(packed[1, 0, 3:, :1], parameters["U_h"][4:].t())
    assert not packed[1, :, :, 1:].any()


def test_backward_panels_are_transposed():
    (group,) = backward(find_cell("rnn").plan, is_fused=True).schedule.groups
    matrix = torch.randn(5, 5)
    packed = pack_group(group, {"U_h": matrix}, 5, 8)
    assert torch.equal(packed[0, 0, :, :5], matrix)


def test_vectors_and_stacks_are_padded_with_zeros():
    vectors = pack_vectors([torch.ones(3), torch.ones(3)], 3, 4)
    assert vectors.sum() == 6
    assert vectors.shape == (2, 4)
    stacked = stack_rows([torch.ones(3, 2), torch.ones(3, 2)], 4)
    assert stacked.shape == (8, 2)
    assert not stacked[3].any()
