"""Packed weights hold every number where the products look for it."""

import pytest
import torch

from recurry.backends.cpu.machine import host
from recurry.backends.cpu.packing import (
    pack_columns,
    pack_group,
    pack_rows,
    pack_vectors,
    padded_size,
    row_stride,
    write_panels,
)
from recurry.backends.cpu.tasks import backward, forward
from recurry.backends.cpu.tiling import make_tiling
from recurry.cells import find_cell

TILING, ROUNDED = (make_tiling(host(), bits) for bits in (32, 16))
UNITS = TILING.units
SIZE = UNITS + 3


def test_sizes_are_whole_blocks():
    assert [padded_size(size, 16) for size in (1, 16, 17)] == [16, 16, 32]


def test_rows_do_not_lie_a_multiple_of_a_page_apart():
    assert row_stride(1024, 4) == 1040
    assert row_stride(1000, 4) == 1000


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (70, 1), (37, 45), (130, 64)], ids=str)
@pytest.mark.parametrize("layout", ["rows", "columns", "apart"])
def test_panels_hold_columns_and_zeros(shape, dtype, layout):
    terms, width = shape
    whole = torch.randn(2 * terms, 2 * width, dtype=dtype)
    matrix = {
        "rows": whole[:terms, :width],
        "columns": whole.t().contiguous().t()[:terms, :width],
        "apart": whole[::2, ::2],
    }[layout]
    units = make_tiling(host(), torch.finfo(dtype).bits).units
    panels = torch.full((-(-width // units), terms + 2, units), 7.0, dtype=dtype)
    write_panels(matrix, panels[:, :terms])
    padded = torch.nn.functional.pad(matrix, (0, -width % units))
    assert torch.equal(panels[:, :terms], padded.reshape(terms, -1, units).transpose(0, 1))
    assert bool((panels[:, terms:] == 7.0).all())


def test_panels_follow_block_sum_term_unit():
    plan = find_cell("rnn").plan
    (group,) = forward(plan, is_saving=False, is_fused=True).schedule.groups
    parameters = {"W_h": torch.randn(SIZE, 3), "U_h": torch.randn(SIZE, SIZE)}
    packed = pack_group(group, parameters, SIZE, TILING)
    assert packed.shape == (2, 1, 3 + SIZE, UNITS)
    assert torch.equal(packed[0, 0, :3], parameters["W_h"][:UNITS].t())
    assert torch.equal(packed[1, 0, 3:, :3], parameters["U_h"][UNITS:].t())
    assert not packed[1, :, :, 3:].any()


def test_backward_panels_are_transposed():
    (group,) = backward(find_cell("rnn").plan, is_fused=True).schedule.groups
    matrix = torch.randn(5, 5)
    packed = pack_group(group, {"U_h": matrix}, 5, TILING)
    assert torch.equal(packed[0, 0, :, :5], matrix)


def test_several_matrices_follow_one_another():
    first, second = torch.randn(SIZE, 3), torch.randn(SIZE, 3)
    rows = pack_rows([first, second], TILING)
    assert rows.shape == (4, 3, UNITS)
    assert torch.equal(rows[2], second[:UNITS].t())
    columns = pack_columns([first, second], TILING)
    assert columns.shape == (1, 4 * UNITS, UNITS)
    assert torch.equal(columns[0, :SIZE, :3], first)
    assert not columns[0, SIZE : 2 * UNITS].any()
    assert torch.equal(columns[0, 2 * UNITS : 2 * UNITS + SIZE, :3], second)


def _terms(packed):
    """The numbers of panels (..., pairs, 2 units) as (..., terms, units)."""
    *outer, pairs, wide = packed.shape
    return packed.view(*outer, pairs, wide // 2, 2).transpose(-1, -2).flatten(-3, -2)


def test_terms_of_bfloat16_are_paired_and_an_odd_one_with_zeros():
    plan = find_cell("rnn").plan
    (group,) = forward(plan, is_saving=False, is_fused=True, is_rounded=True).schedule.groups
    parameters = {"W_h": torch.randn(SIZE, 3), "U_h": torch.randn(SIZE, SIZE)}
    exact = pack_group(group, parameters, SIZE, TILING).bfloat16()
    terms = _terms(pack_group(group, parameters, SIZE, ROUNDED))
    assert torch.equal(terms[:, :, :3], exact[:, :, :3])
    assert torch.equal(terms[:, :, 4 : 4 + SIZE], exact[:, :, 3:])
    assert not terms[:, :, 3].any()
    assert not terms[:, :, 4 + SIZE :].any()


def test_matrices_of_bfloat16_follow_one_another():
    matrices = [torch.randn(SIZE, 3), torch.randn(SIZE, 3)]
    for pack in (pack_rows, pack_columns):
        exact, found = pack(matrices, TILING).bfloat16(), _terms(pack(matrices, ROUNDED))
        assert torch.equal(found[:, : exact.shape[1]], exact)
        assert not found[:, exact.shape[1] :].any()


def test_vectors_are_padded_with_zeros():
    vectors = pack_vectors([torch.ones(3), torch.ones(3)], 3, 4)
    assert vectors.sum() == 6
    assert vectors.shape == (2, 4)
