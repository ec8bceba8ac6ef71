"""Compiling: once a process, once a machine, and again where an entry is damaged."""

import ctypes

from recurry.backends.cpu import disk, jit
from recurry.backends.cpu.machine import Machine, host

_ADD = """
define i64 @add_{n}(i64 %a, i64 %b) {{
  %sum = add i64 %a, %b
  %more = add i64 %sum, {n}
  ret i64 %more
}}
"""


def _call(code: jit.Code, name: str) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(code.addresses[name])(
        2, 3
    )


def test_code_runs_and_is_compiled_once(kernel_folder):
    ir = _ADD.format(n=11)
    code = jit.compile_module(ir, ("add_11",))
    assert _call(code, "add_11") == 16
    assert jit.compile_module(ir, ("add_11",)) is code
    assert not code.is_from_disk


def test_another_process_finds_it_on_disk(kernel_folder):
    ir = _ADD.format(n=12)
    key = jit.cache_key(ir, host())
    assert not jit.compile_module(ir, ("add_12",)).is_from_disk
    jit._LINKED.pop(key)
    again = jit.compile_module(ir, ("add_12",))
    assert again.is_from_disk
    assert _call(again, "add_12") == 17


def test_an_entry_that_does_not_link_is_compiled_again(kernel_folder):
    ir = _ADD.format(n=13)
    key = jit.cache_key(ir, host())
    disk.write(key, b"no object file")
    code = jit.compile_module(ir, ("add_13",))
    assert not code.is_from_disk
    assert _call(code, "add_13") == 18


def test_the_key_covers_the_machine():
    small = Machine(triple=host().triple, features=frozenset({"sse2"}))
    assert jit.cache_key("a", small) != jit.cache_key("a", host()) != jit.cache_key("b", host())


def test_assembly_can_be_read():
    assert "add_14" in jit.assembly(_ADD.format(n=14))
