"""Rounding and pairing of bfloat16 numbers, on this processor and on one without instructions."""

import ctypes

import pytest
import torch

from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.jit import assembly, compile_module
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.terms import pair_up, store_rounded

LANES = Lanes(bits=32, count=8)


def _module(machine, write):
    module = Module(machine, LANES)
    with module.function("f", "ptr %a, ptr %b", is_exported=True) as e:
        write(e)
    return str(module)


def _run(text, a, b):
    address = compile_module(text, ("f",)).addresses["f"]
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2)(address)(a.data_ptr(), b.data_ptr())
    return b


@pytest.mark.parametrize("is_native", [False, True])
def test_numbers_are_rounded_as_torch_rounds_them(is_native):
    if is_native and not host().has_bfloat16:
        pytest.skip("no instruction for it here")
    features = host().features if is_native else host().features - {"avx512bf16"}
    machine = Machine(triple=host().triple, features=features)
    text = _module(machine, lambda e: store_rounded(e, e.load("%a"), "%b"))
    special = [
        float("nan"),
        float("inf"),
        -float("inf"),
        0.0,
        3.4e38,
        1.00390625,
        1.01171875,
        -1e-30,
    ]
    for a in (torch.tensor(special), torch.randn(8)):
        found = _run(text, a, torch.empty(8, dtype=torch.bfloat16))
        torch.testing.assert_close(found, a.bfloat16(), rtol=0, atol=0, equal_nan=True)


def test_rounding_takes_one_instruction_where_there_is_one():
    if not host().is_x86:
        pytest.skip("the features are those of x86")
    features = frozenset({"avx512f", "avx512vl", "avx512bf16"})
    machine = Machine(triple=host().triple, features=features)
    text = _module(machine, lambda e: store_rounded(e, e.load("%a"), "%b"))
    assert "vcvtneps2bf16" in assembly(text, machine)


def test_the_earlier_number_of_a_pair_is_in_the_low_half():
    a = torch.arange(16).bfloat16()

    def write(e):
        pairs = pair_up(e, "%a", e.move("%a", 8, "bfloat"), 8)
        e.put(f"store <8 x i32> {pairs}, ptr %b, align 4")

    found = _run(_module(host(), write), a, torch.empty(8, 2, dtype=torch.bfloat16))
    assert torch.equal(found.t(), a.view(2, 8))
    alone = _module(
        host(), lambda e: e.put(f"store <8 x i32> {pair_up(e, '%a', None, 8)}, ptr %b, align 4")
    )
    assert torch.equal(_run(alone, a, found)[:, 1], torch.zeros(8).bfloat16())
