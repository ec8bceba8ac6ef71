"""The text of kernels: valid, one for all sizes, the same for the same cell, for every machine."""

import llvmlite.binding as llvm
import pytest

from recurry.backends.cpu import jit
from recurry.backends.cpu.kernel import frame_fields, write_kernel
from recurry.backends.cpu.kernels import kernels
from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.tiling import make_tiling
from recurry.cells import find_cell


def test_the_frame_names_every_buffer_once():
    schedule = kernels(find_cell("lstm").plan, bits=32, is_fused=False).saving_pass.schedule
    fields = frame_fields(schedule)
    assert len(fields) == len(set(fields))
    assert {"state_h", "state_h.row", "saved", "projected"} <= set(fields)


def test_the_same_cell_gives_the_same_text():
    made = kernels(find_cell("gru").plan, bits=32, is_fused=True)
    assert made.text("backward") == made.text("backward")


@pytest.mark.parametrize("features", ["sse2", "sse2,avx2,fma", "avx2,fma,avx512f,avx512vl"])
@pytest.mark.parametrize("which", ["forward_pass", "backward_pass"])
def test_other_processors_get_valid_code(features, which):
    jit._initialise()
    machine = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(features.split(",")))
    made = kernels(find_cell("lstm").plan, bits=32, is_fused=True)
    tiling = make_tiling(machine, 32)
    text = write_kernel(getattr(made, which).schedule, tiling, machine)
    llvm.parse_assembly(text).verify()
    if "avx512f" in features:
        assert "<16 x float>" in text
