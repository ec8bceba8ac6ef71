"""Columns turned into rows of tiles against torch, with and without missing rows and columns."""

import ctypes

import pytest
import torch

from recurry.backends.cpu import turned
from recurry.backends.cpu.emitter import Module
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host
from recurry.backends.cpu.tiling import make_tiling


@pytest.fixture(scope="module")
def turn():
    """`@turn` by itself."""
    module = Module(host(), make_tiling(host(), 16).lanes)
    turned.write_turn(module)
    text = str(module).replace("internal void @turn(", "void @turn(")
    kinds = [ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    return ctypes.CFUNCTYPE(None, *kinds)(compile_module(text, ("turn",)).addresses["turn"])


@pytest.mark.parametrize("columns", [1, 15, 16, 31, 32])
@pytest.mark.parametrize("terms", [1, 31, 32, 33, 96])
def test_each_column_is_a_row_of_a_tile(terms, columns, turn):
    a = torch.randint(-(2**15), 2**15, (terms, columns + 3), dtype=torch.int16)
    steps = -(-terms // 32)
    found = torch.full((steps, turned.COLUMNS, 32), -1, dtype=torch.int16)
    turn(a.data_ptr(), a.stride(0), terms, columns, found.data_ptr())
    expected = torch.zeros(32 * steps, turned.COLUMNS, dtype=torch.int16)
    expected[:terms, :columns] = a[:, :columns]
    assert torch.equal(found, expected.view(steps, 32, turned.COLUMNS).transpose(1, 2))
