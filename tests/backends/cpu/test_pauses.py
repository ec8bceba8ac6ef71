"""Denormal numbers count as zero inside a kernel, and as before behind it; threads meet."""

import torch

from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.machine import host
from recurry.cells import find_cell


def test_denormals_are_flushed_inside_and_kept_outside(make_case, rng):
    tiny = torch.full((4,), 1e-40)
    make_case(find_cell("lstm"), dtype=torch.float32).worst_error(rng)
    assert bool((tiny * 0.5 != 0).all())
    if host().is_x86:
        assert "ldmxcsr" in kernels(find_cell("lstm").plan, bits=32, is_fused=False).text("forward")


def test_threads_meet_once_before_each_stage_with_products():
    text = kernels(find_cell("gru").plan, bits=32, is_fused=False).text("forward")
    assert text.count("call void @meet(") == 2
    assert "call void @meet(" not in kernels(find_cell("sru").plan, bits=32, is_fused=False).text(
        "forward"
    )
