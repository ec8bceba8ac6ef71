"""Products on tiles, with the instructions of AMX played in software: their text, sizes, tails."""

import ctypes
import re

import llvmlite.binding as llvm
import numpy as np
import pytest
import torch

from recurry.backends.cpu import amx, jit, kernels
from recurry.backends.cpu.jit import assembly
from recurry.backends.cpu.kernels import find_products
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.packing import pack_rows
from recurry.backends.cpu.products import write_products
from recurry.backends.cpu.tiling import make_tiling

FEATURES = {"avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512bf16", "amx-tile", "amx-bf16"}
WITH_TILES = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(FEATURES))


class Tiles:
    """The tiles of one thread, as Intel's manual says what each instruction does to them."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []
        self.data: dict[int, np.ndarray] = {}
        self.functions = [
            self._function("ldtilecfg", self.configure, ctypes.c_void_p),
            self._function("tilerelease", self.release),
            self._function("tilezero", self.zero, ctypes.c_int8),
            self._function("tileloadd64", self.load, *self._MEMORY),
            self._function("tilestored64", self.store, *self._MEMORY),
            self._function("tdpbf16ps", self.multiply, *[ctypes.c_int8] * 3),
        ]

    _MEMORY = (ctypes.c_int8, ctypes.c_void_p, ctypes.c_int64)

    def _function(self, name, method, *kinds):
        return name, ctypes.CFUNCTYPE(None, *kinds)(method)

    def configure(self, table: int) -> None:
        entries = ctypes.string_at(table, 64)
        assert entries[0] == 1
        assert not any(entries[1:16])
        widths = np.frombuffer(entries[16:48], np.uint16)
        self.shapes = [(entries[48 + tile], int(widths[tile])) for tile in range(8)]
        assert all(0 < rows <= 16 and width <= 64 for rows, width in self.shapes)
        self.data = {tile: np.zeros(shape, np.uint8) for tile, shape in enumerate(self.shapes)}

    def release(self) -> None:
        self.data = {}

    def zero(self, tile: int) -> None:
        self.data[tile][:] = 0

    def _row(self, tile: int, start: int, apart: int, row: int):
        width = self.shapes[tile][1]
        return np.ctypeslib.as_array((ctypes.c_uint8 * width).from_address(start + row * apart))

    def load(self, tile: int, start: int, apart: int) -> None:
        for row in range(self.shapes[tile][0]):
            self.data[tile][row] = self._row(tile, start, apart, row)

    def store(self, tile: int, start: int, apart: int) -> None:
        for row in range(self.shapes[tile][0]):
            self._row(tile, start, apart, row)[:] = self.data[tile][row]

    def multiply(self, into: int, first: int, second: int) -> None:
        a, b = (self._numbers(tile) for tile in (first, second))
        assert a.shape[1] == b.shape[0] * 2
        weights = b.reshape(b.shape[0], -1, 2)
        total = self.data[into].view(np.float32)
        total += np.einsum("rpk,puk->ru", a.reshape(len(a), -1, 2), weights)

    def _numbers(self, tile: int) -> np.ndarray:
        return (self.data[tile].view(np.uint16).astype(np.uint32) << 16).view(np.float32)


@pytest.fixture(scope="module")
def products():
    """The address of `@products` on tiles in software."""
    if not host().is_x86 or host().vector_bytes < 64:
        pytest.skip("a block of units is as wide as two tiles with vectors of 64 bytes only")
    tiles = Tiles()
    text = amx.write_tile_products(host(), make_tiling(host(), 16))
    text = text.replace("llvm.x86.t", "soft_t").replace("llvm.x86.ldtilecfg", "soft_ldtilecfg")
    jit._initialise()
    linker = llvm.create_lljit_compiler(jit._target(host()), use_jit_link=True)
    library = llvm.JITLibraryBuilder().add_ir(text).add_current_process()
    for name, function in tiles.functions:
        address = ctypes.cast(function, ctypes.c_void_p).value
        library.import_symbol(f"soft_{name}", address)
    library.export_symbol("products")
    tracker = library.link(linker, "tiles_in_software")
    yield tracker["products"]
    del tracker, tiles


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


def test_features_say_whether_there_are_tiles():
    assert WITH_TILES.has_tiles
    few = Machine(triple=WITH_TILES.triple, features=WITH_TILES.features - {"amx-bf16"})
    assert not few.has_tiles


@pytest.mark.parametrize("is_granted", [False, True])
@pytest.mark.parametrize("is_right", [False, True])
def test_tiles_are_used_only_where_they_are_granted_and_right(is_granted, is_right, monkeypatch):
    plain, asked = find_products(16).address, []

    def write(*_):
        asked.append(True)
        tiling = make_tiling(host(), 16)
        return write_products(host(), tiling) + "; another module"

    monkeypatch.setattr(Machine, "has_tiles", True)
    monkeypatch.setattr(kernels, "ask_for_tiles", lambda: is_granted)
    monkeypatch.setattr(kernels, "give_the_same", lambda *_: is_right)
    monkeypatch.setattr(kernels, "write_tile_products", write)
    found = products_address.__wrapped__(16)
    assert bool(asked) == is_granted
    assert (found != plain) == (is_granted and is_right)
