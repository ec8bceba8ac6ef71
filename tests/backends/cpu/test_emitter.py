"""The text of functions: valid for LLVM, and it does what it says."""

import ctypes

import llvmlite.binding as llvm
import pytest

from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import host

LANES = Lanes(bits=64, count=4)


def _run(write, *, numbers: int = 4) -> list[int]:
    """The integers that a function writes to its table."""
    module = Module(host(), LANES)
    with module.function("f", "ptr %table", is_exported=True) as e:
        write(e)
    text = str(module)
    llvm.parse_assembly(text).verify()
    table = (ctypes.c_int64 * numbers)()
    address = compile_module(text, ("f",)).addresses["f"]
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)(ctypes.addressof(table))
    return list(table)


def _write(e, index, value) -> None:
    place = e.take(f"getelementptr i64, ptr %table, i64 {index}")
    e.put(f"store i64 {value}, ptr {place}, align 8")


def test_integers():
    def write(e):
        _write(e, 0, e.add_int(2, 3))
        _write(e, 1, e.subtract_int(2, e.multiply_int(2, 3)))
        _write(e, 2, e.divide_int(7, 2))
        _write(e, 3, e.smaller_int("4", 9))

    assert _run(write) == [5, -4, 3, 4]


def test_loops_and_branches():
    def write(e):
        with e.loop("0", "4") as at:
            _write(e, at, e.multiply_int(at, at))
        with e.when(e.compare("eq", "1", 2)):
            _write(e, 0, 99)
        with e.loop("3", "3"):
            _write(e, 0, 99)

    assert _run(write) == [0, 1, 4, 9]


@pytest.mark.parametrize("bits", [32, 64])
def test_a_number_in_the_text_is_rounded_to_the_type(bits):
    module = Module(host(), Lanes(bits=bits, count=4))
    with module.function("f", "ptr %out", is_exported=True) as e:
        e.store(e.arithmetic("fadd", e.constant(0.1), e.constant(1e300 * 0)), "%out")
    kind = ctypes.c_float if bits == 32 else ctypes.c_double
    out = (kind * 4)()
    address = compile_module(str(module), ("f",)).addresses["f"]
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)(ctypes.addressof(out))
    assert list(out) == [kind(0.1).value] * 4
