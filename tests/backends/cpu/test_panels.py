"""The module of copies, for processors of several widths; `test_packing` runs it."""

import llvmlite.binding as llvm
import pytest

from recurry.backends.cpu.machine import Machine
from recurry.backends.cpu.panels import write_panels
from recurry.backends.cpu.tiling import make_tiling

FEATURES = ["sse2", "avx2", "avx512f"]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("features", FEATURES)
def test_the_module_is_valid(features, bits):
    machine = Machine(triple="x86_64-unknown-linux-gnu", features=frozenset(features.split()))
    module = llvm.parse_assembly(write_panels(machine, make_tiling(machine, bits)))
    module.verify()
    assert {f.name for f in module.functions} >= {"copy", "turn"}
