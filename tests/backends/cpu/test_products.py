"""Products of any number of rows, panels and terms, on top of what is there or not."""

import ctypes

import pytest
import torch

from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.kernels import find_products
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.products import write_products
from recurry.backends.cpu.tiling import make_tiling

FEATURES = ["avx2 fma", "avx512f fma"]


def _products(a, b, c, *, is_added):
    """a (rows, terms), b (panels, steps, numbers), c (panels, rows, units)."""
    rows, terms = a.shape
    kinds = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2]
    kinds += [ctypes.c_void_p, *[ctypes.c_int64] * 5]
    call = ctypes.CFUNCTYPE(None, *kinds)(find_products(torch.finfo(a.dtype).bits).address)
    into = (c.data_ptr(), c.stride(1), c.stride(0), int(is_added))
    call(a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms, *into, rows, len(b))


@pytest.mark.parametrize("is_added", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_products_are_right(dtype, is_added):
    tiling = make_tiling(host(), torch.finfo(dtype).bits)
    units, sums = tiling.units, torch.float32 if tiling.is_rounded else dtype
    for rows in (1, 2, 3, 4, 5, 6, 7, 11, 13, 32):
        for panels in (1, 2, 3, 5):
            for terms in (1, 4, 7, 100):
                wide = torch.randn(rows, terms + 3, dtype=dtype)
                b = torch.randn(panels * units, terms, dtype=dtype).to(sums)
                c = torch.randn(panels, rows + 2, units, dtype=sums)
                expected = c.clone()
                whole = wide[:, :terms].to(sums) @ b.t()
                products = whole.view(rows, panels, units).transpose(0, 1)
                expected[:, :rows] = products + (c[:, :rows] if is_added else 0)
                _products(wide[:, :terms], pack_rows([b], tiling), c, is_added=is_added)
                torch.testing.assert_close(c, expected)


def test_a_row_does_not_depend_on_the_others():
    units = make_tiling(host(), 32).units
    a, b = torch.randn(40, 70), torch.randn(3, 70, units)
    whole, one = torch.empty(3, 40, units), torch.empty(3, 1, units)
    _products(a, b, whole, is_added=False)
    for row in (0, 7, 39):
        _products(a[row : row + 1], b, one, is_added=False)
        assert torch.equal(one[:, 0], whole[:, row])


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("features", ["avx2 fma", "avx512f avx512bw fma"])
def test_a_full_tile_stays_in_registers(features, bits):
    loop = _longest_loop(features, bits, "vfmadd")
    tiling = make_tiling(_machine(features), bits)
    assert loop.count("vfmadd") >= tiling.rows * tiling.vectors * tiling.terms
    assert "rsp" not in loop


def test_pairs_take_one_instruction_where_there_is_one():
    features = "avx512f avx512bf16 fma"
    loop = _longest_loop(features, 16, "vdpbf16ps")
    tiling = make_tiling(_machine(features), 16)
    assert loop.count("vdpbf16ps") == tiling.rows * tiling.vectors
    assert "rsp" not in loop


def _machine(features):
    return Machine(triple=host().triple, features=frozenset(features.split()))


def _longest_loop(features, bits, instruction):
    """The loop over terms of the largest tile, as machine code."""
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    machine = _machine(features)
    tiling = make_tiling(machine, bits)
    code = assembly(write_products(machine, tiling), machine)
    tile = code[code.index(f"tile_{tiling.rows}_1:") :]
    return max(tile[: tile.index("retq")].split(".LBB"), key=lambda p: p.count(instruction))
