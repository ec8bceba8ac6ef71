"""Kernels are made once, and can be looked at."""

import torch

from recurry.backends.cpu.kernels import bits_of, kernels
from recurry.cells import find_cell


def test_a_plan_has_one_set_of_kernels():
    plan = find_cell("rnn").plan
    assert kernels(plan, bits=32, is_fused=True) is kernels(plan, bits=32, is_fused=True)
    assert kernels(plan, bits=64, is_fused=True) is not kernels(plan, bits=32, is_fused=True)
    assert (bits_of(torch.float32), bits_of(torch.float64)) == (32, 64)


def test_text_and_assembly_can_be_read():
    made = kernels(find_cell("rnn").plan, bits=32, is_fused=True)
    assert "define void @worker(ptr %frame)" in made.text("saving")
    assert "worker:" in made.assembly("saving")
