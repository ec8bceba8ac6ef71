"""Products of any number of rows, panels and terms, on top of what is there or not."""

import ctypes

import pytest
import torch

from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.kernels import products_address
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.products import write_products
from recurry.backends.cpu.tiling import make_tiling

FEATURES = ["avx2 fma", "avx512f fma"]


def _products(a, b, c, *, is_added):
    """a (rows, terms), b (panels, terms, units), c (panels, rows, units)."""
    rows, terms = a.shape
    kinds = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2]
    kinds += [ctypes.c_void_p, *[ctypes.c_int64] * 5]
    call = ctypes.CFUNCTYPE(None, *kinds)(products_address(a.element_size() * 8))
    into = (c.data_ptr(), c.stride(1), c.stride(0), int(is_added))
    call(a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms, *into, rows, len(b))


@pytest.mark.parametrize("is_added", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_products_are_right(dtype, is_added):
    units = make_tiling(host(), torch.finfo(dtype).bits).units
    for rows in (1, 2, 3, 4, 5, 6, 7, 11, 13, 32):
        for panels in (1, 2, 3, 5):
            for terms in (1, 4, 7):
                wide = torch.randn(rows, terms + 3, dtype=dtype)
                b = torch.randn(panels, terms, units, dtype=dtype)
                c = torch.randn(panels, rows + 2, units, dtype=dtype)
                expected = c.clone()
                products = torch.einsum("rt,ptu->pru", wide[:, :terms], b)
                expected[:, :rows] = products + (c[:, :rows] if is_added else 0)
                _products(wide[:, :terms], b, c, is_added=is_added)
                torch.testing.assert_close(c, expected)


def test_a_row_does_not_depend_on_the_others():
    units = make_tiling(host(), 32).units
    a, b = torch.randn(40, 70), torch.randn(3, 70, units)
    whole, one = torch.empty(3, 40, units), torch.empty(3, 1, units)
    _products(a, b, whole, is_added=False)
    for row in (0, 7, 39):
        _products(a[row : row + 1], b, one, is_added=False)
        assert torch.equal(one[:, 0], whole[:, row])


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("features", FEATURES)
def test_a_full_tile_stays_in_registers(features, bits):
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    machine = Machine(triple=host().triple, features=frozenset(features.split()))
    tiling = make_tiling(machine, bits)
    code = assembly(write_products(machine, tiling), machine)
    tile = code[code.index(f"tile_{tiling.rows}_1:") :]
    loop = max(tile[: tile.index("retq")].split(".LBB"), key=lambda part: part.count("vfmadd"))
    assert loop.count("vfmadd") >= tiling.rows * tiling.vectors
    assert "rsp" not in loop
