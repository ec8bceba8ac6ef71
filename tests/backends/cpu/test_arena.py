"""Blocks of an arena lie apart, and know where their rows are."""

import pytest
import torch

from recurry.backends.cpu.arena import Arena, external


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_blocks_do_not_overlap(dtype):
    arena = Arena(1)
    blocks = [arena.block(rows, width, dtype) for rows, width in ((3, 5), (1, 512), (2, 33))]
    memory = torch.zeros(arena.end, dtype=torch.uint8)
    for number, block in enumerate(blocks, 1):
        assert block.offset % 64 == 0
        block.tensor(memory).fill_(number)
    for number, block in enumerate(blocks, 1):
        assert bool((block.tensor(memory) == number).all())


def test_rows_that_share_cache_sets_lie_apart():
    assert Arena(1).block(2, 512, torch.float32).stride > 512
    assert Arena(1).block(2, 500, torch.float32).stride == 500


def test_parts_are_found_where_tensors_have_them():
    numbers = torch.arange(20.0).view(4, 5)
    part = external(3, 4, 5, torch.float32).part(slice(1, 3)).columns(2, 4)
    assert part.address == (3, 4 * 7)
    assert torch.equal(part.tensor(numbers), numbers[1:3, 2:4])
