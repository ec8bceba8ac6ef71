"""Panels of rounded pairs, for processors of several widths, and every number at its place."""

import llvmlite.binding as llvm
import pytest
import torch

from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.packing import write_panels
from recurry.backends.cpu.pairs import write_pairs
from recurry.backends.cpu.tiling import make_tiling

FEATURES = ["sse2", "avx2", "avx512f", "avx512f avx512bf16"]


@pytest.mark.parametrize("features", FEATURES)
def test_the_module_is_valid(features):
    machine = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(features.split()))
    module = llvm.parse_assembly(write_pairs(machine, make_tiling(machine, 16)))
    module.verify()
    assert {f.name for f in module.functions} >= {"copy", "turn"}


@pytest.mark.parametrize("shape", [(1, 1), (2, 70), (1, 70), (70, 1), (37, 45), (600, 33)], ids=str)
@pytest.mark.parametrize("layout", ["rows", "columns", "apart"])
def test_pairs_hold_rounded_columns_and_zeros(shape, layout):
    terms, width = shape
    whole = torch.randn(2 * terms, 2 * width)
    matrix = {
        "rows": whole[:terms, :width],
        "columns": whole.t().contiguous().t()[:terms, :width],
        "apart": whole[::2, ::2],
    }[layout]
    units, pairs = make_tiling(host(), 16).units, -(-terms // 2)
    panels = torch.full((-(-width // units), pairs + 1, 2 * units), 7.0).bfloat16()
    write_panels(matrix, panels[:, :pairs])
    padded = torch.nn.functional.pad(matrix, (0, -width % units, 0, terms % 2)).bfloat16()
    expected = padded.view(pairs, 2, -1, units).permute(2, 0, 3, 1).reshape(-1, pairs, 2 * units)
    assert torch.equal(panels[:, :pairs], expected)
    assert bool((panels[:, pairs:] == 7.0).all())
