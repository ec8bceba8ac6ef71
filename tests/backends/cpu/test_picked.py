"""Rows added up by what they picked, against torch, for processors of several widths."""

import llvmlite.binding as llvm
import pytest
import torch

from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.matrices import add_picked
from recurry.backends.cpu.picked import write_picked
from recurry.backends.cpu.tiling import make_tiling


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("features", ["sse2", "avx2 fma", "avx512f fma"])
def test_the_module_is_valid(features, bits):
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    llvm.parse_assembly(write_picked(machine, make_tiling(machine, bits))).verify()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 3, 33), (300, 5, 700)], ids=str)
@pytest.mark.parametrize("apart", [0, 3, 40])
def test_rows_are_added(sizes, dtype, apart):
    terms, count, width = sizes
    a = torch.randn(terms, width + apart, dtype=dtype)[:, :width]
    picks = torch.randint(count, (terms,))
    sums = torch.float32 if dtype == torch.bfloat16 else dtype
    expected = torch.zeros(count, width, dtype=sums).index_add_(0, picks, a.to(sums))
    assert torch.equal(add_picked(a, picks, count), expected)


def test_what_nobody_picked_is_zero():
    found = add_picked(torch.ones(2, 4), torch.tensor([1, 1]), 3)
    assert found.tolist() == [[0.0] * 4, [2.0] * 4, [0.0] * 4]


def test_the_bits_do_not_depend_on_the_number_of_threads(set_threads):
    a, picks = torch.randn(4000, 600), torch.randint(9, (4000,))
    found = []
    for count in (1, 2):
        set_threads(count)
        found.append(add_picked(a, picks, 9))
    assert torch.equal(*found)
