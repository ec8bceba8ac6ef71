"""Products on tiles, with the instructions of AMX played in software: their text, sizes, tails."""

import ctypes
import re

import pytest
import torch

from recurry.backends.cpu import amx, kernels
from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.kernels import find_products
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.products import write_products
from recurry.backends.cpu.tiling import make_tiling

FEATURES = {"avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512bf16", "amx-tile", "amx-bf16"}
WITH_TILES = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(FEATURES))


@pytest.fixture(scope="module")
def products(link_with_tiles):
    """The address of `@products` on tiles in software."""
    text = amx.write_tile_products(host(), make_tiling(host(), 16))
    return link_with_tiles(text, "products")[0]


def _run(address, a, b, c, *, is_added):
    kinds = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 2]
    kinds += [ctypes.c_void_p, *[ctypes.c_int64] * 5]
    rows, terms = a.shape
    into = (c.data_ptr(), c.stride(1), c.stride(0), int(is_added), rows, len(b))
    given = (a.data_ptr(), a.stride(0), b.data_ptr(), b.stride(0), terms)
    ctypes.CFUNCTYPE(None, *kinds)(address)(*given, *into)


@pytest.mark.parametrize("is_added", [False, True])
@pytest.mark.parametrize("terms", [1, 31, 32, 33, 64, 101])
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 32, 37, 64])
def test_products_are_right(rows, terms, is_added, products):
    tiling = make_tiling(host(), 16)
    a = torch.randn(rows, terms + 3).bfloat16()[:, :terms]
    matrix = torch.randn(3 * tiling.units, terms).bfloat16().float()
    c = torch.randn(3, rows + 2, tiling.units)
    expected = c.clone()
    found = (a.float() @ matrix.t()).view(rows, 3, tiling.units).transpose(0, 1)
    expected[:, :rows] = found + (c[:, :rows] if is_added else 0)
    _run(products, a, pack_rows([matrix], tiling), c, is_added=is_added)
    torch.testing.assert_close(c, expected, rtol=1e-4, atol=1e-4)


def test_both_ways_are_compared(products):
    tiling = make_tiling(host(), 16)
    assert amx.give_the_same(find_products(16).address, products, tiling)
    other = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 11)(lambda *_: None)
    address = ctypes.cast(other, ctypes.c_void_p).value or 0
    assert not amx.give_the_same(find_products(16).address, address, tiling)


def test_all_sums_of_a_loop_stay_in_tiles():
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    code = assembly(amx.write_tile_products(WITH_TILES, make_tiling(WITH_TILES, 16)), WITH_TILES)
    tiles = code[code.index("tiles_2:") :]
    loop = max(tiles[: tiles.index("retq")].split(".LBB"), key=lambda p: p.count("tdpbf16ps"))
    assert loop.count("tdpbf16ps") == loop.count("tileloadd") == 4
    assert "rsp" not in loop
    assert re.search("ldtilecfg", code)


def test_a_worker_that_has_made_tiles_ready_keeps_them():
    text = amx.write_tile_products(WITH_TILES, make_tiling(WITH_TILES, 16))
    inside, alone = (
        text[text.index(f"void @{name}(") :].split("}")[0]
        for name in ("products_inside", "products")
    )
    assert "tilerelease" not in inside
    assert alone.index("ldtilecfg") < alone.index("@products_inside") < alone.index("tilerelease")


@pytest.mark.parametrize("is_granted", [False, True])
@pytest.mark.parametrize("is_right", [False, True])
def test_tiles_are_used_only_where_they_are_granted_and_right(is_granted, is_right, monkeypatch):
    asked = []

    def write(machine, tiling):
        asked.append(True)
        return write_products(machine, tiling) + "define void @products_inside() { ret void }"

    monkeypatch.setattr(Machine, "has_tiles", True)
    monkeypatch.setattr(kernels, "ask_for_tiles", lambda: is_granted)
    monkeypatch.setattr(kernels, "give_the_same", lambda *_: is_right)
    monkeypatch.setattr(kernels, "write_tile_products", write)
    found = find_products.__wrapped__(16)
    assert bool(asked) == is_granted
    assert found.has_tiles == (is_granted and is_right)
    assert (found.inside != found.address) == found.has_tiles
